#include "golden_runner/layouts.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "nn/transforms/transform.h"

namespace savp::golden {
namespace {

// A tensor of a prediction: its name, where it is, and the order of its axes in a case.
struct PredictionRow {
  const char* name;
  Tensor Prediction::*member;
  std::vector<int64_t> axes;
};
const PredictionRow kPrediction[] = {
    {"gen_images", &Prediction::images, {1, 0, 3, 4, 2}},
    {"gen_states", &Prediction::states, {1, 0, 2}},
    {"gen_pix_distribs", &Prediction::pix_distribs, {1, 0, 3, 4, 2}},
    {"gen_flows", &Prediction::flows, {1, 0, 4, 5, 3, 2}},
    {"masks", &Prediction::masks, {1, 0, 3, 4, 2}},
    {"transformed_images", &Prediction::transformed_images, {1, 0, 4, 5, 3, 2}},
    {"transformed_pix_distribs", &Prediction::transformed_pix_distribs, {1, 0, 4, 5, 3, 2}},
    {"ground_truth_sampling_mean", &Prediction::ground_truth_sampling_mean, {}},
};

void add(NamedTensors& out, const std::string& name, const Tensor& value, at::IntArrayRef axes) {
  if (value.defined()) out.emplace_back(name, value.permute(axes));
}

void add(NamedTensors& out, const std::string& suffix, const Prediction& prediction) {
  for (const auto& row : kPrediction) add(out, row.name + suffix, prediction.*row.member, row.axes);
  // Each step of a rollout has a scale of its own.
  std::vector<Tensor> colours;
  if (prediction.flows.defined())
    for (const auto& flows : prediction.flows.unbind(0)) colours.push_back(nn::flow_to_rgb(flows));
  if (!colours.empty()) add(out, "gen_flows_rgb" + suffix, at::stack(colours), {1, 0, 4, 5, 3, 2});
  for (auto& [name, value] : out)
    if (name == "masks" + suffix) value = value.unsqueeze(-2);  // [B, T, H, W, 1, M]
}

void add(NamedTensors& out, const std::string& suffix, const Gaussian& latents) {
  // Also where the first axes are not time and batch.
  out.emplace_back("zs_mu" + suffix, latents.mu.transpose(0, 1));
  out.emplace_back("zs_log_sigma_sq" + suffix, latents.log_sigma_sq.transpose(0, 1));
}

}  // namespace

Tensor video_to_case(const Tensor& video) { return video.permute({1, 0, 3, 4, 2}); }

Batch batch_of(const Case& recorded) {
  const auto input = [&](const char* name, at::IntArrayRef axes) {
    const auto key = concat("inputs/", name);
    return recorded.has(key) ? recorded.tensor(key).permute(axes).contiguous().to(device()) : Tensor();
  };
  return {input("images", {1, 0, 4, 2, 3}), input("actions", {1, 0, 2}), input("states", {1, 0, 2}),
          input("pix_distribs", {1, 0, 4, 2, 3})};
}

NamedTensors outputs_of(const GeneratorOutput& output) {
  NamedTensors out;
  add(out, "", output.prior);
  if (output.posterior) add(out, "_enc", *output.posterior);
  if (output.q) add(out, "_enc", *output.q);
  if (output.p) add(out, "_prior", *output.p);
  if (output.samples.defined()) {
    const auto samples = output.samples.permute({2, 0, 4, 5, 3, 1});  // [B, T - 1, H, W, C, S]
    out.emplace_back("gen_images_samples", samples);
    out.emplace_back("gen_images_samples_avg", samples.mean(-1));
  }
  return out;
}

// Channels last, and the first two axes as the reference leaves them: it swaps those of every output, as if
// all were time-major, so that the verdicts on single frames [B, ...] come out turned.
Tensor verdict_to_case(const std::string& name, const Tensor& value, int64_t batch_size) {
  const auto last = value.movedim(1, -1);
  if (name.starts_with("discrim_image_sn")) return last.transpose(0, 1);
  if (name.starts_with("discrim_images_sn")) return last.unflatten(0, {-1, batch_size}).transpose(0, 1);
  return last;
}

}  // namespace savp::golden
