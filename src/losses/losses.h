// The losses: each a free function of tensors to a 0-dim tensor, named so as not to clash with ATen's.
#pragma once

#include <optional>

#include "core/model_hparams.h"
#include "core/video.h"
#include "nn/vgg.h"

namespace savp::losses {

// Mean absolute and mean squared difference.
Tensor l1(const Tensor& prediction, const Tensor& target);
Tensor l2(const Tensor& prediction, const Tensor& target);

// Half the squared distance of the vectors along `axis` after scaling to unit length, mean over
// all positions.
Tensor cosine_distance(const Tensor& a, const Tensor& b, int64_t axis = 1);

// The cosine distances of what the network sees in two sets of pictures [N, C, H, W], summed over its
// five sizes.
Tensor perceptual(const nn::Vgg16& vgg, const Tensor& prediction, const Tensor& target);

// The divergence of the probabilities that logits stand for from a target probability, of each element.
Tensor sigmoid_kl(const Tensor& logits, double target);

// Adversarial loss of logits against a label: 1 for true, 0 for generated (between: smoothed; not for SNGAN).
// GAN: sigmoid cross-entropy; LSGAN: squared difference (Mao et al. 2017); SNGAN: softplus, as in Miyato et
// al. 2018.
Tensor adversarial(const Tensor& logits, double label, GanLoss kind);

// KL(q || p), p a standard normal unless given: sum over the latents, mean over steps and sequences.
Tensor kl_divergence(const Gaussian& q, const std::optional<Gaussian>& p = std::nullopt);

// Total variation of flows [T, B, N, 2, H, W]: sum over flows and directions, mean over the rest, both
// axes added.
Tensor total_variation(const Tensor& flows);

// sqrt(x^2 + epsilon^2), mean.
Tensor charbonnier(const Tensor& x, double epsilon = 0.001);

}  // namespace savp::losses
