// Two results of the same sequences, compared sequence by sequence.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "evaluation/intervals.h"

namespace savp {

// One number of both, from its best samples where it has them.
struct PairedDifference {
  std::string label;  // "psnr max"
  int decimals = 4;
  double a = 0, b = 0;  // mean over sequences and frames
  Interval difference;  // of a - b, by bootstrap over the sequences, the same ones for both
};

struct Comparison {
  std::vector<PairedDifference> differences;
  std::vector<std::string> left_out;  // "fvd: ..." with the reason
};

// Of two result folders of savp_evaluate. Metrics that only one has, or that were measured otherwise, are
// left out, and so are those of whole sets that cannot be computed: because a folder has not kept the
// features of its videos, or those of too few. Throws DataError where a folder has no sound summary or
// something damaged, UsageError where nothing can be compared.
Comparison compare(const std::filesystem::path& a, const std::filesystem::path& b);

// A line for each difference, "psnr max  21.1408  20.2210  0.9198  [0.1012, 1.7384]".
std::string text(const Comparison& comparison);

}  // namespace savp
