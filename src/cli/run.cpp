#include "cli/run.h"

#include <ATen/Context.h>
#include <fcntl.h>
#include <torch/version.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <streambuf>

#include "cli/completion.h"
#include "cli/describe_run.h"
#include "cli/flags.h"
#include "cli/listing.h"
#include "core/caught.h"
#include "core/device.h"
#include "core/instruction_sets.h"
#include "core/instructions.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"
#include "core/verbosity.h"
#include "evaluation/protocols.h"

namespace savp::cli {
namespace {

// "savp avx512 (SAVP_INSTRUCTIONS), ...".
std::string instructions_in_use() {
  std::string text;
  for (const auto& [library, name, variable] : instruction_sets())
    text += concat(text.empty() ? "" : ", ", library, " ", name, " (", variable, ")");
  return text;
}

std::string version(const std::string& program) {
  return concat(program, " ", versions(), "\nCPU instructions: ", instructions_in_use(), "\n");
}

std::string help(const std::string& program, const Command& command, const Flags& flags) {
  const auto columns = screen_columns();
  return concat(wrap(program + " " + command.about, 0, columns), "\n\n", flags_help(program, flags, columns),
                "\nExample\n", fit_command(command.example, columns), "\n");
}

std::vector<Switch> common_switches() {
  const auto to = [](log::Verbosity verbosity) { return [verbosity] { log::set_verbosity(verbosity); }; };
  return {{"--quiet", "-q", "show warnings and errors only", to(log::Verbosity::kQuiet)},
          {"--verbose", "", "show more: all losses at each report", to(log::Verbosity::kVerbose)}};
}

// With the questions that a command answers: --completion only where the tool has no other commands.
Flags flags_of(const Command& command) {
  Flags flags{.options = command.options, .switches = common_switches()};
  flags.instead = [options = command.options](const std::string& name, const std::string& value) {
    return hparam_instead(options, name, value);
  };
  flags.questions = {{"--help", "print this"}};
  if (command.options.has("model")) {
    flags.questions.push_back({"--help_hparams", "list all hyperparameters of models and data sets"});
    flags.questions.push_back({"--list_models", "list the models"});
  }
  if (command.options.has("protocol"))
    flags.questions.push_back({"--list_protocols", "list the protocols, with what is doubtful about each"});
  if (command.options.has("resume"))
    flags.questions.push_back({"--describe",
                               "tell what a run's folder holds: model, parameters, data, steps, validation, "
                               "health, versions",
                               "RUN"});
  flags.questions.push_back({"--version", "print version, build facts and the CPU instructions in use"});
  if (command.name.empty())
    flags.questions.push_back({"--completion", "print completion for a shell", "bash|zsh"});
  return flags;
}

std::string completion_of(const std::vector<Command>& commands, const std::string& program,
                          const std::string& shell) {
  std::vector<CompletedCommand> all;
  for (const auto& command : commands) all.push_back({command.name, command.about, flags_of(command)});
  return completion(shell, program, all);
}

void run_command(const std::string& program, const std::vector<std::string>& arguments,
                 const Command& command) {
  const auto flags = flags_of(command);
  const auto asked = read_flags(arguments, flags);
  const std::pair<const char*, std::function<std::string()>> answers[] = {
      {"--help", [&] { return help(program, command, flags); }},
      {"--help_hparams", [&] { return fit_lines(help_hparams(command.options), screen_columns()); }},
      {"--list_models", [] { return list_models(); }},
      {"--list_protocols", [] { return fit_lines(list_protocols(), screen_columns()); }},
      {"--describe", [&] { return describe_run(asked.value); }},
      {"--version", [&] { return version(program); }},
      {"--completion", [&] { return completion_of({command}, program, asked.value); }},
  };
  for (const auto& [flag, text] : answers)
    if (flag == asked.flag) std::cout << text();
  if (!asked.flag.empty()) return;
  if (command.note_given) command.note_given(asked.given);
  command.body();
}

// An empty message was told already, by another process.
ExitCode fail(ExitCode code, const std::string& message) {
  if (!message.empty()) log::error(message);
  return code;
}

// Text that did not arrive is no success. Where its reader left of its own accord, nothing is said.
ExitCode finish_output() {
  errno = 0;
  if (std::cout.flush().good()) return ExitCode::kOk;
  if (errno == 0) std::fflush(stdout);  // it was an earlier write that failed: this one does so, too
  const std::string reason = errno != 0 ? concat(" (", std::strerror(errno), ")") : "";
  std::cout.clear();
  if (output_unread()) return ExitCode::kInterrupted;
  return fail(ExitCode::kOutOfMemory,
              concat("standard output cannot be written", reason, ": what was printed there is incomplete"));
}

// A standard stream that is closed gets a descriptor that fails: else the next file opened would take its
// place, and messages would go into it.
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) == -1 && errno == EBADF)
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

