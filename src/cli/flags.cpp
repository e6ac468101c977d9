#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>
#include <sstream>

#include "savp/core/text.h"

namespace savp::cli {
namespace {

constexpr size_t kMeaningColumn = 32;  // where meanings begin in --help

bool is_switch(const Field& field) { return field.scalar == Scalar::kBool && !field.is_list; }

void set(HparamsView& options, const Field& field, const Json& value) {
  try {
    options.set(field.name, value);
  } catch (const UsageError& error) {
    throw UsageError(concat("--", error.what()));
  }
}

Json value_of(const Field& field, const std::vector<std::string>& texts) {
  try {
    if (!field.is_list) return cast_text(field, texts.front());
    Json list = Json::array();
    for (const auto& text : texts) list.push_back(cast_text(field, text));
    return list;
  } catch (const UsageError& error) {
    throw UsageError(concat("--", error.what()));
  }
}

void refuse_unknown(const std::string& argument, const HparamsView& options,
                    const std::vector<Question>& questions) {
  SAVP_CHECK(argument.rfind('-', 0) == 0, UsageError, "unexpected argument \"", argument, "\": see --help");
  std::vector<std::string> known;
  for (const auto& name : options.names()) known.push_back("--" + name);
  for (const auto& question : questions) known.push_back(question.flag);
  const auto flag = argument.substr(0, argument.find('='));
  throw UsageError(concat("unknown flag ", flag, did_you_mean(flag, known), ": see --help"));
}

std::string metavar(const Field& field) {
  if (!field.metavar.empty()) return field.metavar;
  switch (field.scalar) {
    case Scalar::kBool:
      return "BOOL";
    case Scalar::kInt:
      return "N";
    case Scalar::kFloat:
      return "X";
    case Scalar::kText:
      break;
  }
  const auto type = field.type.substr(0, field.type.find(' '));
  return type == "text" ? "TEXT" : type;  // an enumeration shows its names
}

std::string flag_and_value(const Field& field) {
  if (is_switch(field)) return "--" + field.name;
  return concat("--", field.name, " ", metavar(field), field.is_list ? " ..." : "");
}

std::string shown_default(const Json& value) {
  if (value.is_null()) return "none";
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (value.is_string()) return value.get<std::string>().empty() ? "\"\"" : value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const auto& element : value) list += (list.empty() ? "" : " ") + shown_default(element);
  return list.empty() ? "none" : list;
}

std::string line(const std::string& flag, const std::string& meaning) {
  const bool fits = flag.size() + 3 <= kMeaningColumn;
  const auto wrapped = wrap(meaning, kMeaningColumn);
  return "  " + flag + (fits ? wrapped.substr(flag.size() + 2) : "\n" + wrapped) + "\n";
}

std::string meaning(const Field& field, const Json& value) {
  if (field.required) return field.doc + " [required]";
  return concat(field.doc, field.rule.empty() ? " [" : " [" + field.rule + "; ",
                "default: ", shown_default(value), "]");
}

// In the order in which they first come.
std::vector<std::string> groups(const HparamsView& options) {
  std::vector<std::string> names;
  for (const auto& field : options.fields())
    if (std::find(names.begin(), names.end(), field.group) == names.end()) names.push_back(field.group);
  return names;
}

}  // namespace

std::string wrap(const std::string& text, size_t indent, size_t columns) {
  const std::string margin(indent, ' ');
  std::string lines, current = margin, word;
  for (std::istringstream words(text); words >> word;) {
    if (current.size() > indent && current.size() + 1 + word.size() > columns) {
      lines += current + "\n";
      current = margin;
    }
    current += (current.size() > indent ? " " : "") + word;
  }
  return lines + current;
}

std::string read_flags(const std::vector<std::string>& arguments, const HparamsView& options,
                       const std::vector<Question>& questions) {
  HparamsView target = options;
  std::set<std::string> given;
  std::string asked;
  CLI::App app;
  app.set_help_flag();  // ours is one of the questions
  app.allow_extras();
  for (const auto& question : questions) {
    const auto note = [&asked, &question](int64_t) { asked = asked.empty() ? question.flag : asked; };
    app.add_flag_function(question.flag + (question.flag == "--help" ? ",-h" : ""), note);
  }
  for (const auto& field : options.fields()) {
    const auto flag = "--" + field.name;
    if (is_switch(field)) {
      app.add_flag_function(flag, [&](int64_t count) { set(target, field, count > 0); });
      continue;
    }
    const auto take = [&](const std::vector<std::string>& texts) {
      given.insert(field.name);
      set(target, field, value_of(field, texts));
    };
    auto* option = app.add_option_function<std::vector<std::string>>(flag, take);
    if (field.is_list)
      option->expected(1, CLI::detail::expected_max_vector_size);
    else
      option->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(),
                                      arguments.rend());  // CLI11 takes them from the back
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    throw UsageError(concat(error.what(), " (see --help)"));
  }
  if (!asked.empty()) return asked;
  if (const auto unknown = app.remaining(); !unknown.empty())
    refuse_unknown(unknown.front(), options, questions);
  for (const auto& field : options.fields())
    SAVP_CHECK(!field.required || given.count(field.name) > 0, UsageError, "--", field.name, " ",
               metavar(field), " must be given: ", field.doc);
  return "";
}

std::string flags_help(const std::string& program, const HparamsView& options,
                       const std::vector<Question>& questions) {
  std::string usage = "Usage: " + program, text;
  for (const auto& field : options.fields())
    if (field.required) usage += " " + flag_and_value(field);
  for (const auto& group : groups(options)) {
    text += concat("\n", group.empty() ? "Flags" : group, "\n");
    for (const auto& field : options.fields())
      if (field.group == group) text += line(flag_and_value(field), meaning(field, options.get(field.name)));
  }
  text += "\nHelp\n";
  for (const auto& question : questions) text += line(question.flag, question.about);
  return usage + " [flags]\n" + text;
}

}  // namespace savp::cli
