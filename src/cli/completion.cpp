#include "cli/completion.h"

#include <map>
#include <utility>

#include "cli/listing.h"
#include "core/error.h"
#include "core/text.h"

namespace savp::cli {
namespace {

// What a flag takes: nothing, one of some words, hyperparameters, a folder, a file or folder, or any text.
enum class Takes { kNothing, kWords, kHparams, kFolder, kPath, kText };

struct CompletedFlag {
  std::string flag, about;
  Takes takes = Takes::kNothing;
  std::vector<std::string> words = {};
};

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// "train|val|test" -> train, val, test.
std::vector<std::string> alternatives(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '|')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size()))
    text.replace(at, part.size(), by);
  return text;
}

// By the word that stands for the value in --help, else by the flag's name.
Takes takes(const Field& field) {
  constexpr std::pair<const char*, Takes> kWords[] = {
      {"DIR", Takes::kFolder}, {"FILE", Takes::kPath}, {"PATH", Takes::kPath}};
  for (const auto& [word, taken] : kWords)
    if (field.metavar == word) return taken;
  if (field.name.ends_with("_dir")) return Takes::kFolder;
  return field.name.ends_with("_dict") ? Takes::kPath : Takes::kText;
}

CompletedFlag completed(const Field& field) {
  CompletedFlag flag{.flag = "--" + field.name, .about = field.doc};
  if (field.scalar == Scalar::kBool && !field.is_list) return flag;
  flag.takes = takes(field);
  flag.words = known_hparams(field.name);
  if (!flag.words.empty()) {
    flag.takes = Takes::kHparams;
    return flag;
  }
  flag.words = known_values(field.name);
  if (field.type.find('|') != std::string::npos)
    flag.words = alternatives(field.type.substr(0, field.type.find(' ')));
  if (!flag.words.empty()) flag.takes = Takes::kWords;
  return flag;
}

std::vector<CompletedFlag> completed(const Flags& flags) {
  std::vector<CompletedFlag> all;
  for (const auto& field : flags.options.fields()) all.push_back(completed(field));
  for (const auto& common : flags.switches) all.push_back({.flag = common.flag, .about = common.about});
  for (const auto& question : flags.questions) {
    all.push_back({.flag = question.flag, .about = question.about});
    if (question.values.empty()) continue;
    const bool words = question.values.find('|') != std::string::npos;
    all.back().takes = words ? Takes::kWords : Takes::kPath;
    if (words) all.back().words = alternatives(question.values);
  }
  return all;
}

// --- bash

constexpr const char* kBash = R"bash(# Completion of TOOL for bash: source <(TOOL --completion bash)
_TOOL_takes() {  # COMMAND:FLAG
  case $1 in
TAKES  esac
}
_TOOL_flags() {  # COMMAND
  case $1 in
FLAGS  esac
}
# Words are split at spaces, as the tool sees them. bash itself splits at "=" and ":" as well: what is before these must not
# be repeated in a reply.
_TOOL() {
  local line=${COMP_LINE:0:COMP_POINT} commands='COMMANDS' command= flag= word value kind words before
  local -a typed
  read -ra typed <<<"$line"
  [[ $line != *[[:space:]] ]] || typed+=('')
  word=${typed[-1]} value=$word
  if [[ -n $commands && ${#typed[@]} -le 2 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version --completion" -- "$word")
    return
  fi
  [[ -z $commands ]] || command=${typed[1]}
  if [[ $word == --*=* ]]; then
    flag=${word%%=*} value=${word#*=}
  elif ((${#typed[@]} > 2)); then
    flag=${typed[-2]}
  fi
  read -r kind words <<<"$(_TOOL_takes "$command:$flag")"
  case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$value") ;;
    folder) mapfile -t COMPREPLY < <(compgen -d -- "$value") ;;
    path) mapfile -t COMPREPLY < <(compgen -f -- "$value") ;;
    hparams)
      before=${value%"${value##*,}"}
      mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "${value##*,}")
      ;;
    text) COMPREPLY=() ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_TOOL_flags "$command")" -- "$word") ;;
  esac
  case $kind in
    hparams) compopt -o nospace 2>/dev/null || : ;;
    folder | path) compopt -o filenames 2>/dev/null || : ;;
  esac
  before=${value%"${value##*[=:]}"}
  COMPREPLY=("${COMPREPLY[@]#"$before"}")
}
complete -F _TOOL TOOL
)bash";

