#include <exception>
#include <map>

#include "golden_runner/kinds.h"
#include "savp/core/error.h"

namespace savp::golden {
namespace {

// A kind of case that is one comparison.
using Runner = void (*)(const Case&, Comparison&);
const std::map<std::string, Runner> kRunners = {{"train_step", run_train_step},
                                                {"generator", run_generator},
                                                {"eval", run_evaluation},
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

}  // namespace

std::vector<Result> run_case(const Case& recorded) {
  try {
    const auto kind = recorded.json().value("kind", "unknown");
    if (kind == "op") return run_ops(recorded);
    return {run_one(recorded, kind)};
  } catch (const std::exception& error) {
    Result result{recorded.name(), {}};
    result.comparison.problem(first_line(error.what()));
    return {result};
  }
}

}  // namespace savp::golden
