#include "datasets/stages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>

#include "datasets/picture.h"

namespace savp {
namespace {

// 0, 1 ... end - 1; then the end, or an error.
class Numbers : public Stream<int> {
 public:
  Numbers(int end, bool fails, std::atomic<int>* taken = nullptr) : end_(end), fails_(fails), taken_(taken) {}
  std::optional<int> next() override {
    if (taken_ != nullptr) ++*taken_;
    if (next_ < end_) return next_++;
    if (fails_) throw std::runtime_error("the source is broken");
    return std::nullopt;
  }

 private:
  int next_ = 0, end_;
  bool fails_;
  std::atomic<int>* taken_;
};

// Takes longer for some than for others, so that threads overtake each other.
int slow_square(int i) {
  std::this_thread::sleep_for(std::chrono::microseconds((i * 7919) % 300));
  return i * i;
}

TEST(MapStream, KeepsTheOrderWhateverTheThreads) {
  for (const int threads : {0, 1, 2, 5}) {
    const auto squares = map_stream<int, int>(std::make_unique<Numbers>(200, false), slow_square, threads);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(squares->next(), i * i);
    EXPECT_EQ(squares->next(), std::nullopt);
    EXPECT_EQ(squares->next(), std::nullopt);
  }
}

TEST(MapStream, ErrorsComeInTheirPlaceAndStay) {
  const auto picky = [](int i) {
    if (i == 3) throw std::invalid_argument("three");
    return i;
  };
  for (const int threads : {1, 4}) {
    const auto mapped = map_stream<int, int>(std::make_unique<Numbers>(100, false), picky, threads);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(mapped->next(), i);
    EXPECT_THROW(mapped->next(), std::invalid_argument);
    EXPECT_THROW(mapped->next(), std::invalid_argument);
  }
}

TEST(MapStream, ErrorsOfTheSourceComeThrough) {
  for (const int threads : {0, 1, 4}) {
    const auto mapped = map_stream<int, int>(std::make_unique<Numbers>(5, true), slow_square, threads);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(mapped->next(), i * i);
    EXPECT_THROW(mapped->next(), std::runtime_error);
  }
}

TEST(MapStream, RunsAheadOnlySoFar) {
  std::atomic<int> taken = 0;
  const auto mapped =
      map_stream<int, int>(std::make_unique<Numbers>(1000, false, &taken), slow_square, /*threads=*/3);
  EXPECT_EQ(mapped->next(), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(taken, 1 + 2 * 3);
}

TEST(MapStream, RunsAsFarAheadAsIsWanted) {
  std::atomic<int> taken = 0;
  const auto mapped = map_stream<int, int>(std::make_unique<Numbers>(1000, false, &taken), slow_square,
                                           /*threads=*/1, /*wanted=*/10);
  EXPECT_EQ(mapped->next(), 0);
  for (int i = 0; i < 2000 && taken < 11; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(taken, 11);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(taken, 11);
}

TEST(MapStream, CanBeLeftAtAnyTime) {
  for (int read = 0; read < 12; ++read) {
    auto inner = map_stream<int, int>(std::make_unique<Numbers>(1 << 30, false), slow_square, /*threads=*/3);
    const auto outer = made_ahead(std::move(inner), /*ahead=*/2);
    for (int i = 0; i < read; ++i) EXPECT_EQ(outer->next(), i * i);
  }
}

TEST(MadeAhead, PassesEverythingOn) {
  const auto numbers = made_ahead<int>(std::make_unique<Numbers>(10, true), /*ahead=*/3);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(numbers->next(), i);
  EXPECT_THROW(numbers->next(), std::runtime_error);
}

TEST(Taps, AlwaysWeighOne) {
  for (int64_t from = 1; from < 40; ++from)
    for (int64_t to = 1; to < 40; ++to)
      for (const auto& tap : taps(from, to)) {
        EXPECT_NEAR(std::accumulate(tap.weights.begin(), tap.weights.end(), 0.0), 1.0, 1e-6)
            << from << " to " << to;
        EXPECT_GE(tap.first, 0);
        EXPECT_LE(tap.first + static_cast<int64_t>(tap.weights.size()), from);
      }
}

}  // namespace
}  // namespace savp
