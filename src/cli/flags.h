// The flags of one command: reading them and telling of them.
#pragma once

#include <string>
#include <vector>

#include "savp/core/hparams.h"

namespace savp::cli {

// A flag that prints something instead of running the tool.
struct Question {
  std::string flag;  // "--version"
  std::string about;
};

// Sets the options from the arguments (those after the program's and the command's name). Returns the flag of
// the first question asked, else an empty text, and only then sees to it that nothing required is missing.
// Throws UsageError; unknown flags name near misses.
std::string read_flags(const std::vector<std::string>& arguments, const HparamsView& options,
                       const std::vector<Question>& questions);

// "savp_train --input_dir DIR [flags]", then the flags in their groups with meaning and default.
std::string flags_help(const std::string& program, const HparamsView& options,
                       const std::vector<Question>& questions);

// Text broken at spaces so that every line, indented by `indent`, has at most `columns` characters.
std::string wrap(const std::string& text, size_t indent, size_t columns = 100);

}  // namespace savp::cli
