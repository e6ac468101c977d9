// Stochastic adversarial video prediction (Lee et al. 2018, arXiv 1804.01523).
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/model_hparams.h"
#include "core/schedule.h"
#include "models/generator.h"
#include "nn/conv_rnn.h"
#include "nn/encoder.h"
#include "nn/layers.h"
#include "nn/rnn.h"
#include "nn/transforms/transform.h"

namespace savp {

enum class WhereAdd { kInput, kMiddle, kAll };
template <>
struct EnumNames<WhereAdd> {
  static constexpr std::pair<WhereAdd, const char*> kTable[] = {
      {WhereAdd::kInput, "input"}, {WhereAdd::kMiddle, "middle"}, {WhereAdd::kAll, "all"}};
};

enum class ScheduleSampling { kNone, kInverseSigmoid, kLinear };
template <>
struct EnumNames<ScheduleSampling> {
  static constexpr std::pair<ScheduleSampling, const char*> kTable[] = {
      {ScheduleSampling::kNone, "none"},
      {ScheduleSampling::kInverseSigmoid, "inverse_sigmoid"},
      {ScheduleSampling::kLinear, "linear"}};
};

struct SavpHparams : TrainHparams {
  using Self = SavpHparams;
  SavpHparams() {
    l1_weight = 1.0;
    l2_weight = 0.0;
  }
  HPARAM(int64_t, n_layers, 3, "layers of the encoder (posterior)", (Between{1, limits::kLayers}));
  HPARAM(int64_t, ndf, 32, "discriminator filters in the first layer", (Between{1, limits::kFilters}));
  HPARAM(nn::NormLayer, norm_layer, nn::NormLayer::kInstance, "normalisation");
  HPARAM(bool, use_same_discriminator, false, "one discriminator for prior and posterior samples");
  HPARAM(int64_t, ngf, 32, "generator filters in the first layer", (Between{1, limits::kFilters}));
  HPARAM(nn::DownsampleLayer, downsample_layer, nn::DownsampleLayer::kConvPool2d,
         "how the generator halves the resolution");
  HPARAM(nn::UpsampleLayer, upsample_layer, nn::UpsampleLayer::kUpsampleConv2d,
         "how the generator doubles the resolution");
  HPARAM(nn::ActivationLayer, activation_layer, nn::ActivationLayer::kRelu, "nonlinearity of the generator");
  HPARAM(nn::Transformation, transformation, nn::Transformation::kCdna, "how pixels move between frames");
  HPARAM(Size2, kernel_size, (Size2{5, 5}), "cdna and dna kernels: height, width (pixels)",
         (Between{1, limits::kTaps}));
  HPARAM(Size2, dilation_rate, (Size2{1, 1}), "cdna and dna kernels: distance of their taps (pixels)",
         (Between{1, limits::kSpread}));
  HPARAM(WhereAdd, where_add, WhereAdd::kAll, "layers that see actions, states and latents");
  HPARAM(bool, use_tile_concat, true, "they see them as constant channels (otherwise through a dense layer)");
  HPARAM(bool, learn_initial_state, false, "learn the recurrent states of the first step");
  HPARAM(nn::RnnKind, rnn, nn::RnnKind::kLstm, "recurrent cell for vectors");
  HPARAM(nn::ConvRnnKind, conv_rnn, nn::ConvRnnKind::kLstm, "recurrent cell for feature maps");
  HPARAM(nn::NormLayer, conv_rnn_norm_layer, nn::NormLayer::kInstance,
         "normalisation inside the convolutional recurrent cell");
  HPARAM(int64_t, num_transformed_images, 4, "transformed copies of each of the last frames",
         (Between{0, limits::kCopies}));
  HPARAM(int64_t, last_frames, 1, "how many of the last frames are transformed",
         (Between{1, limits::kCopies}));
  HPARAM(bool, prev_image_background, true, "compose with the previous frame");
  HPARAM(bool, first_image_background, true, "compose with the first frame");
  HPARAM(bool, last_image_background, false, "compose with the last context frame");
  HPARAM(bool, last_context_image_background, false, "compose with the latest true context frame");
  HPARAM(bool, context_images_background, false,
         "compose with all context frames (instead of the three above)");
  HPARAM(bool, generate_scratch_image, true, "compose with a frame made from nothing");
  HPARAM(bool, dependent_mask, true, "masks are computed with the frames they compose in view");
  HPARAM(ScheduleSampling, schedule_sampling, ScheduleSampling::kInverseSigmoid,
         "how true frames after the context give way to generated ones in training");
  HPARAM(double, schedule_sampling_k, 900.0, "speed of the inverse sigmoid (steps)");
  HPARAM(Size2, schedule_sampling_steps, (Size2{0, 100000}),
         "first, last step of the schedule (inverse sigmoid: first only)", (Between{0, limits::kSteps}));
  HPARAM(bool, use_e_rnn, false, "a recurrent layer in the encoder");
  HPARAM(bool, learn_prior, false, "learn the prior of the latents instead of a standard normal one");
  HPARAM(int64_t, nz, 8, "latent variables per step; 0: deterministic", (Between{0, limits::kFilters}));
  HPARAM(int64_t, num_samples, 8, "sampled rollouts shown in summaries", (Between{1, limits::kFutures}));
  HPARAM(int64_t, nef, 64, "encoder filters in the first layer", (Between{1, limits::kFilters}));
  HPARAM(bool, use_rnn_z, true, "a recurrent layer on the latents");
  HPARAM(bool, ablation_conv_rnn_norm, false, "normalise outside the convolutional recurrent cell");
  HPARAM(bool, ablation_rnn, false, "no recurrence");
};

struct RolloutStep;
struct NextFrame;

class SavpGenerator : public Generator {
 public:
  SavpGenerator(const SavpHparams& hparams, const VideoShape& shape);
  ~SavpGenerator() override;

  GeneratorOutput forward(const Batch& batch, const StepContext& now) override;
  std::unique_ptr<Continuation> start(const Batch& batch, int64_t shown) override;
  bool stochastic() const override { return hparams_.nz > 0; }
  std::set<OutputKind> provides() const override;
  int64_t summary_samples() const override { return hparams_.num_samples; }
  bool samples_ground_truth() const override { return hparams_.schedule_sampling != ScheduleSampling::kNone; }
  double ground_truth_sampling(int64_t step) const override { return ground_truth_sampling_(step); }

 private:
  struct Networks;
  struct Latents;
  struct StepInputs;
  struct Condition;
  struct Carried;
  struct Wanted;
  class Scenes;

  Tensor looks(nn::LatentEncoder& encoder, const Batch& batch, int64_t frames) const;
  nn::LatentEncoder* context_encoder() const;
  Tensor prior_latents(const std::optional<Gaussian>& p, const Tensor& beginning, const std::string& name,
                       std::vector<int64_t> copies, int64_t steps, Noise& noise) const;
  Tensor latents_after(const Tensor& looks, int64_t steps, int64_t samples, Noise& noise) const;
  Tensor remembered_latents(const Tensor& zs) const;
  Condition look_at(const StepInputs& inputs) const;
  NextFrame next_frame(const RolloutStep& now, const StepInputs& inputs, Carried& carried) const;
  Prediction roll_out(const Batch& batch, int64_t steps, const Latents& latents, const Wanted& wanted) const;
  Tensor sample_ground_truth(const StepContext& now, const std::string& draw, int64_t batch) const;

  SavpHparams hparams_;
  VideoShape shape_;
  Schedule ground_truth_sampling_;
  std::unique_ptr<Networks> networks_;
};

}  // namespace savp
