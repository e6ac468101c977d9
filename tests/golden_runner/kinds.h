// How each kind of case is run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "golden_runner/case.h"
#include "golden_runner/comparison.h"
#include "golden_runner/layouts.h"

namespace savp::golden {

// One line of the result: a case, or one of the functions of a case.
struct Result {
  std::string name;
  Comparison comparison;
};

// Runs a case of any kind. What cannot be run is a problem of its result.
std::vector<Result> run_case(const Case& recorded);

// Files of cases: case.json, which describes the folder it is in, and tables of small cases.
bool holds_cases(const std::string& file_name);
// What the filter and the results call the file's cases: "op_conv2d", "parse_cases".
std::string name_of(const std::string& path);
// Throws where the file cannot be read.
std::vector<Result> run_file(const std::string& path);

void run_train_step(const Case& recorded, Comparison& comparison);
void run_generator(const Case& recorded, Comparison& comparison);
void run_evaluation(const Case& recorded, Comparison& comparison);
void run_schedules(const Case& recorded, Comparison& comparison);
std::vector<Result> run_ops(const Case& recorded);
std::vector<Result> run_errors(const Case& recorded);

// outputs/<name>: those at hand, cut to the slices that are stored; and the metrics of the prior's images
// over the frames after the context. All outputs that the case stores must be there, except those that
// `elsewhere` accepts.
void compare_outputs(const Case& recorded, const NamedTensors& outputs, Comparison& comparison,
                     const std::function<bool(const std::string&)>& elsewhere);
NamedTensors metrics_of(const Case& recorded, const Tensor& images);

}  // namespace savp::golden
