// Several trainers in one process, each on a thread, joined as if they were processes.
#pragma once

#include <ATen/ATen.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "training/communicator.h"

namespace savp {

// Where the threads meet.
class MeetingPlace {
 public:
  explicit MeetingPlace(int64_t size) : size_(size) {}
  int64_t size() const { return size_; }

  // Each brings a tensor; `act` is called once, with all of them by rank.
  void meet(int64_t rank, const at::Tensor& tensor,
            const std::function<void(std::vector<at::Tensor>&)>& act) {
    std::unique_lock lock(mutex_);
    brought_.resize(size_);
    brought_[rank] = tensor;
    const auto round = round_;
    if (++here_ == size_) {
      const at::NoGradGuard no_grad;
      act(brought_);
      here_ = 0;
      ++round_;
      all_here_.notify_all();
      return;
    }
    all_here_.wait(lock, [&] { return round_ != round; });
  }

 private:
  int64_t size_, here_ = 0, round_ = 0;
  std::vector<at::Tensor> brought_;
  std::mutex mutex_;
  std::condition_variable all_here_;
};

class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<MeetingPlace> place, int64_t rank)
      : place_(std::move(place)), rank_(rank) {}
  int64_t rank() const override { return rank_; }
  int64_t size() const override { return place_->size(); }
  std::function<void()> start_sum(const at::Tensor& tensor) override {
    return [this, tensor] {
      place_->meet(rank_, tensor, [](std::vector<at::Tensor>& all) {
        const auto sum = at::stack(all).sum(0);
        for (auto& one : all) one.copy_(sum);
      });
    };
  }
  void broadcast(const at::Tensor& tensor) override {
    place_->meet(rank_, tensor, [](std::vector<at::Tensor>& all) {
      for (auto& one : all) one.copy_(all.front().clone());
    });
  }
  void barrier() override {
    place_->meet(rank_, {}, [](std::vector<at::Tensor>&) {});
  }
  bool first_to(const std::string& /*what*/) override { return rank_ == 0; }

 private:
  std::shared_ptr<MeetingPlace> place_;
  int64_t rank_;
};

// Runs the action for each rank on a thread of its own.
inline void run_together(int64_t size, const std::function<void(int64_t rank)>& action) {
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < size; ++rank) threads.emplace_back([&, rank] { action(rank); });
  for (auto& thread : threads) thread.join();
}

}  // namespace savp
