#include "cli/run.h"

#include <c10/util/Exception.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>
#include <set>
#include <sstream>
#include <stdexcept>

#include "cli/flags.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/verbosity.h"

namespace savp {

enum class Half { kVal, kTest };
template <>
struct EnumNames<Half> {
  static constexpr std::pair<Half, const char*> kTable[] = {{Half::kVal, "val"}, {Half::kTest, "test"}};
};

namespace {

struct SharedOptions {
  using Self = SharedOptions;
  HPARAM_GROUP(data, "Data");
  HPARAM(std::string, input_dir, "", "folder with records", Required{"DIR"});
  HPARAM(Half, mode, Half::kVal, "which split to read");
};
struct ToolOptions : SharedOptions {
  using Self = ToolOptions;
  static constexpr const char* kAbout =
      "does a thing that takes so many words to tell that they must go on a second line of the screen";
  static constexpr const char* kExample = "savp_tool --input_dir data/bair";
  HPARAM_GROUP(rest, "Rest");
  HPARAM(int64_t, batch_size, 8, "sequences a batch", AtLeast{1});
  HPARAM(double, gpu_mem_frac, 0.0, "share of memory", (Between{0, 1}));
  HPARAM(std::optional<int64_t>, seed, std::nullopt, "random seed");
  HPARAM(std::optional<std::string>, output_dir, std::nullopt, "where results go", Metavar{"DIR"});
  HPARAM(std::string, postfix, "", "end of the name");
  HPARAM(std::vector<Half>, splits, (std::vector<Half>{Half::kTest, Half::kVal}), "several splits");
  HPARAM(bool, only_metrics, false, "no pictures");
  std::set<std::string> given = {};
};

struct Outcome {
  int code = -1;
  std::string out, err;
  ToolOptions options;
};

using Call = std::function<int(int, char**)>;

Outcome captured(std::vector<std::string> arguments, const Call& call) {
  arguments.insert(arguments.begin(), "/some/where/savp_tool");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.code = call(static_cast<int>(argv.size()), argv.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

Outcome run_tool(
    const std::vector<std::string>& arguments, const std::function<void()>& body = [] {}) {
  ToolOptions seen;
  auto outcome = captured(arguments, [&](int argc, char** argv) {
    return cli::run<ToolOptions>(argc, argv, [&](const ToolOptions& options) {
      seen = options;
      body();
    });
  });
  outcome.options = seen;
  return outcome;
}

TEST(Run, ListsOfNamesMayHaveCommas) {
  const std::vector<std::vector<std::string>> spellings = {{"val,test"}, {"val", "test"}, {"val,", "test"}};
  for (const auto& arguments : spellings) {
    std::vector<std::string> all = {"--input_dir", "data", "--splits"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(run_tool(all).options.splits, (std::vector<Half>{Half::kVal, Half::kTest}));
  }
  EXPECT_EQ(run_tool({"--input_dir", "data", "--splits", "val,nonsense"}).code, 2);
}

TEST(Run, FlagsSetTheOptions) {
  const auto outcome =
      run_tool({"--input_dir", "data", "--batch_size=3", "--splits", "val", "test", "--gpu_mem_frac", ".5",
                "--only_metrics", "--postfix", "", "--mode", "test", "--seed", "-1", "--output_dir", "o"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto& options = outcome.options;
  EXPECT_EQ(options.input_dir, "data");
  EXPECT_EQ(options.batch_size, 3);
  EXPECT_EQ(options.splits, (std::vector<Half>{Half::kVal, Half::kTest}));
  EXPECT_EQ(options.gpu_mem_frac, 0.5);
  EXPECT_TRUE(options.only_metrics);
  EXPECT_EQ(options.mode, Half::kTest);
  EXPECT_EQ(options.seed, -1);
  EXPECT_EQ(options.output_dir, "o");
}

TEST(Run, WithoutFlagsTheDefaultsHold) {
  const auto outcome = run_tool({"--input_dir", "data"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.options.batch_size, 8);
  EXPECT_EQ(outcome.options.seed, std::nullopt);
  EXPECT_FALSE(outcome.options.only_metrics);
}

// Also those that were given their default.
TEST(Run, OptionsThatAskForItKnowWhichFlagsWereGiven) {
  const auto given = [](const std::vector<std::string>& arguments) {
    return run_tool(arguments).options.given;
  };
  EXPECT_EQ(given({"--input_dir", "data"}), (std::set<std::string>{"input_dir"}));
  EXPECT_EQ(given({"--input_dir", "data", "--mode=val", "--only_metrics", "--batch_size", "8"}),
            (std::set<std::string>{"batch_size", "input_dir", "mode", "only_metrics"}));
}

TEST(Run, TheLastOfSeveralWins) {
  EXPECT_EQ(run_tool({"--input_dir", "a", "--input_dir", "b"}).options.input_dir, "b");
}

// arguments, a part of the message
class BadFlags : public testing::TestWithParam<std::pair<std::vector<std::string>, std::string>> {};

TEST_P(BadFlags, AreUsageErrorsInOneLine) {
  const auto& [arguments, message] = GetParam();
  const auto outcome = run_tool(arguments);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_TRUE(outcome.out.empty());
}

using Case = std::pair<std::vector<std::string>, std::string>;
INSTANTIATE_TEST_SUITE_P(
    All, BadFlags,
    testing::Values(
        Case{{}, "--input_dir DIR must be given: folder with records"},
        Case{{"--input_dri", "x"}, "unknown flag --input_dri (did you mean --input_dir?)"},
        Case{{"--input_dir", "x", "--only_metric"}, "did you mean --only_metrics?"},
        Case{{"--input_dir", "x", "--nothing_like_it=3"}, "unknown flag --nothing_like_it: see --help"},
        Case{{"--input_dir", "x", "y"}, "unexpected argument \"y\""}, Case{{"--input_dir"}, "--input_dir"},
        Case{{"--input_dir", "x", "--batch_size", "0"}, "--batch_size=0 must be at least 1"},
        Case{{"--input_dir", "x", "--batch_size", "two"}, "--batch_size=\"two\" must be a whole number"},
        Case{{"--input_dir", "x", "--mode", "tset"},
             "--mode=\"tset\" must be one of val|test (did you mean test?)"},
        Case{{"--input_dir", "x", "--splits", "val", "train"}, "--splits=\"train\" must be one of"}));

TEST(Run, HelpShowsEveryFlagWithGroupAndDefault) {
  const auto outcome = run_tool({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const std::string part :
       {"savp_tool does a thing", "Usage: savp_tool --input_dir DIR [flags]", "\nData\n", "\nRest\n",
        "--input_dir DIR               folder with records [required]", "--mode val|test", "[default: val]",
        "--batch_size N                sequences a batch [at least 1; default: 8]",
        "[from 0 to 1; default: 0.0]", "--seed N                      random seed\n", "-q, --quiet",
        "--verbose", "--output_dir DIR", "--completion bash|zsh",
        "--splits val|test ...         several splits [default: test val]", "no pictures [default: off]",
        "--version", "Example\n  savp_tool --input_dir data/bair\n"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\nis missing in\n" << outcome.out;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  for (const std::string part : {"default: none", "default: \"\"", "[]"})
    EXPECT_EQ(outcome.out.find(part), std::string::npos) << part;
}

TEST(Help, FitsTheScreen) {
  ToolOptions options;
  const cli::Flags flags{.options = options};
  for (const size_t columns : {30, 60, 80, 132}) {
    std::istringstream lines(
        cli::flags_help("savp_tool", flags, columns) +
        cli::fit_command(std::string(ToolOptions::kExample) + " --b c --d e --f g", columns) + "\n" +
        cli::fit_lines("    one two three four five six seven eight nine ten\nx\n", columns));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), columns) << line;
  }
  EXPECT_EQ(cli::fit_command("a bb cc", 11), "  a bb \\\n    cc");
  EXPECT_EQ(cli::fit_lines("  aa bb cc\nd\n", 9), "  aa bb\n    cc\nd\n");
}

// A tool whose models have hyperparameters.
struct ModelToolOptions {
  using Self = ModelToolOptions;
  static constexpr const char* kAbout = "works with models";
  static constexpr const char* kExample = "savp_tool";
  HPARAM(std::optional<std::string>, model, std::nullopt, "which model");
  HPARAM(std::optional<std::string>, model_hparams, std::nullopt, "its hyperparameters");
  HPARAM(std::optional<std::string>, dataset_hparams, std::nullopt, "those of the data");
};

TEST(Run, SaysHowHyperparametersAreGiven) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--batch_size", "4"},
       "unknown flag --batch_size: it is a hyperparameter: give --model_hparams batch_size=4"},
      {{"--lr=0.1"}, "give --model_hparams lr=0.1"},
      {{"--max-steps", "10"}, "give --model_hparams max_steps=10"},
      {{"--frame_skip"}, "give --dataset_hparams frame_skip=VALUE"},
      {{"--nothing_like_it"}, "unknown flag --nothing_like_it: see --help"}};
  for (const auto& [arguments, message] : cases) {
    const auto outcome = captured(arguments, [](int argc, char** argv) {
      return cli::run<ModelToolOptions>(argc, argv, [](const ModelToolOptions&) {});
    });
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  }
}

TEST(Run, QuietTellsNoNews) {
  const auto body = [] { log::info("news"), log::warn("trouble"); };
  EXPECT_EQ(run_tool({"--input_dir", "x"}, body).err, "info: news\nwarning: trouble\n");
  EXPECT_EQ(run_tool({"--input_dir", "x", "-q"}, body).err, "warning: trouble\n");
  log::set_verbosity(log::Verbosity::kUsual);
}

TEST(Run, VersionTellsTheBuild) {
  const auto outcome = run_tool({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("savp_tool 0."), std::string::npos);
  EXPECT_NE(outcome.out.find("LibTorch 2."), std::string::npos);
  EXPECT_NE(outcome.out.find("CUDA o"), std::string::npos);
  EXPECT_NE(outcome.out.find("\nCPU instructions: savp "), std::string::npos);
  EXPECT_NE(outcome.out.find("(ATEN_CPU_CAPABILITY)"), std::string::npos);
}

TEST(Run, ExceptionsBecomeExitCodesAndOneLine) {
  const std::vector<std::pair<int, std::function<void()>>> cases = {
      {2, [] { throw UsageError("a\nb"); }},
      {3, [] { throw DataError("a b"); }},
      {4, [] { throw std::bad_alloc(); }},
      {4, [] { TORCH_CHECK_WITH(OutOfMemoryError, false, "a b"); }},
      {4, [] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory"); }},
      {4, [] { TORCH_CHECK(false, "Storage size calculation overflowed with sizes=[9]"); }},
      {4, [] { throw std::length_error("vector::reserve"); }},
      {5, [] { throw DivergedError("a b"); }},
      {130, [] { throw InterruptedError("a b"); }},
      {1, [] { throw std::logic_error("a b"); }},
      {1, [] { TORCH_CHECK(false, "a b"); }},
  };
  for (const auto& [code, body] : cases) {
    const auto outcome = run_tool({"--input_dir", "x"}, body);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("error: ", 0), 0U) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

constexpr int kAllSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE};

TEST(Run, ASignalAsksToStop) {
  for (const int signal : kAllSignals) {
    const auto outcome = run_tool({"--input_dir", "x"}, [signal] {
      EXPECT_FALSE(interrupted());
      std::raise(signal);
      EXPECT_TRUE(interrupted());
      stop_if_interrupted();
    });
    EXPECT_EQ(outcome.code, 130);
    EXPECT_EQ(outcome.err, concat("error: stopped on request (", interrupt_name(), ")\n"));
  }
  catch_interrupts();
}

TEST(Run, WhoAsksTwiceIsImpatient) {
  for (const int signal : {SIGINT, SIGTERM})
    EXPECT_EXIT(
        {
          catch_interrupts();
          std::raise(signal);
          std::raise(SIGTERM);
        },
        testing::KilledBySignal(SIGTERM), "");
}

// A terminal that closes sends SIGHUP twice; a scheduler warns, then asks.
TEST(Run, OtherSignalsMayComeAgain) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        for (const int signal :
             {SIGHUP, SIGHUP, SIGUSR1, SIGUSR1, SIGXCPU, SIGXCPU, SIGPIPE, SIGPIPE, SIGTERM})
          std::raise(signal);
        std::fputs(interrupt_name(), stderr);
        std::_Exit(7);
      },
      testing::ExitedWithCode(7), "^SIGHUP$");
}

// As nohup does. A shell ignores SIGINT for its background, which is not meant so.
TEST(Run, WhatTheStarterIgnoresStaysIgnored) {
  for (const auto& [signal, noted] : {std::pair(SIGHUP, false), std::pair(SIGINT, true)})
    EXPECT_EXIT(
        {
          std::signal(signal, SIG_IGN);
          catch_interrupts();
          std::raise(signal);
          std::_Exit(interrupted() == noted ? 7 : 8);
        },
        testing::ExitedWithCode(7), "");
}

// Runs the tool in this process, which ends.
[[noreturn]] void exit_with_tool(std::vector<std::string> arguments, const std::function<void()>& body) {
  arguments.insert(arguments.begin(), "savp_tool");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  std::_Exit(
      cli::run<ToolOptions>(static_cast<int>(argv.size()), argv.data(), [&](const ToolOptions&) { body(); }));
}

TEST(Output, AFullOneIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "no /dev/full";
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"--help"}, ""}, {{"--version"}, ""}, {{"--input_dir", "x"}, "result\n"}};
  for (const auto& [arguments, printed] : cases)
    EXPECT_EXIT(
        {
          ::dup2(full, STDOUT_FILENO);
          exit_with_tool(arguments, [&] { std::cout << printed; });
        },
        testing::ExitedWithCode(4),
        "^error: standard output cannot be written \\(No space left on device\\): .*\n$");
  EXPECT_EXIT(
      {
        ::dup2(full, STDOUT_FILENO);
        exit_with_tool({"--input_dir", "x"}, [] { std::cout << "flushed" << std::endl << "more"; });
      },
      testing::ExitedWithCode(4), "^error: standard output cannot be written.*: .*\n$");
  // Nothing to write is well written.
  EXPECT_EXIT(
      {
        ::dup2(full, STDOUT_FILENO);
        exit_with_tool({"--input_dir", "x"}, [] {});
      },
      testing::ExitedWithCode(0), "^$");
  ::close(full);
}

