// Runs actions that are killed. Needs support/interposed.cpp in the test.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

namespace savp {

// In a process of its own; the signal that ended it, or 0 where the action came to its end.
template <class Action>
int signal_of(const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "the action failed";
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

// Kills the action right before each call that changes files, one after the other; after each, `check`.
template <class Prepare, class Action, class Check>
void kill_at_every_call(const Prepare& prepare, const Action& action, const Check& check) {
  for (int call = 1;; ++call) {
    SCOPED_TRACE("killed before call " + std::to_string(call));
    prepare();
    const int signal = signal_of([&] {
      ::setenv("SAVP_KILL_AT", std::to_string(call).c_str(), 1);
      action();
    });
    if (signal == 0) {
      EXPECT_GT(call, 3) << "the calls should be counted";
      return;
    }
    ASSERT_EQ(signal, SIGKILL);
    check();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace savp
