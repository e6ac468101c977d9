#include "evaluation/action_plans.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "core/error.h"
#include "io/array_file.h"
#include "io/whole_file.h"

namespace savp {
namespace {

struct Rows {
  std::string name;
  std::vector<std::vector<float>> steps;
};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) {
    const auto first = cell.find_first_not_of(" \t\r"), last = cell.find_last_not_of(" \t\r");
    found.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return found;
}

std::optional<float> number(const std::string& text) {
  float value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  return code == std::errc() && stop == end && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<float> numbers(const std::vector<std::string>& cells, const std::string& where, int64_t size) {
  SAVP_CHECK(static_cast<int64_t>(cells.size()) == size + 1, DataError, where, ": has ", cells.size(),
             " columns, but the plan's name and ", size, " numbers of an action are needed");
  std::vector<float> values;
  for (size_t i = 1; i < cells.size(); ++i) {
    const auto value = number(cells[i]);
    SAVP_CHECK(value, DataError, where, ": \"", cells[i], "\" is not a number");
    values.push_back(*value);
  }
  return values;
}

std::vector<Rows> read_csv(const std::string& path, int64_t size) {
  std::vector<Rows> plans;
  std::istringstream in(read_whole_file(path));
  int64_t line_number = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    const auto row = cells(line);
    if (row.empty() || (row.size() == 1 && row[0].empty())) continue;
    if (line_number == 1 && row.size() > 1 && !number(row[1])) continue;
    auto values = numbers(row, concat(path, ":", line_number), size);
    if (plans.empty() || plans.back().name != row[0]) plans.push_back({row[0], {}});
    plans.back().steps.push_back(std::move(values));
  }
  return plans;
}

std::vector<ActionPlan> from_csv(const std::string& path, int64_t size) {
  std::vector<ActionPlan> plans;
  for (const auto& rows : read_csv(path, size)) {
    auto actions = at::empty({static_cast<int64_t>(rows.steps.size()), size}, at::kFloat);
    auto* to = actions.mutable_data_ptr<float>();
    for (const auto& step : rows.steps) to = std::copy(step.begin(), step.end(), to);
    plans.push_back({rows.name, actions});
  }
  return plans;
}

std::vector<ActionPlan> from_arrays(const std::string& path, int64_t size) {
  const ArrayFile file(path);
  SAVP_CHECK(file.has("actions"), DataError, path, ": has no array \"actions\"");
  auto reader = file.open("actions");
  const auto shape = reader.header().shape;
  SAVP_CHECK(shape.size() == 3 && shape[2] == size && shape[0] > 0 && shape[1] > 0, DataError, path,
             ": actions have the shape ", shape_text(shape), ", but [plans, steps, ", size, "] is needed");
  const auto values = reader.read_floats(reader.header().values());
  reader.finish();
  const auto all = at::tensor(values, at::kFloat).view(shape);
  SAVP_CHECK(all.isfinite().all().item<bool>(), DataError, path, ": holds a value that is not finite");
  std::vector<ActionPlan> plans;
  for (int64_t i = 0; i < shape[0]; ++i) plans.push_back({concat("plan ", i), all[i]});
  return plans;
}

}  // namespace

std::vector<ActionPlan> read_action_plans(const std::string& path, int64_t least, int64_t size) {
  constexpr size_t kMost = 64;
  auto plans = is_array_name(path) ? from_arrays(path, size) : from_csv(path, size);
  SAVP_CHECK(!plans.empty() && plans.size() <= kMost, DataError, path, ": holds ", plans.size(),
             " sequences of actions, from 1 to ", kMost, " can be compared");
  for (const auto& plan : plans)
    SAVP_CHECK(plan.actions.size(0) >= least, DataError, path, ": ", plan.name, " has ", plan.actions.size(0),
               " actions, one for each of ", least,
               " predicted frames is needed: add some, or "
               "lower --sequence_length");
  return plans;
}

double action_sensitivity(const std::vector<at::Tensor>& futures) {
  double sum = 0;
  int64_t pairs = 0;
  for (size_t i = 0; i < futures.size(); ++i)
    for (size_t j = i + 1; j < futures.size(); ++j, ++pairs)
      sum += (futures[i].clamp(0, 1) - futures[j].clamp(0, 1)).abs().mean().item<double>() * 255;
  return pairs > 0 ? sum / static_cast<double>(pairs) : 0;
}

}  // namespace savp
