// One time step of the SAVP generator: features of the frames so far, a motion, candidates for the next
// frame, and masks that compose them (Lee et al. 2018, fig. 7).
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "core/video.h"
#include "models/composition.h"
#include "models/savp.h"
#include "nn/conv_rnn.h"
#include "nn/layers.h"
#include "nn/transforms/transform.h"

namespace savp {

class SavpCell : public torch::nn::Module {
 public:
  SavpCell(const SavpHparams& hparams, const VideoShape& shape);

  // The weights of a rollout.
  struct Folded {
    std::vector<kernels::PreparedConv> convs;
    std::vector<nn::ConvRnn::Folded> rnns;  // empty where a stage has none
  };
  Folded fold(int64_t steps) const;

  // What each recurrent stage carries from step to step, and the size of its pictures.
  struct Memory {
    std::vector<nn::ConvStatePart> parts;
    int64_t height, width;
  };
  std::vector<Memory> memories() const;

  using States = std::vector<nn::ConvState>;  // one a recurrent stage
  struct Output {
    Composition image, pix_distrib;  // the latter if there are any
    Tensor masks;                    // [B, M, H, W]
    Tensor flows;                    // [B, N, 2, H, W], of a flow
    States states;
  };
  // condition [B, Z]: actions, states and latents of the step; undefined if there are none. states: of the
  // last step.
  Output forward(Scene& images, Scene* pix_distribs, const Tensor& condition, const States& states,
                 const Folded& folded);

  // The states after a step whose next frame is known, so that none is composed.
  States remember(const Scene& images, const Tensor& condition, const States& states, const Folded& folded);

 private:
  // How a layer sees the condition.
  enum class Seen { kNot, kAsChannels, kThroughDense };
  struct Stage {
    std::shared_ptr<nn::ConvLayer> conv;
    std::shared_ptr<nn::Dense> dense;  // of the condition, added to the convolution; may be missing
    std::shared_ptr<nn::Norm> norm;
    std::shared_ptr<nn::ConvRnn> rnn;  // may be missing
    Seen seen = Seen::kNot, rnn_seen = Seen::kNot;
    int64_t skip = -1;      // the stage whose output is seen besides the previous one's
    int64_t height, width;  // of what leaves it
  };
  Seen seen(const SavpHparams& hparams, bool wanted) const;
  int64_t channels(Seen seen) const { return seen == Seen::kAsChannels ? condition_size_ : 0; }
  void add_stage(const SavpHparams& hparams, int64_t in, int64_t filters, bool recurrent);
  void add_rnn(const SavpHparams& hparams, const std::string& scope, int64_t filters, Stage& stage);
  void make_candidates(const SavpHparams& hparams);
  void make_heads(const SavpHparams& hparams, const VideoShape& shape);
  std::vector<Tensor> features(const Scene& images, const Tensor& condition, const States& states,
                               const Folded& folded, States& next);
  kernels::Blended blend_candidates(const Tensor& last, const Tensor& candidates);

  std::vector<Stage> stages_;
  std::vector<int64_t> widths_;  // channels that leave each stage
  int64_t height_, width_;       // of the pictures
  int64_t encoder_stages_ = 0, condition_size_ = 0, mask_count_ = 0;
  bool dependent_mask_;
  nn::ActivationLayer activation_;
  std::shared_ptr<nn::PixelTransform> transform_;
  std::vector<Candidate> candidates_;
  std::shared_ptr<nn::HeadBlock> scratch_block_, mask_block_;
  std::shared_ptr<nn::Conv2d> scratch_image_, masks_;
};

}  // namespace savp
