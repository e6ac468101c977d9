// Tools of this build, run as a user runs them.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/scratch.h"

namespace savp {

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Outcome {
  int code;
  std::string out, err;
};

// Runs a tool on the CPU, from an empty folder, and with an empty cache unless the environment names one.
inline Outcome run_tool(const std::string& name, const Arguments& arguments) {
  const ScratchFolder folder;
  std::string command = "cd '" + folder.path().string() +
                        "' && CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=2 "
                        "SAVP_CACHE_DIR=\"${SAVP_CACHE_DIR:-$PWD/cache}\" '" SAVP_BIN "/" +
                        name + "'";
  for (const auto& argument : arguments) command += " '" + argument + "'";
  const int status = std::system((command + " >out 2>err").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, folder.read("out"), folder.read("err")};
}

// The most memory that a tool takes (KiB), alone of all that a test starts.
inline int64_t peak_of(const std::string& tool, const std::vector<std::string>& arguments) {
  const auto child = ::fork();
  if (child == 0) {
    const auto outcome = run_tool(tool, arguments);
    std::fputs(outcome.err.c_str(), stderr);
    ::_exit(outcome.code);
  }
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return used.ru_maxrss;
}

}  // namespace savp
