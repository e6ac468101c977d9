// Completion of a tool's command line by the shell, made from the same rows as its flags:
//   source <(savp_train --completion bash)
#pragma once

#include <string>
#include <vector>

#include "cli/flags.h"

namespace savp::cli {

// One of a tool's commands; the name is empty for a tool that does one thing.
struct CompletedCommand {
  std::string name, about;
  Flags flags;
};

// A script for the shell, "bash" or "zsh", that completes commands, flags and their values: enumerations,
// models, presets, data sets, hyperparameters, folders and files. Throws UsageError for another shell.
std::string completion(const std::string& shell, const std::string& program,
                       const std::vector<CompletedCommand>& commands);

}  // namespace savp::cli
