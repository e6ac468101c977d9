// savp_golden DIR...: runs every recorded case under the directories and says how near our numbers are to
// the reference.
#include <ATen/Context.h>
#include <fnmatch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "core/device.h"
#include "core/error.h"
#include "golden_runner/case.h"
#include "golden_runner/kinds.h"

namespace savp::golden {
namespace {

namespace fs = std::filesystem;

// The files that hold cases, sorted. Throws DataError for a directory without any.
std::vector<std::string> find_cases(const std::vector<std::string>& directories) {
  std::vector<std::string> files;
  for (const auto& directory : directories) {
    SAVP_CHECK(fs::is_directory(directory), DataError, directory, ": is not a directory");
    const auto before = files.size();
    for (const auto& entry :
         fs::recursive_directory_iterator(directory, fs::directory_options::follow_directory_symlink))
      if (holds_cases(entry.path().filename())) files.push_back(entry.path());
    SAVP_CHECK(files.size() > before, DataError, directory, ": no case.json in it or below");
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Run {
 public:
  Run(std::vector<std::string> patterns, bool verbose) : patterns_(std::move(patterns)), verbose_(verbose) {}

  void add(const std::string& file) {
    const auto name = name_of(file);
    // A pattern may name a case or, as "ops/conv2d*", functions of one.
    const auto of_case = [&](const std::string& pattern) {
      return matches(pattern.substr(0, pattern.find('/')), name);
    };
    if (!patterns_.empty() && std::none_of(patterns_.begin(), patterns_.end(), of_case)) return;
    for (const auto& result : results(file))
      if (wanted(result.name)) report(result);
  }
  int finish() const {
    std::cout << passed_ << " passed, " << failed_ << " failed";
    if (left_out_ > 0) std::cout << "; " << left_out_ << " recorded cases have nothing here to compare with";
    std::cout << '\n';
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  static bool matches(const std::string& pattern, const std::string& name) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  }
  bool wanted(const std::string& name) const {
    const auto fits = [&](const std::string& pattern) {
      return matches(pattern, name) || matches(pattern, name.substr(0, name.find('/')));
    };
    return patterns_.empty() || std::any_of(patterns_.begin(), patterns_.end(), fits);
  }
  static std::vector<Result> results(const std::string& file) {
    try {
      return run_file(file);
    } catch (const std::exception& error) {
      Result unreadable{name_of(file), {}};
      unreadable.comparison.problem(error.what());
      return {unreadable};
    }
  }
  void report(const Result& result) {
    const auto& comparison = result.comparison;
    const bool passed = comparison.passed();
    left_out_ += comparison.left_out();
    if (!comparison.only_left_out()) ++(passed ? passed_ : failed_);
    std::cout << (comparison.only_left_out() ? "SKIP "
                  : passed                   ? "PASS "
                                             : "FAIL ")
              << result.name << ' ' << comparison.summary() << std::endl;
    if (!verbose_) return;
    for (const auto& line : result.comparison.lines()) std::cout << line << '\n';
  }

  std::vector<std::string> patterns_;
  bool verbose_;
  int64_t passed_ = 0, failed_ = 0;
  int64_t left_out_ = 0;  // cases
};

}  // namespace

int run(const std::vector<std::string>& directories, const std::vector<std::string>& patterns, bool verbose) {
  Run run(patterns, verbose);
  for (const auto& file : find_cases(directories)) run.add(file);
  return run.finish();
}

at::Device first_gpu() {
  const auto gpu = device_named("auto");
  SAVP_CHECK(gpu.is_cuda(), UsageError,
             "--device cuda: this machine has no CUDA device that LibTorch can use");
  at::globalContext().setAllowTF32CuBLAS(false);  // the cases were recorded in float
  at::globalContext().setAllowTF32CuDNN(false);
  return gpu;
}

}  // namespace savp::golden

int main(int argc, char** argv) {
  CLI::App app(
      "Runs recorded cases of the reference implementation and compares: one line a case, exit 1 on "
      "any FAIL.");
  std::vector<std::string> directories, patterns;
  bool verbose = false;
  std::string where = "cpu";
  app.add_option("directories", directories,
                 "searched for folders with a case.json, and for tables of hyperparameters")
      ->required();
  app.add_option("--filter", patterns, "names to run, with * and ?")->expected(1, -1);
  app.add_flag("--verbose", verbose, "list every compared tensor");
  app.add_option("--device", where, "where to compute: cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  CLI11_PARSE(app, argc, argv);
  try {
    if (where == "cuda") savp::golden::device() = savp::golden::first_gpu();
    return savp::golden::run(directories, patterns, verbose);
  } catch (const savp::Error& error) {
    std::cerr << "savp_golden: " << error.what() << '\n';
    return static_cast<int>(error.code());
  }
}
