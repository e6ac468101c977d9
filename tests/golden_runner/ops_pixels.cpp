// How pixels are moved: kernels and flows.
#include <torch/types.h>

#include "datasets/sequence.h"
#include "golden_runner/op_call.h"
#include "kernels/warp.h"
#include "nn/transforms/transform.h"

namespace savp::golden {
namespace {

// [B, N, C, H, W] -> N pictures [B, H, W, C].
void append(std::vector<Tensor>& pictures, const Tensor& warped) {
  for (const auto& picture : warped.unbind(1)) pictures.push_back(channels_last(picture));
}

Tensor cdna_kernels(const OpCall& call) {
  return call.input("kernels").permute({0, 3, 1, 2});
}  // [B, N, kh, kw]

void apply_cdna(OpCall& call) {
  std::vector<Tensor> pictures;
  append(pictures, kernels::cdna(call.channels_first("image"), cdna_kernels(call),
                                 {.dilation = call.size_arg("dilation_rate", 1)}));
  call.output_list(pictures);
}

void apply_dna(OpCall& call) {
  const auto kernels = call.input("kernels").permute({0, 5, 3, 4, 1, 2});  // [B, N, kh, kw, H, W]
  std::vector<Tensor> pictures;
  append(pictures, kernels::dna(call.channels_first("image"), kernels,
                                {.dilation = call.size_arg("dilation_rate", 1)}));
  call.output_list(pictures);
}

// Each picture with its share of the kernels; the reference loses the dilation on the way.
void apply_to_list(OpCall& call) {
  const auto images = call.pictures("image");
  const auto shares = cdna_kernels(call).chunk(static_cast<int64_t>(images.size()), 1);
  std::vector<Tensor> pictures;
  for (size_t i = 0; i < images.size(); ++i) append(pictures, kernels::cdna(images[i], shares[i]));
  call.output_list(pictures);
}

void apply_flows(OpCall& call) {
  const auto images = call.pictures("image");
  const auto flows = call.input("flows").permute({0, 4, 3, 1, 2});  // [B, N, 2, H, W]
  const auto shares = flows.chunk(static_cast<int64_t>(images.size()), 1);
  std::vector<Tensor> pictures;
  for (size_t i = 0; i < images.size(); ++i)
    for (const auto& flow : shares[i].unbind(1))
      pictures.push_back(channels_last(kernels::flow_warp(images[i], flow)));
  call.output_list(pictures);
}

void image_warp(OpCall& call) {
  call.output("out",
              channels_last(kernels::flow_warp(call.channels_first("im"), call.channels_first("flow"))));
}

void kernel_normalization(OpCall& call) {
  call.output("out",
              nn::normalize_kernels(cdna_kernels(call), /*first_kernel_axis=*/2).permute({0, 2, 3, 1}));
}

void flow_to_rgb(OpCall& call) {
  const auto flows = call.input("flows").movedim(-1, -3);  // x and y before two axes, whatever those are
  call.output("out", nn::flow_to_rgb(flows).movedim(-3, -1));
}

// As the data reader draws designated pixels.
void pixel_distribution(OpCall& call) {
  const auto positions = call.input("pos").cpu();
  const auto height = call.arg<int64_t>("height", 0), width = call.arg<int64_t>("width", 0);
  auto maps = torch::zeros({positions.size(0), height, width});
  draw_points(positions.contiguous().const_data_ptr<float>(), positions.size(0), height, width,
              maps.mutable_data_ptr<float>());
  call.output("out", maps);
}

}  // namespace

const std::vector<OpRow>& pixel_ops() {
  static const std::vector<OpRow> kRows = {
      {"savp_model.apply_cdna_kernels", apply_cdna},
      {"savp_model.apply_dna_kernels", apply_dna},
      {"savp_model.apply_kernels", apply_to_list},
      {"savp_model.apply_flows", apply_flows},
      {"flow_ops.image_warp", image_warp},
      {"tf_utils.flow_to_rgb", flow_to_rgb},
      {"tf_utils.pixel_distribution", pixel_distribution},
      {"savp_model (kernel_normalization)", kernel_normalization},
  };
  return kRows;
}

}  // namespace savp::golden
