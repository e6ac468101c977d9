#include "training/background_jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

namespace savp {
namespace {

TEST(BackgroundJobs, AreDoneInOrderByAnotherThread) {
  std::vector<int> done;
  std::thread::id thread;
  BackgroundJobs jobs;
  for (int i = 0; i < 100; ++i) jobs.add([&, i] { done.push_back(i), thread = std::this_thread::get_id(); });
  jobs.wait();
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[i], i);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(BackgroundJobs, NobodyWaitsForThemButWhoAsks) {
  std::promise<void> go;
  std::atomic<bool> done = false;
  BackgroundJobs jobs;
  jobs.add([&, ready = go.get_future().share()] { ready.wait(), done = true; });
  EXPECT_FALSE(done) << "add() has waited";
  go.set_value();
  jobs.wait();
  EXPECT_TRUE(done);
}

TEST(BackgroundJobs, WhoWaitsForTheFirstOnesDoesNotWaitForLaterOnes) {
  std::promise<void> go;
  bool first_done = false;
  BackgroundJobs jobs;
  const auto first = jobs.add([&] { first_done = true; }, /*bytes=*/100);
  jobs.add([ready = go.get_future().share()] { ready.wait(); }, /*bytes=*/20);
  jobs.add([] {}, /*bytes=*/3);
  jobs.wait(first);
  EXPECT_TRUE(first_done);
  EXPECT_EQ(jobs.bytes(), 23);
  go.set_value();
  jobs.wait();
  EXPECT_EQ(jobs.bytes(), 0);
}

TEST(BackgroundJobs, TheEndDoesWhatIsLeft) {
  int done = 0;
  {
    BackgroundJobs jobs;
    for (int i = 0; i < 10; ++i) jobs.add([&] { ++done; });
  }
  EXPECT_EQ(done, 10);
}

TEST(BackgroundJobs, AFailureIsThrownOnceToWhoWaitsAndEndsTheWork) {
  bool done = false;
  BackgroundJobs jobs;
  jobs.add([] { throw std::runtime_error("the disk is full"); });
  EXPECT_THROW(jobs.wait(), std::runtime_error);
  EXPECT_EQ(jobs.bytes(), 0);
  jobs.add([&] { done = true; }, /*bytes=*/5);
  EXPECT_EQ(jobs.bytes(), 0);
  EXPECT_NO_THROW(jobs.wait());
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace savp
