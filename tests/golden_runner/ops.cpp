#include <exception>

#include "golden_runner/kinds.h"
#include "golden_runner/op_call.h"

namespace savp::golden {
namespace {

const OpRow* find_op(const std::string& function) {
  for (const auto* table : {&layer_ops(), &network_ops(), &pixel_ops(), &measure_ops(), &further_ops()})
    for (const auto& row : *table)
      if (row.function == function) return &row;
  return nullptr;
}

void run_op(const Case& recorded, const Json& op, Comparison& comparison) {
  const auto* row = find_op(op["function"].get<std::string>());
  if (row == nullptr) return comparison.problem("we have no " + op["function"].get<std::string>());
  OpCall call(recorded, op);
  row->run(call);
  call.compare(comparison);
}

}  // namespace

std::vector<Result> run_ops(const Case& recorded) {
  std::vector<Result> results;
  for (const auto& op : recorded.json()["ops"]) {
    results.push_back({recorded.name() + "/" + op["name"].get<std::string>(), {}});
    auto& comparison = results.back().comparison;
    try {
      run_op(recorded, op, comparison);
    } catch (const std::exception& error) {
      const std::string text = error.what();
      comparison.problem(text.substr(0, text.find('\n')));
    }
  }
  return results;
}

}  // namespace savp::golden
