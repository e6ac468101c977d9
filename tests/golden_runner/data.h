// Recorded cases of the data reader and of hyperparameters, which lie in folders A_datasets, B_batches ...
// beside each other.
#pragma once

#include <string>
#include <vector>

#include "golden_runner/kinds.h"

namespace savp::golden {

// A folder of B_batches: what a data set with these hyperparameters gives, or the error that it ends in.
void run_batches(const Case& recorded, Comparison& comparison);

// parse_cases.json, class_merge_cases.json and defaults.json: texts and dictionaries to values, the defaults
// of all models and data sets.
std::vector<Result> run_parse_cases(const Json& file);
std::vector<Result> run_class_merges(const Json& file);
std::vector<Result> run_defaults(const Json& file);

}  // namespace savp::golden
