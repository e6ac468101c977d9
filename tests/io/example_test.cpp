#include "io/example.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "io/tfrecord.h"

namespace savp {
namespace {

using Kind = FeatureView::Kind;

std::string some_example() {
  return ExampleBuilder()
      .bytes("image", {"abc", ""})
      .floats("state", {1.5F, -0.0F, std::numeric_limits<float>::infinity()})
      .ints("length", {-1, 0, std::numeric_limits<int64_t>::max()})
      .serialize();
}

TEST(Example, ReturnsWhatWasWritten) {
  const auto record = some_example();
  const ExampleView example(record);
  EXPECT_EQ(example.names(), (std::vector<std::string>{"image", "length", "state"}));
  EXPECT_EQ(example.get("image", Kind::kBytes).bytes(), (std::vector<std::string_view>{"abc", ""}));
  EXPECT_EQ(example.get("state", Kind::kFloats).floats(),
            (std::vector<float>{1.5F, -0.0F, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(example.get("length", Kind::kInts).ints(),
            (std::vector<int64_t>{-1, 0, std::numeric_limits<int64_t>::max()}));
}

TEST(Example, SameValuesGiveTheSameBytes) {
  const auto backwards = ExampleBuilder().ints("b", {2}).ints("a", {1}).serialize();
  EXPECT_EQ(ExampleBuilder().ints("a", {1}).ints("b", {2}).serialize(), backwards);
}

TEST(Example, ReadsListsThatAreNotPacked) {
  // Feature "n" with int64_list {value: 3, value: 300} and feature "x" with float_list {value: 1}, each value
  // on its own.
  const std::string record(
      "\x0a\x1c"
      "\x0a\x0c\x0a\x01n\x12\x07\x1a\x05\x08\x03\x08\xac\x02"
      "\x0a\x0c\x0a\x01x\x12\x07\x12\x05\x0d\x00\x00\x80\x3f",
      30);
  const ExampleView example(record);
  EXPECT_EQ(example.get("n", Kind::kInts).ints(), (std::vector<int64_t>{3, 300}));
  EXPECT_EQ(example.get("x", Kind::kFloats).floats(), (std::vector<float>{1.0F}));
}

TEST(Example, OfEqualNamesTheLastCounts) {
  const auto record =
      ExampleBuilder().ints("a", {1}).serialize() + ExampleBuilder().ints("a", {2}).serialize();
  EXPECT_EQ(ExampleView(record).one_int("a"), 2);
}

TEST(Example, EmptyAndMissingFeatures) {
  const auto record = ExampleBuilder().bytes("none", {}).ints("two", {1, 2}).serialize();
  const ExampleView example(record);
  EXPECT_EQ(example.get("none", Kind::kBytes).count(), 0);
  EXPECT_EQ(example.find("other"), nullptr);
  EXPECT_THROW(example.one_bytes("none"), DataError);
  EXPECT_THROW(example.one_int("two"), DataError);
  EXPECT_TRUE(ExampleView("").features().empty());
}

TEST(Example, ComplaintsNameTheFeature) {
  const auto record = some_example();
  const ExampleView example(record);
  try {
    example.get("stat", Kind::kFloats);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "feature stat is missing (did you mean state?)");
  }
  try {
    example.get("state", Kind::kBytes);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "feature state holds floats instead of byte strings");
  }
}

// Whatever the bytes are, they are read or refused, never read beyond (a sanitizer sees that).
TEST(Example, EveryTruncationIsReadOrRefused) {
  const auto record = some_example();
  int refused = 0;
  for (size_t size = 1; size < record.size(); ++size) {
    const std::string cut(record.data(), size);
    try {
      EXPECT_LE(ExampleView(cut).features().size(), 3);
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_EQ(refused, static_cast<int>(record.size()) - 1);  // the outermost length tells
}

TEST(Example, EveryFlippedBitIsReadOrRefused) {
  const auto record = some_example();
  int changed = 0;
  for (size_t bit = 0; bit < 8 * record.size(); ++bit) {
    auto damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    try {
      const ExampleView example(damaged);
      for (const auto& [name, feature] : example.features())
        changed += static_cast<int>(feature.bytes().size() + feature.count() + name.size());
    } catch (const DataError&) {
      ++changed;
    }
  }
  EXPECT_GT(changed, 0);
}

TEST(Example, RefusesJunk) {
  EXPECT_THROW(ExampleView("this is no protocol buffer at all"), DataError);
  EXPECT_THROW(ExampleView(std::string(12, '\0')), DataError);
  EXPECT_THROW(ExampleView(std::string(12, '\xff')), DataError);
}

TEST(Example, ReadsWhatTensorFlowWrote) {
  TfRecordReader reader(SAVP_TEST_DATA "/golden/data/C_bad_inputs/good/traj_0_to_2.tfrecords");
  const auto record = reader.next();
  const ExampleView example(*record);
  EXPECT_EQ(example.one_bytes("0/image_aux1/encoded").size(), 16 * 16 * 3);
  EXPECT_EQ(example.get("0/endeffector_pos", Kind::kFloats).count(), 3);
  EXPECT_EQ(example.get("0/action", Kind::kFloats).count(), 4);
}

}  // namespace
}  // namespace savp