// Before anything that takes time.
void prepare_process() {
  catch_interrupts();
  occupy_standard_streams();
  keep_freed_memory();
}

// Runs the action; exceptions become a line on standard error.
ExitCode guarded(const std::function<void()>& action) {
  try {
    action();
    return finish_output();
  } catch (...) {
    const auto [code, message] = caught_error();
    return fail(code, message);
  }
}

// What is written there is lost.
class Nowhere : public std::streambuf {
 protected:
  int overflow(int c) override { return traits_type::not_eof(c); }
  std::streamsize xsputn(const char* /*text*/, std::streamsize count) override { return count; }
};

std::string program_name(char** argv) { return std::filesystem::path(argv[0]).filename().string(); }

std::string commands_help(const std::string& program, const std::string& about,
                          const std::vector<Command>& commands) {
  auto text = concat(program, " ", about, "\n\nUsage: ", program, " COMMAND [flags]\n\nCommands\n");
  for (const auto& command : commands)
    text += concat("  ", command.name, "\n", wrap(command.about, 6, screen_columns()), "\n");
  return fit_lines(concat(text, "\n", program, " COMMAND --help lists the flags of a command, ", program,
                          " --completion bash|zsh prints completion for a shell.\n"),
                   screen_columns());
}

const Command& find_command(const std::string& name, const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.name == name) return command;
    names.push_back(command.name);
  }
  throw UsageError(
      concat("unknown command ", name, did_you_mean(name, names), ": there are ", join_words(names)));
}

}  // namespace

std::string versions() {
  return concat(SAVP_VERSION, ", LibTorch ", TORCH_VERSION, ", CUDA ",
                at::Context::hasCUDART() ? "on" : "off", ", GCC ", __VERSION__);
}

void fall_silent() {
  static Nowhere nowhere;
  log::set_errors_only();
  std::cout.rdbuf(&nowhere);
}

int run(int argc, char** argv, const Command& command) {
  prepare_process();
  return static_cast<int>(guarded([&] {
    instructions();  // a wrong SAVP_INSTRUCTIONS is told before any work
    run_command(program_name(argv), {argv + 1, argv + argc}, command);
  }));
}

int run_commands(int argc, char** argv, const std::string& about, const std::vector<Command>& commands) {
  prepare_process();
  return static_cast<int>(guarded([&] {
    instructions();
    const auto program = program_name(argv);
    const std::string first = argc > 1 ? argv[1] : "";
    SAVP_CHECK(!first.empty(), UsageError, "a command must be given: see ", program, " --help");
    if (first == "--help" || first == "-h") {
      std::cout << commands_help(program, about, commands);
    } else if (first == "--version") {
      std::cout << version(program);
    } else if (first == "--completion") {
      std::cout << completion_of(commands, program, argc > 2 ? argv[2] : "");
    } else {
      run_command(program + " " + first, {argv + 2, argv + argc}, find_command(first, commands));
    }
  }));
}

}  // namespace savp::cli