TEST(Output, AnErrorBeforeItKeepsItsCode) {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "no /dev/full";
  EXPECT_EXIT(
      {
        ::dup2(full, STDOUT_FILENO);
        exit_with_tool({"--input_dir", "x"}, [] {
          std::cout << "half";
          throw DataError("a record is damaged");
        });
      },
      testing::ExitedWithCode(3), "^error: a record is damaged\n$");
  ::close(full);
}

// head and less leave when they have seen enough: nobody waits for a message.
TEST(Output, AReaderThatLeavesIsNotComplainedAbout) {
  EXPECT_EXIT(
      {
        int ends[2];
        if (::pipe(ends) != 0) std::_Exit(9);
        ::close(ends[0]);
        ::dup2(ends[1], STDOUT_FILENO);
        exit_with_tool({"--help"}, [] {});
      },
      testing::ExitedWithCode(130), "^$");
}

// Else the first file opened would be the standard output.
TEST(Output, AClosedOneIsNotMixedUpWithAFile) {
  EXPECT_EXIT(
      {
        ::close(STDOUT_FILENO);
        exit_with_tool({"--input_dir", "x"}, [] {
          if (::open("/dev/null", O_WRONLY) <= STDERR_FILENO) std::_Exit(9);
          std::cout << "result\n";
        });
      },
      testing::ExitedWithCode(4), "standard output cannot be written \\(Bad file descriptor\\)");
}

TEST(RunCommands, TheFirstArgumentChooses) {
  std::string ran;
  const Call call = [&](int argc, char** argv) {
    return cli::run_commands(
        argc, argv, "makes data",
        {cli::command<ToolOptions>("toy", [&](const ToolOptions&) { ran = "toy"; }),
         cli::command<ToolOptions>("videos", [&](const ToolOptions&) { ran = "videos"; })});
  };
  EXPECT_EQ(captured({"videos", "--input_dir", "x"}, call).code, 0);
  EXPECT_EQ(ran, "videos");
  EXPECT_EQ(captured({}, call).code, 2);
  EXPECT_NE(captured({"vidoes"}, call).err.find("did you mean videos?"), std::string::npos);
  EXPECT_NE(captured({"--help"}, call).out.find("  toy\n      does a thing"), std::string::npos);
  EXPECT_NE(captured({"toy", "--help"}, call).out.find("Usage: savp_tool toy --input_dir DIR"),
            std::string::npos);
  EXPECT_NE(captured({"--version"}, call).out.find("savp_tool 0."), std::string::npos);
}

}  // namespace
}  // namespace savp
