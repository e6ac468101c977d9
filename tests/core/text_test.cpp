#include "core/text.h"

#include <gtest/gtest.h>

namespace savp {
namespace {

TEST(Text, NearMissesComeNearestFirst) {
  EXPECT_EQ(near_misses("input_dri", {"output_dir", "input_dir", "seed"}),
            (std::vector<std::string>{"input_dir"}));
  EXPECT_EQ(did_you_mean("batch", {"batch_size", "lr"}), " (did you mean batch_size?)");
  EXPECT_EQ(did_you_mean("xyzzy", {"batch_size", "lr"}), "");
}

TEST(Text, CountsThings) {
  EXPECT_EQ(counted(0, "clip"), "0 clips");
  EXPECT_EQ(counted(1, "clip"), "1 clip");
  EXPECT_EQ(counted(12, "clip"), "12 clips");
}

TEST(Text, JoinsWords) {
  EXPECT_EQ(join_words({}), "");
  EXPECT_EQ(join_words({"a"}), "a");
  EXPECT_EQ(join_words({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace savp
