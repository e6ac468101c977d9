// How exactly metrics are computed where papers differ. docs/evaluation.md has the formulas.
#pragma once

#include <cstdint>
#include <string>

#include "metrics/metric_names.h"

namespace savp {

enum class PsnrOrder { kOfFrame, kOfChannels, kOfMeanError };
enum class SsimKind { kGaussian, kLuma, kUniform };

// What I3D sees.
enum class FvdInput { kOriginal, kStyleganV, kUnrounded };
template <>
struct EnumNames<FvdInput> {
  static constexpr std::pair<FvdInput, const char*> kTable[] = {{FvdInput::kOriginal, "original"},
                                                                {FvdInput::kStyleganV, "stylegan-v"},
                                                                {FvdInput::kUnrounded, "unrounded"}};
};

struct MetricDefinitions {
  PsnrOrder psnr = PsnrOrder::kOfFrame;
  SsimKind ssim = SsimKind::kGaussian;
  bool summed_errors = false;  // mse and mae over pixels and channels, instead of their means
  bool clipped = false;        // predictions to 0..1 before psnr, ssim and lpips
  FvdInput fvd = FvdInput::kOriginal;
  bool fvd_context = false;  // fvd and kvd look at the context frames, too
  int64_t fvd_samples = 1;   // futures of each sequence that fvd and kvd look at
};

// "I3D Kinetics-400 logits; predicted frames; 1 future of each sequence; bytes, TensorFlow 1's resizing":
// what a metric of whole sets looks at.
std::string words(const MetricTraits& traits, const MetricDefinitions& how);

}  // namespace savp
