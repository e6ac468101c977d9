// Work that nobody waits for: jobs done one after the other, in the order given, by a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
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

  // Never waits for a job. `bytes`: of memory that it holds. Returns how many were added so far.
  int64_t add(std::function<void()> job, int64_t bytes = 0);
  // Of those that are waiting or being done.
  int64_t bytes() const;
  // Until so many of those that were added are done, or all. Throws what the first that failed has
  // thrown, once.
  void wait(int64_t count);
  void wait();

 private:
  struct Job {
    std::function<void()> work;
    int64_t bytes;
  };

  void work();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // the first is being done
  int64_t added_ = 0, bytes_ = 0;
  std::exception_ptr failure_;
  bool failed_ = false, ends_ = false;
  std::thread thread_;  // the last: it uses the others
};

}  // namespace savp
