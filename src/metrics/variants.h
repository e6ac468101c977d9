// Metrics as other papers compute them, under names that say what differs from metrics.h. Axes and errors are
// the same.
#pragma once

#include <ATen/core/Tensor.h>

namespace savp {

// Mean over channels of the peak signal-to-noise ratio of each (SVG, SRVP).
at::Tensor psnr_of_channels(const at::Tensor& a, const at::Tensor& b);

// Peak signal-to-noise ratio of the mean squared error over all frames (the first axis), the same for each
// frame (MCVD).
at::Tensor psnr_of_mean_error(const at::Tensor& a, const at::Tensor& b);

// ssim() of the luma, both rounded as pictures in files are (MCVD): bytes by floor(255 x), luma as in
// Rec. 601.
at::Tensor ssim_of_luma(const at::Tensor& a, const at::Tensor& b);

// scikit-image's structural_similarity of floats without data_range: 7 x 7 uniform window within the picture,
// covariances of a sample (divided by 48), range 2 (OpenSTL). Pictures of at least 7 x 7.
at::Tensor ssim_of_uniform_window(const at::Tensor& a, const at::Tensor& b);

// Squared and absolute differences summed over pixels and channels (OpenSTL).
at::Tensor summed_squares(const at::Tensor& a, const at::Tensor& b);
at::Tensor summed_differences(const at::Tensor& a, const at::Tensor& b);

}  // namespace savp
