// Some sequences of results as moving pictures: what happened, and what each model predicted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/image.h"
#include "reports/result.h"

namespace savp::reports {

// A sequence that is shown, and why.
struct Choice {
  int64_t sequence;  // as files are numbered
  std::string why;   // "best by psnr, rank 1 of 256"
};

// Sequences by their rank in the first metric that has a number for each of them, from the best to the worst
// at equal distances, so that nobody chose them by hand; at most `count`. None where there are no pictures.
std::vector<Choice> choose_sequences(const Result& result, int64_t count);

struct Clip {
  std::string label;  // "best sample by psnr"
  Picture strip;      // all frames side by side
  int64_t frames = 0;
  int64_t context = 0;  // frames that the model was given
};

// What happened, or nothing where the results do not hold it.
std::vector<Clip> truth_clips(const Result& result, int64_t sequence);

// The best and the worst sample by the first metric, and the first samples, as far as they are there.
std::vector<Clip> predicted_clips(const Result& result, int64_t sequence);

}  // namespace savp::reports
