#include "training/event_sink.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <semaphore>
#include <sstream>

#include "support/event_reader.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class EventSinkTest : public ScratchTest {
 protected:
  // Pictures are encoded one by one, when `may_encode_` lets them.
  std::unique_ptr<Sink> sink(int64_t most_waiting = int64_t{1} << 30) {
    return event_sink({.most_waiting = most_waiting, .before_encoding = [this] { may_encode_.acquire(); }})(
        {folder_, /*step=*/0, progress_});
  }
  static at::Tensor videos() { return at::rand({2, 1, 3, 16, 16}); }
  std::vector<std::string> written() const {
    std::vector<std::string> tags;
    for (const auto& value : read_events(event_files(folder_).at(0)).values) tags.push_back(value.tag);
    return tags;
  }
  using Tags = std::vector<std::string>;

  Progress progress_{0, 10, /*terminal=*/false};
  std::counting_semaphore<> may_encode_{0};
};

TEST_F(EventSinkTest, ACheckpointWaitsForThePreviousOnesImagesAlone) {
  const auto events = sink();
  events->images(1, "first", videos());
  events->flush();
  EXPECT_EQ(written(), Tags{}) << "the checkpoint has waited for the encoder";
  events->images(2, "second", videos());
  may_encode_.release();
  events->flush();
  EXPECT_EQ(written(), Tags{"first"});
  may_encode_.release();
  events->finish();
  EXPECT_EQ(written(), (Tags{"first", "second"}));
}

TEST_F(EventSinkTest, WhatWentWrongIsThrownByTheNextCall) {
  const auto events = sink();
  const auto wrong = at::rand({1, 1, 3, 1, 100000});  // wider than a GIF can be
  events->images(1, "wide", wrong);
  events->scalars(1, kSummaries, {{"loss", 1.0}});
  may_encode_.release();
  EXPECT_THROW(
      {
        for (int i = 0; i < 2; ++i) events->flush();
      },
      Error);
}

TEST_F(EventSinkTest, ImagesThatWouldFillTheMemoryAreLeftOutWithOneWarning) {
  testing::internal::CaptureStderr();
  {
    const auto events = sink(/*most_waiting=*/1000);
    for (const char* tag : {"first", "second", "third"}) events->images(1, tag, videos());
    events->scalars(1, kSummaries, {{"loss", 1.0}});
    may_encode_.release(2);
    events->finish();
    events->images(2, "fourth", videos());  // nothing is waiting any more
    events->finish();
  }
  EXPECT_EQ(written(), (Tags{"first", "loss", "fourth"}));
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_CONTAINS(told, "step 1: some images are not in the event file");
  EXPECT_EQ(told.find("some images"), told.rfind("some images")) << told;
}

}  // namespace
}  // namespace savp
