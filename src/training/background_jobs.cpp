#include "training/background_jobs.h"

#include <limits>
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

int64_t BackgroundJobs::add(std::function<void()> job, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (failed_) return added_;
  jobs_.push_back({std::move(job), bytes});
  bytes_ += bytes;
  changed_.notify_all();
  return ++added_;
}

int64_t BackgroundJobs::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void BackgroundJobs::wait(int64_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return jobs_.empty() || added_ - static_cast<int64_t>(jobs_.size()) >= count; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void BackgroundJobs::wait() { wait(std::numeric_limits<int64_t>::max()); }

void BackgroundJobs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const auto& job = jobs_.front();  // others are added behind it, which leaves it where it is
    lock.unlock();
    std::exception_ptr thrown;
    try {
      job.work();
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    bytes_ -= job.bytes;
    jobs_.pop_front();
    if (thrown) {
      failure_ = thrown;
      failed_ = true;
      jobs_.clear();
      bytes_ = 0;
    }
    changed_.notify_all();
  }
}

}  // namespace savp
