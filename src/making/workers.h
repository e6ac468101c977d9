// Many files worked on at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <string>
#include <utility>

namespace savp {

// 0 stands for one thread a core.
int64_t worker_threads(int64_t asked);

// make(0) .. make(count - 1) on several threads at once; take() gets the results in order, on this thread.
template <class Make, class Take>
void in_order(int64_t count, int64_t threads, const Make& make, const Take& take) {
  std::deque<std::future<decltype(make(int64_t{}))>> under_way;
  for (int64_t begun = 0, taken = 0; taken < count; ++taken) {
    for (; begun < count && begun < taken + threads; ++begun)
      under_way.push_back(std::async(std::launch::async, make, begun));
    auto result = under_way.front().get();
    under_way.pop_front();
    take(taken, std::move(result));
  }
}

// "120 of 599 videos, 3 min left": a line every few seconds, and one at the end.
class Countdown {
 public:
  Countdown(int64_t total, std::string things) : total_(total), things_(std::move(things)) {}
  void step();

 private:
  using Clock = std::chrono::steady_clock;

  int64_t total_, done_ = 0;
  std::string things_;
  Clock::time_point start_ = Clock::now(), told_ = start_;
};

}  // namespace savp
