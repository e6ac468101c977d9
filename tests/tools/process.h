// Tools of this build, run as a user runs them.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/scratch.h"

namespace savp {

struct Outcome {
  int code;
  std::string out, err;
};

// Runs a tool on the CPU, from an empty folder, and with an empty cache unless the environment names one.
inline Outcome run_tool(const std::string& name, const std::vector<std::string>& arguments) {
  const ScratchFolder folder;
  std::string command = "cd '" + folder.path().string() +
                        "' && CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=2 "
                        "SAVP_CACHE_DIR=\"${SAVP_CACHE_DIR:-$PWD/cache}\" '" SAVP_BIN "/" +
                        name + "'";
  for (const auto& argument : arguments) command += " '" + argument + "'";
  const int status = std::system((command + " >out 2>err").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, folder.read("out"), folder.read("err")};
}

}  // namespace savp
