// The structs of tensors that everybody speaks. A video is time-major [T, B, C, H, W], float, in [0, 1], from
// the decoder to the writer. T counts the frames of a sequence, context included; a prediction has the T - 1
// frames that follow the first. An undefined tensor means "not there".
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace savp {

using at::Tensor;

// Sizes of one video and of what comes with it; 0 means "not there".
struct VideoShape {
  int64_t channels = 3;
  int64_t height = 64;       // pixels
  int64_t width = 64;        // pixels
  int64_t actions = 0;       // numbers an action
  int64_t states = 0;        // numbers a state
  int64_t pix_distribs = 0;  // distributions over pixels
};

// Sequences as they come from a dataset.
struct Batch {
  Tensor images;   // [T, B, C, H, W] in [0, 1]; the frames after the context may be missing when predicting
  Tensor actions;  // [T - 1, B, A], action t leads from frame t to t + 1
  Tensor states;   // [T, B, S]
  Tensor pix_distribs;  // [T, B, P, H, W], each sums to 1 over H, W

  int64_t batch_size() const { return images.size(1); }
  VideoShape shape() const {
    return {images.size(2),
            images.size(3),
            images.size(4),
            actions.defined() ? actions.size(2) : 0,
            states.defined() ? states.size(2) : 0,
            pix_distribs.defined() ? pix_distribs.size(2) : 0};
  }
  Batch to(const at::Device& device) const {
    const auto move = [&](const Tensor& t) { return t.defined() ? t.to(device, /*non_blocking=*/true) : t; };
    return {move(images), move(actions), move(states), move(pix_distribs)};
  }
};

// A diagonal Gaussian: mean and log variance, the variables last; [T - 1, B, nz] for one at each step.
struct Gaussian {
  Tensor mu;
  Tensor log_sigma_sq;
};

// What a predictor says of the frames 1 .. T - 1.
struct Prediction {
  Tensor images;        // [T - 1, B, C, H, W]
  Tensor states;        // [T - 1, B, S]
  Tensor pix_distribs;  // [T - 1, B, P, H, W]
  Tensor flows;         // [T - 1, B, N, 2, H, W], x then y, in pixels

  // How the frames were composed, kept only on request (StepContext::details).
  Tensor masks;                       // [T - 1, B, M, H, W], sums to 1 over M
  Tensor transformed_images;          // [T - 1, B, M, C, H, W]
  Tensor transformed_pix_distribs;    // [T - 1, B, M, P, H, W]
  Tensor ground_truth_sampling_mean;  // 0-dim: share of true frames that were fed after the context

  // f of every tensor that has time and batch as its first axes, where it is there.
  template <class F>
  Prediction map(const F& f) const {
    auto mapped = *this;
    for (auto member :
         {&Prediction::images, &Prediction::states, &Prediction::pix_distribs, &Prediction::flows,
          &Prediction::masks, &Prediction::transformed_images, &Prediction::transformed_pix_distribs})
      if ((this->*member).defined()) mapped.*member = f(this->*member);
    return mapped;
  }
};

// What a generator may give beside images: what a loss may need.
enum class OutputKind { kImages, kStates, kFlows, kLatents, kPosterior, kVerdicts, kFeatures };

// A generator's outputs at a training step. A deterministic one has only `prior`.
struct GeneratorOutput {
  Prediction prior;                     // unrolled with latents of the prior (summaries: no suffix)
  std::optional<Prediction> posterior;  // unrolled with latents of the posterior (summaries: suffix _enc)
  std::optional<Gaussian> q;            // posterior, sees the frames before and after each step
  std::optional<Gaussian> p;            // learned prior
  Tensor samples;                       // [T - 1, S, B, C, H, W], further prior rollouts, on request
};

// What a discriminator says of N videos (or frames).
struct Verdict {
  Tensor logits;                 // [N, 1]
  std::vector<Tensor> features;  // of each layer, [N, C, (D,) H, W]
};

// One discriminator's verdicts on true and generated videos. infix: "_image_sn", "_images_sn" or "_video_sn".
struct Judgement {
  std::string infix;
  bool posterior = false;  // generated with latents of the posterior ("vae_gan") or the prior ("gan")
  Verdict real, fake;
};

}  // namespace savp
