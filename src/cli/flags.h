// The flags of one command: reading and listing them.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/hparams.h"

namespace savp::cli {

// A flag that prints something instead of running the tool.
struct Question {
  std::string flag;  // "--version"
  std::string about;
  std::string values = {};  // "bash|zsh" where it takes one of these, "RUN" where it takes a path, or empty
};

// A flag without a value that every tool has.
struct Switch {
  std::string flag;
  std::string short_flag;  // "-q", or empty
  std::string about;
  std::function<void()> set;
};

// All flags of one command.
struct Flags {
  HparamsView options;
  std::vector<Question> questions = {};
  std::vector<Switch> switches = {};
  // What to type instead of a flag that there is not ("lr", "0.1"), or nothing.
  std::function<std::string(const std::string& name, const std::string& value)> instead = {};
};

// The flag of a question and its value, both empty where nothing was asked; and which options were given.
struct Asked {
  std::string flag, value;
  std::set<std::string> given = {};  // "sequence_length"
};

// Sets the options from the arguments (those after the program's and the command's name). Returns the first
// question asked, and only where there is none sees to it that nothing required is missing. Throws
// UsageError; unknown flags name near misses.
Asked read_flags(const std::vector<std::string>& arguments, const Flags& flags);

// "savp_train --input_dir DIR [flags]", then the flags in their groups with meaning and default, in lines of
// at most `columns` characters.
std::string flags_help(const std::string& program, const Flags& flags, size_t columns);

// Text broken at spaces so that every line, indented by `indent`, has at most `columns` characters.
std::string wrap(const std::string& text, size_t indent, size_t columns = 100);

// Text of several lines, of which the long ones are broken; what follows stands under them, a little
// further in.
std::string fit_lines(const std::string& text, size_t columns);

// A command broken so that a shell still takes it as one, indented by two.
std::string fit_command(const std::string& command, size_t columns);

// Of the terminal that standard output goes to; 100 where there is none.
size_t screen_columns();

}  // namespace savp::cli
