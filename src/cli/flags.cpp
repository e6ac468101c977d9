#include "cli/flags.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>
#include <sstream>

#include "core/text.h"

namespace savp::cli {
namespace {

constexpr size_t kUsualColumns = 100, kFewestColumns = 20;

// Where meanings begin in --help.
size_t meaning_column(size_t columns) { return columns >= 72 ? 32 : 6; }

bool is_switch(const Field& field) { return field.scalar == Scalar::kBool && !field.is_list; }

// "a,b" -> "a", "b".
std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream left(text);
  for (std::string part; std::getline(left, part, ',');) found.push_back(part);
  return found.empty() ? std::vector{text} : found;
}

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
    const bool of_names = field.type.find('|') != std::string::npos;  // which hold no commas: a,b as a b
    for (const auto& text : texts)
      for (const auto& part : of_names ? parts(text) : std::vector{text})
        list.push_back(cast_text(field, part));
    return list;
  } catch (const UsageError& error) {
    throw UsageError(concat("--", error.what()));
  }
}

// What CLI11 left over: an unknown flag, perhaps with its value behind it.
void refuse_unknown(const std::vector<std::string>& left, const Flags& flags) {
  const auto& argument = left.front();
  SAVP_CHECK(argument.rfind('-', 0) == 0, UsageError, "unexpected argument \"", argument, "\": see --help");
  std::vector<std::string> known;
  for (const auto& name : flags.options.names()) known.push_back("--" + name);
  for (const auto& question : flags.questions) known.push_back(question.flag);
  for (const auto& common : flags.switches) known.push_back(common.flag);
  const auto equals = argument.find('=');
  const auto flag = argument.substr(0, equals);
  const bool next = equals == std::string::npos && left.size() > 1 && left[1].rfind("--", 0) != 0;
  const auto value = equals != std::string::npos ? argument.substr(equals + 1) : next ? left[1] : "";
  auto name = flag.substr(std::min(flag.size(), flag.find_first_not_of('-')));
  std::replace(name.begin(), name.end(), '-', '_');
  const auto instead = flags.instead ? flags.instead(name, value) : "";
  SAVP_CHECK(instead.empty(), UsageError, "unknown flag ", flag, ": ", instead);
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

// A list that must be given may be given without its flag's name: savp_report DIR DIR.
bool takes_bare_words(const Field& field) { return field.required && field.is_list; }

// Bare words go to the field that takes them; the rest of what CLI11 left over remains.
void set_bare_words(HparamsView& options, std::vector<std::string>& left, std::set<std::string>& given) {
  const auto is_flag = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  for (const auto& field : options.fields()) {
    if (!takes_bare_words(field) || left.empty() || given.count(field.name) > 0) continue;
    if (std::any_of(left.begin(), left.end(), is_flag)) return;  // a value may belong to an unknown flag
    given.insert(field.name);
    set(options, field, value_of(field, left));
    left.clear();
  }
}

std::string flag_and_value(const Field& field) {
  if (is_switch(field)) return "--" + field.name;
  return concat("--", field.name, " ", metavar(field), field.is_list ? " ..." : "");
}

std::string shown_default(const Json& value) {
  if (value.is_null()) return "none";
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (value.is_string()) return value.get<std::string>().empty() ? "none" : value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const auto& element : value) list += (list.empty() ? "" : " ") + shown_default(element);
  return list.empty() ? "none" : list;
}

std::string line(const std::string& flag, const std::string& meaning, size_t columns) {
  const auto column = meaning_column(columns);
  const bool fits = flag.size() + 3 <= column;
  const auto wrapped = wrap(meaning, column, columns);
  return "  " + flag + (fits ? wrapped.substr(flag.size() + 2) : "\n" + wrapped) + "\n";
}

// What there is to say of a field beside its meaning: "[at least 1; default: 8]".
std::string meaning(const Field& field, const Json& value) {
  if (field.required) return field.doc + " [required]";
  std::string notes = field.rule;
  if (const auto usual = shown_default(value); usual != "none")
    notes += concat(notes.empty() ? "" : "; ", "default: ", usual);
  return notes.empty() ? field.doc : concat(field.doc, " [", notes, "]");
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

std::string fit_lines(const std::string& text, size_t columns) {
  std::string fitted, line;
  for (std::istringstream lines(text); std::getline(lines, line);) {
    if (line.size() > columns) {
      const auto indent = std::min(line.find_first_not_of(' '), line.size());
      const auto further = std::min(indent + 4, columns / 2);
      line = std::string(indent, ' ') + wrap(line, further, columns).substr(further);
    }
    fitted += line + "\n";
  }
  return fitted;
}

std::string fit_command(const std::string& command, size_t columns) {
  auto lines = wrap(command, 2, columns - 4);
  for (auto end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', end + 5))
    lines.replace(end, 1, " \\\n  ");
  return lines;
}

size_t screen_columns() {
  winsize size = {};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::max<size_t>(size.ws_col, kFewestColumns) : kUsualColumns;
}

Asked read_flags(const std::vector<std::string>& arguments, const Flags& flags) {
  HparamsView target = flags.options;
  std::set<std::string> given;
  Asked asked;
  CLI::App app;
  app.set_help_flag();  // ours is one of the questions
  app.allow_extras();
  for (const auto& common : flags.switches)
    app.add_flag_function(common.flag + (common.short_flag.empty() ? "" : "," + common.short_flag),
                          [&common](int64_t) { common.set(); });
  for (const auto& question : flags.questions) {
    const auto note = [&asked, &question](const std::string& value) {
      if (asked.flag.empty()) asked = {question.flag, value};
    };
    if (question.values.empty())
      app.add_flag_function(question.flag + (question.flag == "--help" ? ",-h" : ""),
                            [note](int64_t) { note(""); });
    else
      app.add_option_function<std::string>(question.flag, note);
  }
  for (const auto& field : flags.options.fields()) {
    const auto flag = "--" + field.name;
    if (is_switch(field)) {
      app.add_flag_function(flag, [&](int64_t count) {
        given.insert(field.name);
        set(target, field, count > 0);
      });
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
  if (!asked.flag.empty()) return asked;
  auto left = app.remaining();
  set_bare_words(target, left, given);
  if (!left.empty()) refuse_unknown(left, flags);
  for (const auto& field : flags.options.fields())
    SAVP_CHECK(!field.required || given.count(field.name) > 0, UsageError, "--", field.name, " ",
               metavar(field), " must be given: ", field.doc);
  asked.given = std::move(given);
  return asked;
}

std::string flags_help(const std::string& program, const Flags& flags, size_t columns) {
  const auto& options = flags.options;
  std::string usage = "Usage: " + program, text;
  for (const auto& field : options.fields())
    if (field.required)
      usage += " " + (takes_bare_words(field) ? metavar(field) + " ..." : flag_and_value(field));
  for (const auto& group : groups(options)) {
    text += concat("\n", wrap(group.empty() ? "Flags" : group, 0, columns), "\n");
    for (const auto& field : options.fields())
      if (field.group == group)
        text += line(flag_and_value(field), meaning(field, options.get(field.name)), columns);
  }
  text += "\nHelp\n";
  for (const auto& [flag, short_flag, about, set] : flags.switches)
    text += line((short_flag.empty() ? "" : short_flag + ", ") + flag, about, columns);
  for (const auto& [flag, about, values] : flags.questions)
    text += line(flag + (values.empty() ? "" : " ") + values, about, columns);
  return wrap(usage + " [flags]", 0, columns) + "\n" + text;
}

}  // namespace savp::cli
