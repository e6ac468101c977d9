// Stages that wrap stages.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "datasets/stream.h"

namespace savp {

// Applies a function to each item, when asked for it.
template <class In, class Out>
class Mapped : public Stream<Out> {
 public:
  Mapped(std::unique_ptr<Stream<In>> source, std::function<Out(In)> function)
      : source_(std::move(source)), function_(std::move(function)) {}

  std::optional<Out> next() override {
    auto item = source_->next();
    if (!item) return std::nullopt;
    return function_(std::move(*item));
  }

 private:
  std::unique_ptr<Stream<In>> source_;
  std::function<Out(In)> function_;
};

// Applies a function to each item on background threads, ahead of time. Results come in the order of the
// source, so that the number of threads makes no difference to them. At most `ahead` items are under way or
// waiting. What the source or the function throws is thrown by next() in its place and, from then on, by
// every next().
template <class In, class Out>
class MappedAhead : public Stream<Out> {
 public:
  MappedAhead(std::unique_ptr<Stream<In>> source, std::function<Out(In)> function, int64_t threads,
              size_t ahead)
      : source_(std::move(source)), function_(std::move(function)), ahead_(ahead) {
    for (int64_t i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~MappedAhead() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    room_.notify_all();
    for (auto& worker : workers_) worker.join();
  }
  MappedAhead(const MappedAhead&) = delete;
  MappedAhead& operator=(const MappedAhead&) = delete;

  std::optional<Out> next() override {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return !slots_.empty() && slots_.front()->finished; });
    auto& slot = *slots_.front();
    if (slot.error) std::rethrow_exception(slot.error);
    if (!slot.value) return std::nullopt;
    auto value = std::move(slot.value);
    slots_.pop_front();
    lock.unlock();
    room_.notify_one();
    return value;
  }

 private:
  struct Slot {
    std::optional<Out> value;  // empty when finished: the source has ended
    std::exception_ptr error;
    bool finished = false;
  };
  struct Task {
    std::shared_ptr<Slot> slot;
    In item;
  };

  void work() {
    while (auto task = take())
      fill(*task->slot, [&] { return std::optional<Out>(function_(std::move(task->item))); });
  }

  // The next item, with its place among the results; nothing when there is no more to do.
  std::optional<Task> take() {
    const std::lock_guard one_at_a_time(source_mutex_);
    const auto slot = reserve();
    if (!slot) return std::nullopt;
    try {
      if (auto item = source_->next()) return Task{slot, std::move(*item)};
      fill(*slot, [] { return std::optional<Out>(); });
    } catch (...) {
      fill(*slot, []() -> std::optional<Out> { throw; });
    }
    source_ended_ = true;
    return std::nullopt;
  }

  std::shared_ptr<Slot> reserve() {
    if (source_ended_) return nullptr;
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return stopped_ || slots_.size() < ahead_; });
    return stopped_ ? nullptr : slots_.emplace_back(std::make_shared<Slot>());
  }

  template <class Make>
  void fill(Slot& slot, const Make& make) {
    std::optional<Out> value;
    std::exception_ptr error;
    try {
      value = make();
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      slot.value = std::move(value);
      slot.error = error;
      slot.finished = true;
    }
    finished_.notify_one();
  }

  std::unique_ptr<Stream<In>> source_;
  std::function<Out(In)> function_;
  size_t ahead_;
  std::mutex source_mutex_;  // held while an item is taken; taken before mutex_
  bool source_ended_ = false;
  std::mutex mutex_;
  std::condition_variable room_, finished_;
  std::deque<std::shared_ptr<Slot>> slots_;  // in the order of the source
  bool stopped_ = false;
  std::vector<std::thread> workers_;
};

// By so many threads, and `wanted` results ahead of time or what keeps them busy; 0 threads: when asked for.
template <class In, class Out>
std::unique_ptr<Stream<Out>> map_stream(std::unique_ptr<Stream<In>> source, std::function<Out(In)> function,
                                        int64_t threads, int64_t wanted = 0) {
  if (threads == 0) return std::make_unique<Mapped<In, Out>>(std::move(source), std::move(function));
  const auto ahead = static_cast<size_t>(std::max(2 * threads, wanted));
  return std::make_unique<MappedAhead<In, Out>>(std::move(source), std::move(function), threads, ahead);
}

// Makes items before they are asked for, on a thread of its own.
template <class T>
std::unique_ptr<Stream<T>> made_ahead(std::unique_ptr<Stream<T>> source, size_t ahead) {
  return std::make_unique<MappedAhead<T, T>>(
      std::move(source), [](T item) { return item; }, /*threads=*/1, ahead);
}

}  // namespace savp
