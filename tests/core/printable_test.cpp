#include "core/printable.h"

#include <gtest/gtest.h>

#include "core/log.h"

namespace savp {
namespace {

using namespace std::string_literals;

TEST(Printable, ControlBytesAndWhatIsNoUtf8AreEscaped) {
  EXPECT_EQ(printable("plain, \"quoted\" \\ text"), "plain, \"quoted\" \\ text");
  EXPECT_EQ(printable("größe 帧 🎞"), "größe 帧 🎞");
  EXPECT_EQ(printable("\x1b[31m\a\r\n\t\0\x7f"s), "\\x1b[31m\\x07\\x0d\\x0a\\x09\\x00\\x7f");
  EXPECT_EQ(printable("\xff\xc0\x80\xe2\x82"), "\\xff\\xc0\\x80\\xe2\\x82");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "a control character of two bytes";
}

TEST(Printable, LongTextsShowTheirEnds) {
  const auto text = "start" + std::string(30000, 'x') + "end";
  EXPECT_EQ(printable(text, 12), "startxxxx ... end");
  EXPECT_EQ(shown(text).size(), 125U);
  EXPECT_EQ(printable("ääääää", 10), "äää ... ä") << "no half characters";
}

// Whatever a message was made of.
TEST(Printable, MessagesAreEscaped) {
  for (void (*const say)(std::string_view) : {log::info, log::info_lines, log::warn, log::error}) {
    testing::internal::CaptureStderr();
    say("a\x1b[2J\xff: " + std::string(100000, 'n'));
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("a\\x1b[2J\\xff: nnn"), std::string::npos) << said;
    EXPECT_LT(said.size(), 2100U);
  }
}

}  // namespace
}  // namespace savp
