// One training step, in the order of the published implementation (appendix of Lee et al. 2018 and its code):
// discriminators first, on detached videos; then the generator, judged by the updated discriminators on fresh
// clips.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "savp/core/noise.h"
#include "savp/core/video.h"
#include "savp/models/models.h"

namespace savp {

// Named 0-dim tensors on the device; reading one waits for the step.
using Scalars = std::vector<std::pair<std::string, Tensor>>;

struct StepReport {
  Scalars d_losses;  // unweighted terms ("discrim_video_sn_gan_loss")
  Scalars g_losses;  // unweighted terms before the discriminators' update ("gen_l1_loss"): summary values
  Scalars g_losses_post;               // the same after it: what the generator's gradient comes from
  Tensor d_loss, g_loss, g_loss_post;  // weighted sums; undefined where there are no terms
  Tensor learning_rate;
  Tensor kl_weight;  // undefined without a KL term

  // On request (StepOptions::outputs), detached.
  GeneratorOutput output;
  Scalars discriminator_outputs;  // "discrim_video_sn_logits_enc_real" [N, 1],
                                  // "discrim_video_sn_feature0_fake" [N, C, ...]
};

struct StepOptions {
  bool report = false;   // fill g_losses and g_loss, which cost a little
  bool outputs = false;  // keep the generator's outputs with their details and sampled roll-outs, and the
                         // discriminators'
};

class Trainer {
 public:
  // Builds the model, weights initialised from the seed, and both optimizers on the device.
  Trainer(const ModelEntry& entry, const TrainHparams& hparams, const VideoShape& shape,
          const at::Device& device, uint64_t seed);
  ~Trainer();

  // One update. The batch is on the device, images [sequence_length, B, C, H, W]. Does not wait for the
  // device. The gradients stay in grad() until the next step.
  StepReport step(const Batch& batch, const StepOptions& options = {});

  int64_t global_step() const;
  void set_global_step(int64_t step);
  Generator& generator();
  DiscriminatorSet& discriminators();
  const TrainHparams& hparams() const;
  // Where the draws come from; a device noise seeded from the constructor's seed unless replaced.
  void set_noise(std::shared_ptr<Noise> noise);

  // Everything a checkpoint holds, by TensorFlow's names in our layout: parameters and buffers
  // ("generator/...", "discriminator/...", "u" of the power iterations), Adam's moments ("<name>/Adam",
  // "<name>/Adam_1"), its powers
  // ("g_apply_gradients/beta1_power", ...), "global_step" (int64), and "noise_state" (bytes) of a device
  // noise. The tensors are the live ones: copy before the next step, or copy_ into them and call
  // state_was_restored().
  std::vector<std::pair<std::string, Tensor>> state();
  void state_was_restored();

  // Gradients of the last step by the names of state(); undefined where there was none.
  std::vector<std::pair<std::string, Tensor>> gradients();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace savp
