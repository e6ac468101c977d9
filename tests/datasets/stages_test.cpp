#include "datasets/stages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>

#include "records/picture.h"

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

// Input j is (37 j mod 101) / 101, or 1; outputs as TensorFlow's ResizeArea has them. Exactly computed
// weights miss some of them by 5e-6.
TEST(Taps, AreAsInexactAsTensorFlows) {
  const auto output = [](int64_t from, int64_t to, int64_t i, bool ones) {
    const auto tap = taps(from, to)[static_cast<size_t>(i)];
    double sum = 0;
    for (size_t k = 0; k < tap.weights.size(); ++k) {
      const auto j = tap.first + static_cast<int64_t>(k);
      sum += tap.weights[k] * (ones ? 1.0 : static_cast<double>(j * 37 % 101) / 101);
    }
    return sum;
  };
  struct Recorded {
    int64_t from, to, i;
    double drawn, ones;
  };
  for (const auto& [from, to, i, drawn, ones] : {Recorded{101, 96, 0, 0.018135489895939827, 1.0},
                                                 {101, 96, 48, 0.5090693235397339, 1.000002384185791},
                                                 {101, 96, 86, 0.6503236889839172, 0.9999951124191284},
                                                 {101, 96, 95, 0.615526556968689, 0.9999951124191284},
                                                 {64, 33, 30, 0.48221081495285034, 1.0000009536743164},
                                                 {39, 38, 35, 0.23686040937900543, 0.9999980330467224},
                                                 {240, 31, 30, 0.5066842436790466, 1.000001072883606},
                                                 {7, 5, 4, 0.3790665566921234, 1.0000001192092896}}) {
    EXPECT_NEAR(output(from, to, i, /*ones=*/false), drawn, 2e-7) << from << " to " << to << ", output " << i;
    EXPECT_NEAR(output(from, to, i, /*ones=*/true), ones, 2e-7) << from << " to " << to << ", output " << i;
  }
}

TEST(Taps, WeighOneButForTheRoundingOfPositions) {
  for (int64_t from = 1; from < 40; ++from)
    for (int64_t to = 1; to < 40; ++to)
      for (const auto& tap : taps(from, to)) {
        EXPECT_NEAR(std::accumulate(tap.weights.begin(), tap.weights.end(), 0.0), 1.0,
                    4.0 * static_cast<double>(from) / (1 << 24))
            << from << " to " << to;
        EXPECT_GE(tap.first, 0);
        EXPECT_LE(tap.first + static_cast<int64_t>(tap.weights.size()), from);
      }
}

}  // namespace
}  // namespace savp
