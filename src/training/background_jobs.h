// Work that nobody waits for: jobs done one after the other, in the order given, by a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace savp {

// add() and wait() may be called from any thread. After a job has thrown, none is done any more.
class BackgroundJobs {
 public:
  BackgroundJobs() : thread_([this] { work(); }) {}
  ~BackgroundJobs();  // does what was added
  BackgroundJobs(const BackgroundJobs&) = delete;
  BackgroundJobs& operator=(const BackgroundJobs&) = delete;

  // Never waits for a job.
  void add(std::function<void()> job);
  // How many are waiting or being done.
  size_t left() const;
  // Until all that were added are done. Throws what the first that failed has thrown, once.
  void wait();

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // the first is being done
  std::exception_ptr failure_;
  bool failed_ = false, ends_ = false;
  std::thread thread_;  // the last: it uses the others
};

}  // namespace savp
