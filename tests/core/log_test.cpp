#include "core/log.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace savp {
namespace {

// What a message looks like on a terminal, written by a process of its own. Null: NO_COLOR is not set.
std::string on_terminal(const char* no_color) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::setenv("TERM", "xterm-256color", 1);
    ::unsetenv("NO_COLOR");
    if (no_color != nullptr) ::setenv("NO_COLOR", no_color, 1);
    log::warn("mind the gap");
    ::_exit(0);
  }
  std::string text;
  char bytes[256];
  for (ssize_t count = 0;
       (count = ::read(terminal, bytes, sizeof bytes)) > 0;)  // an error where the child ends
    text.append(bytes, static_cast<size_t>(count));
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(terminal);
  return text;
}

TEST(Log, NoColorSwitchesColoursOffOnATerminal) {
  const auto coloured = on_terminal(nullptr);
  EXPECT_NE(coloured.find("\033["), std::string::npos) << coloured;
  EXPECT_NE(coloured.find("mind the gap"), std::string::npos) << coloured;
  EXPECT_EQ(on_terminal("1"), "warning: mind the gap\r\n");
  EXPECT_EQ(on_terminal(""), coloured) << "empty is as not set (no-color.org)";
}

}  // namespace
}  // namespace savp
