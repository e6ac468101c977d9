// One time step of the SAVP generator: features of the frames so far, a motion, candidates for the next
// frame, and masks that compose them (Lee et al. 2018, fig. 7).
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "savp/core/video.h"
#include "savp/models/savp.h"
#include "savp/nn/conv_rnn.h"
#include "savp/nn/layers.h"
#include "savp/nn/transforms/transform.h"

namespace savp {

// What a frame can be composed from: pictures, or as well distributions over pixels. Each [B, C, H, W].
struct Scene {
  std::vector<Tensor> last;     // the last frames as they were fed, oldest first
  Tensor current;               // the newest of them
  Tensor first, last_context;   // true frames
  Tensor latest_context;        // the true frame of this step, or the last context frame after the context
  std::vector<Tensor> context;  // all context frames
  Tensor scratch;               // made from nothing
};

// A frame (or several) to compose from.
struct Candidate {
  int64_t count;
  std::function<Tensor(const Scene&, const nn::Motion&)> frames;  // [B, count, C, H, W]
};

struct Composition {
  Tensor frame;       // [B, C, H, W]
  Tensor candidates;  // [B, M, C, H, W]
};

class SavpCell : public torch::nn::Module {
 public:
  SavpCell(const SavpHparams& hparams, const VideoShape& shape);

  // The weights of a roll-out.
  struct Folded {
    std::vector<kernels::PreparedConv> convs;
    std::vector<nn::ConvRnn::Folded> rnns;  // empty where a stage has none
  };
  Folded fold(int64_t steps) const;

  using States = std::vector<nn::ConvState>;  // one a recurrent stage; empty at the first step
  struct Output {
    Composition image, pix_distrib;  // the latter if there are any
    Tensor masks;                    // [B, M, H, W]
    Tensor flows;                    // [B, N, 2, H, W], of a flow
    States states;
  };
  // condition [B, Z]: actions, states and latents of the step; undefined if there are none.
  Output forward(Scene& images, Scene* pix_distribs, const Tensor& condition, const States& states,
                 const Folded& folded);

 private:
  struct Stage {
    std::shared_ptr<nn::ConvLayer> conv;
    std::shared_ptr<nn::Norm> norm;
    std::shared_ptr<nn::ConvRnn> rnn;  // may be missing
    bool conditioned = false, rnn_conditioned = false;
    int64_t skip = -1;  // the stage whose output is seen besides the previous one's
  };
  void add_stage(const SavpHparams& hparams, int64_t index, int64_t in, int64_t filters, bool recurrent,
                 bool down);
  void make_candidates(const SavpHparams& hparams);
  void make_heads(const SavpHparams& hparams, const VideoShape& shape);
  std::vector<Tensor> features(const Scene& images, const Tensor& condition, const States& states,
                               const Folded& folded, States& next);
  Tensor compute_masks(const Tensor& last, const Tensor& candidates);

  std::vector<Stage> stages_;
  std::vector<int64_t> widths_;  // channels that leave each stage
  int64_t encoder_stages_ = 0, condition_size_ = 0, mask_count_ = 0;
  bool dependent_mask_;
  Tensor (*activation_)(const Tensor&);
  std::shared_ptr<nn::PixelTransform> transform_;
  std::vector<Candidate> candidates_;
  std::shared_ptr<nn::HeadBlock> scratch_block_, mask_block_;
  std::shared_ptr<nn::Conv2d> scratch_image_, masks_;
};

}  // namespace savp
