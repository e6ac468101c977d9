#include "core/text.h"

#include <gtest/gtest.h>

#include "core/printable.h"

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

// Names come from files of others: nothing in them may steer a terminal.
TEST(Printable, ShowsControlBytesAsNumbers) {
  EXPECT_EQ(printable("a\x1b[31m\r\n\x07\x7f"), R"(a\x1b[31m\x0d\x0a\x07\x7f)");
  EXPECT_EQ(printable("größe 映像"), "größe 映像");
  EXPECT_EQ(printable("\xc2\x9b 2J"), R"(\xc2\x9b 2J)") << "a control character beyond ASCII";
  EXPECT_EQ(printable("\xff\xc0\xaf\xe2\x82"), R"(\xff\xc0\xaf\xe2\x82)") << "no UTF-8";
}

TEST(Printable, CutsLongNamesInTheMiddle) {
  const auto cut = shown("begin" + std::string(100000, 'x') + "end");
  EXPECT_LT(cut.size(), 200U);
  EXPECT_EQ(cut.substr(0, 6), "beginx");
  EXPECT_EQ(cut.substr(cut.size() - 4), "xend");
}

}  // namespace
}  // namespace savp
