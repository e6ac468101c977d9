#include "models/composition.h"

#include <torch/types.h>

namespace savp {

std::vector<Tensor*> Scene::tensors() {
  std::vector<Tensor*> all = {&current, &first, &last_context, &latest_context, &scratch};
  for (auto* frames : {&last, &context})
    for (auto& frame : *frames) all.push_back(&frame);
  return all;
}

Candidate still(Tensor Scene::*frame) {
  return {1, [frame](const Scene& scene, const nn::Motion&) { return (scene.*frame).unsqueeze(1); }};
}

Candidate all_context(int64_t context_frames) {
  return {context_frames,
          [](const Scene& scene, const nn::Motion&) { return torch::stack(scene.context, 1); }};
}

Candidate moved(int64_t count) {
  return {count, [](const Scene& scene, const nn::Motion& motion) { return motion.warp(scene.last); }};
}

Composition compose(const std::vector<Candidate>& candidates, const Scene& scene, const nn::Motion& motion) {
  std::vector<Tensor> frames;
  for (const auto& candidate : candidates) frames.push_back(candidate.frames(scene, motion));
  return {{}, torch::cat(frames, 1)};
}

Composition compose_pixels(const std::vector<Candidate>& candidates, Scene& scene, const nn::Motion& motion,
                           const Tensor& masks) {
  scene.scratch = scene.current;
  auto pixels = compose(candidates, scene, motion);
  const auto mixed = kernels::weighted_sum(pixels.candidates, masks);
  pixels.frame = mixed / mixed.sum({2, 3}, /*keepdim=*/true);
  return pixels;
}

}  // namespace savp
