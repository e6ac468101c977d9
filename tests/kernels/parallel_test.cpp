#include "kernels/parallel.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace savp::kernels {
namespace {

TEST(Parallel, VisitsEachOnceOnSeveralThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  std::atomic<int64_t> sum = 0;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  parallel(1000, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sum += i;
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  at::set_num_threads(before);
  EXPECT_EQ(sum, 499500);
  EXPECT_EQ(threads.size(), 2U);
}

TEST(Parallel, LeavesWhatIsSmallToOneThread) {
  int calls = 0;
  parallel(10, 100, [&](int64_t begin, int64_t end) {
    ++calls;
    EXPECT_EQ(end - begin, 10);
  });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace savp::kernels
