// The transformations of Finn, Goodfellow and Levine 2016 (arXiv 1605.07157) in their first form: kernels
// start from nothing instead of the identity, and beyond its border a picture is black.
#pragma once

#include <memory>
#include <string>

#include "nn/transforms/transform.h"

namespace savp::nn {

// A kernel for the whole picture (as many as there are motions), a kernel for every pixel (one motion), an
// affine map of the picture (as many as there are motions).
enum class Advection { kCdna, kDna, kStp };

struct AdvectionOptions {
  Size2 kernel_size = {5, 5};  // cdna, dna
  int64_t estimated = 10;      // motions that are estimated
  int64_t used = 10;           // the first of them are
  int64_t smallest_channels = 0, smallest_height = 0, smallest_width = 0, last_channels = 0;
  int64_t stp_units = 100;  // between the smallest layer and the affine maps
  std::string dna_scope = "convt4", stp_scope = "fc_stp", stp_suffix = "";
};
// Places its variables in the root under the published names.
std::shared_ptr<PixelTransform> make_advection(Advection kind, const AdvectionOptions& options,
                                               torch::nn::Module& root);

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::Advection> {
  static constexpr std::pair<nn::Advection, const char*> kTable[] = {
      {nn::Advection::kCdna, "cdna"}, {nn::Advection::kDna, "dna"}, {nn::Advection::kStp, "stp"}};
};
}  // namespace savp
