// How near a picture comes to the true one. The last three axes are averaged away: two videos [T, B, C, H, W]
// give [T, B]. Leading axes broadcast, so one truth [T, 1, B, C, H, W] can meet all samples [T, S, B, C, H,
// W]. Values are taken as they are, not clipped; the range of a picture is 0..1.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "metrics/metric_names.h"

namespace savp {

// Mean squared difference.
at::Tensor mse(const at::Tensor& a, const at::Tensor& b);

// Peak signal-to-noise ratio in dB; infinite for equal pictures.
at::Tensor psnr(const at::Tensor& a, const at::Tensor& b);

// Mean absolute difference.
at::Tensor mae(const at::Tensor& a, const at::Tensor& b);

// Mean squared difference of neighbouring pixels, down and across: what blur takes away. [..., C, H, W] of at
// least 2 x 2 pixels -> [...]
at::Tensor gradient_energy(const at::Tensor& pictures);

// Structural similarity (Wang et al. 2004): Gaussian window of 11 x 11 pixels with a deviation of 1.5, only
// where it lies wholly inside the picture, constants 0.01 and 0.03, mean over positions and channels.
// Pictures of at least 11 x 11.
at::Tensor ssim(const at::Tensor& a, const at::Tensor& b);

struct Metric {
  using Measure = std::function<at::Tensor(const at::Tensor& truth, const at::Tensor& prediction)>;

  std::string name;  // in file names and tables
  Measure measure;
  bool higher_is_better;
  int decimals;                 // in printed tables
  std::string definition = {};  // what exactly is measured, in words
  std::string network = {};     // the file that it looks through; empty: none
};

// With the traits of that name.
Metric frame_metric(MetricName name, Metric::Measure measure);

// Those that need nothing but the two pictures, in the order of the published evaluation.
const std::vector<Metric>& metrics();

}  // namespace savp
