// From the command line to a tool's body, and from its exceptions to an exit code. A tool's options are an
// HPARAM struct that says what the tool does and how it is called:
//
//   struct GreetOptions {
//     using Self = GreetOptions;
//     static constexpr const char* kAbout = "greets someone";
//     static constexpr const char* kExample = "savp_greet --name you";
//     HPARAM_GROUP(who, "Who");
//     HPARAM(std::string, name, "", "whom to greet", Required{"NAME"});
//     HPARAM(std::optional<int64_t>, seed, std::nullopt, "of the choice of words");  // none unless given
//     HPARAM(bool, loud, false, "in capitals");                                      // a switch, without a
//     value
//     std::set<std::string> given = {};  // if it must know: the names of the flags that were given
//   };
//   int main(int argc, char** argv) { return savp::cli::run<GreetOptions>(argc, argv, greet); }
//
// Flags, checks and the grouped --help come from it; --version and (for tools with --model)
// --help_hparams and --list_models are there as well. Exceptions become one line on standard error and
// the exit code of core/error.h.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/hparams.h"

namespace savp::cli {

// "0.1.0, LibTorch 2.9.1, CUDA on, GCC 12.2.0": of the program, and what it was built with.
std::string versions();

// One thing that a tool can do.
struct Command {
  std::string name;  // "toy" in "savp_preprocess toy"; empty for a tool that does one thing
  std::string about;
  std::string example;
  HparamsView options;
  std::function<void()> body;
  std::function<void(std::set<std::string>)> note_given = {};  // what of the options was given; or nothing
};

template <class Options, class Body>
Command command(std::string name, Body body) {
  auto options = std::make_shared<Options>();
  Command made{std::move(name), Options::kAbout, Options::kExample, HparamsView(*options),
               [options, body] { body(*options); }};
  if constexpr (requires { options->given; })
    made.note_given = [options](std::set<std::string> given) { options->given = std::move(given); };
  return made;
}

// From now on this process prints errors only: one process tells what several do.
void fall_silent();

// Reads the flags and runs the body; the program's exit code.
int run(int argc, char** argv, const Command& command);

// The same for a tool whose first argument names the command: run_commands(argc, argv, "makes data",
// {command<ToyOptions>("toy", make_toy), ...}).
int run_commands(int argc, char** argv, const std::string& about, const std::vector<Command>& commands);

template <class Options, class Body>
int run(int argc, char** argv, Body body) {
  return run(argc, argv, command<Options>("", std::move(body)));
}

}  // namespace savp::cli
