#include "training/background_jobs.h"

#include <utility>

namespace savp {

BackgroundJobs::~BackgroundJobs() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundJobs::add(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
}

size_t BackgroundJobs::left() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void BackgroundJobs::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return jobs_.empty(); });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void BackgroundJobs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto& job = jobs_.front();  // others are added behind it, which leaves it where it is
    lock.unlock();
    std::exception_ptr thrown;
    try {
      job();
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    jobs_.pop_front();
    if (thrown) {
      failure_ = thrown;
      failed_ = true;
      jobs_.clear();
    }
    changed_.notify_all();
  }
}

}  // namespace savp
