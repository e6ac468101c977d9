#include <exception>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "golden_runner/data.h"
#include "golden_runner/kinds.h"

namespace savp::golden {
namespace {

// A kind of case that is one comparison.
using Runner = void (*)(const Case&, Comparison&);
const std::map<std::string, Runner> kRunners = {{"train_step", run_train_step},
                                                {"generator", run_generator},
                                                {"eval", run_evaluation},
                                                {"batches", run_batches},
                                                {"table", run_schedules}};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Result run_one(const Case& recorded, const std::string& kind) {
  Result result{recorded.name(), {}};
  const auto runner = kRunners.find(kind);
  if (runner == kRunners.end())
    result.comparison.problem("cases of kind " + kind + " are not covered yet");
  else
    runner->second(recorded, result.comparison);
  return result;
}

// Cases of the data reader do not name their kind.
std::string kind_of(const Json& c) {
  const bool batches = c.contains("dataset") && c.contains("batch_size") && c.contains("input_dir");
  return c.value("kind", batches ? "batches" : "unknown");
}

using FileRunner = std::vector<Result> (*)(const std::string& path);
template <std::vector<Result> (*kRun)(const Json&)>
std::vector<Result> run_json(const std::string& path) {
  return kRun(read_json(path));
}
const std::map<std::string, FileRunner> kFiles = {
    {"case.json",
     [](const std::string& path) {
       return run_case(Case::load(std::filesystem::path(path).parent_path().string()));
     }},
    {"parse_cases.json", run_json<run_parse_cases>},
    {"class_merge_cases.json", run_json<run_class_merges>},
    {"defaults.json", run_json<run_defaults>},
};

}  // namespace

bool holds_cases(const std::string& file_name) { return kFiles.contains(file_name); }

std::string name_of(const std::string& path) {
  const std::filesystem::path file(path);
  return (file.filename() == "case.json" ? file.parent_path() : file).stem().string();
}

std::vector<Result> run_file(const std::string& path) {
  return kFiles.at(std::filesystem::path(path).filename().string())(path);
}

std::vector<Result> run_case(const Case& recorded) {
  try {
    const auto kind = kind_of(recorded.json());
    if (kind == "op") return run_ops(recorded);
    if (kind == "error_table") return run_errors(recorded);
    return {run_one(recorded, kind)};
  } catch (const std::exception& error) {
    Result result{recorded.name(), {}};
    result.comparison.problem(first_line(error.what()));
    return {result};
  }
}

}  // namespace savp::golden