// "words train val test", for the case above.
std::string bash_takes(const CompletedFlag& flag) {
  switch (flag.takes) {
    case Takes::kFolder:
      return "folder";
    case Takes::kPath:
      return "path";
    case Takes::kWords:
      return "words " + joined(flag.words, " ");
    case Takes::kHparams:
      return "hparams " + joined(flag.words, "= ") + "=";
    case Takes::kNothing:
    case Takes::kText:
      break;
  }
  return "text";
}

std::string bash(const std::vector<CompletedCommand>& commands) {
  std::map<std::string, std::vector<std::string>> alike;  // flags that take the same
  std::string all_flags;
  for (const auto& command : commands) {
    std::vector<std::string> names;
    for (const auto& flag : completed(command.flags)) {
      names.push_back(flag.flag);
      if (flag.takes != Takes::kNothing) alike[bash_takes(flag)].push_back(command.name + ":" + flag.flag);
    }
    all_flags += concat("    '", command.name, "') echo '", joined(names, " "), "' ;;\n");
  }
  std::string all_takes;
  for (const auto& [text, flags] : alike)
    all_takes += concat("    ", joined(flags, " | "), ") echo '", text, "' ;;\n");
  return replaced(replaced(kBash, "TAKES", all_takes), "FLAGS", all_flags);
}

// --- zsh

constexpr const char* kZsh = R"zsh(#compdef TOOL
# Completion of TOOL for zsh, after compinit: source <(TOOL --completion zsh)
_TOOL() {
  local command= curcontext=$curcontext
  local -a commands flags
  commands=(COMMANDS)
  if (($#commands)); then
    if ((CURRENT == 2)); then
      _describe command commands
      return
    fi
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
FLAGS  esac
  _arguments $flags
}
compdef _TOOL TOOL
)zsh";

std::string quoted(const std::string& text) { return concat("'", replaced(text, "'", "'\\''"), "'"); }

// What _arguments completes the value by.
std::string zsh_takes(const CompletedFlag& flag) {
  switch (flag.takes) {
    case Takes::kNothing:
      return "";
    case Takes::kFolder:
      return ":folder:_files -/";
    case Takes::kPath:
      return ":path:_files";
    case Takes::kWords:
      return concat(":value:(", joined(flag.words, " "), ")");
    case Takes::kHparams:
      return concat(":hyperparameters:_sequence compadd -S = - ", joined(flag.words, " "));
    case Takes::kText:
      return ":value: ";
  }
  return "";
}

std::string zsh_flag(const CompletedFlag& flag) {
  const auto about = replaced(replaced(replaced(flag.about, "\\", "\\\\"), "[", "\\["), "]", "\\]");
  return quoted(
      concat(flag.flag, flag.takes == Takes::kNothing ? "" : "=", "[", about, "]", zsh_takes(flag)));
}

std::string zsh(const std::vector<CompletedCommand>& commands) {
  std::string all;
  for (const auto& command : commands) {
    all += concat("    '", command.name, "') flags=(\n");
    for (const auto& flag : completed(command.flags)) all += concat("      ", zsh_flag(flag), "\n");
    all += "    ) ;;\n";
  }
  return replaced(kZsh, "FLAGS", all);
}

std::string command_list(const std::vector<CompletedCommand>& commands, bool explained) {
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.name.empty()) continue;
    names.push_back(explained ? quoted(concat(command.name, ":", replaced(command.about, ":", "\\:")))
                              : command.name);
  }
  return joined(names, " ");
}

}  // namespace

std::string completion(const std::string& shell, const std::string& program,
                       const std::vector<CompletedCommand>& commands) {
  struct Shell {
    const char* name;
    std::string (*script)(const std::vector<CompletedCommand>&);
    bool explained;  // commands with what they do
  };
  constexpr Shell kShells[] = {{"bash", bash, false}, {"zsh", zsh, true}};
  for (const auto& [name, script, explained] : kShells)
    if (shell == name)
      return replaced(replaced(script(commands), "COMMANDS", command_list(commands, explained)), "TOOL",
                      program);
  throw UsageError(concat("--completion=\"", shell, "\" must be one of bash|zsh"));
}

}  // namespace savp::cli
