// One training step, in the order of the published implementation (appendix of Lee et al. 2018 and its
// code): discriminators first, on detached videos; then the generator, judged by the updated discriminators
// on fresh clips.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/tensors.h"
#include "core/noise.h"
#include "core/precision.h"
#include "core/video.h"
#include "models/models.h"
#include "nn/vgg.h"

namespace savp {

class Communicator;

// Named 0-dim tensors on the device; reading one waits for the step.
using Scalars = std::vector<std::pair<std::string, Tensor>>;

// Losses are those of the whole batch: means over its parts and over all processes.
struct StepReport {
  Scalars d_losses;  // unweighted terms ("discrim_video_sn_gan_loss")
  Scalars g_losses;  // unweighted terms before the discriminators' update ("gen_l1_loss"): summary values
  Scalars g_losses_post;               // the same after it: what the generator's gradient comes from
  Tensor d_loss, g_loss, g_loss_post;  // weighted sums; undefined where there are no terms
  Tensor learning_rate;
  Tensor kl_weight;  // undefined without a KL term
  Tensor bad_steps;  // how many steps in a row, up to this one, had a loss or gradient that was not finite

  // On request (StepOptions::outputs), detached; of the first part of this process's batch.
  GeneratorOutput output;
  Scalars discriminator_outputs;  // "discrim_video_sn_logits_enc_real" [N, 1],
                                  // "discrim_video_sn_feature0_fake" [N, C, ...]
};

struct StepOptions {
  bool report = false;   // fill g_losses and g_loss, which cost a little
  bool outputs = false;  // keep the generator's outputs with their details and sampled rollouts, and the
                         // discriminators'
};

struct TrainerOptions {
  at::Device device = at::kCPU;
  uint64_t seed = 0;  // of the weights and of the draws
  Precision precision = Precision::kFp32;
  // On a GPU: record the step as one graph and replay it, which saves the time of launching each operation.
  // Steps that cannot be replayed (another shape of batch, StepOptions::outputs, another source of draws) run
  // as usual.
  bool graph = false;
  // Computes each batch in so many parts of equal size, one after the other, and one update of their mean
  // gradients: less memory, the same draws. The discriminators see all parts before either network changes,
  // so that with discriminators the generator's pass over a part is made twice.
  int64_t accumulate_steps = 1;
  // Keeps, of each time step of the generator's rollouts, only what goes in, and computes the step again in
  // backward: less memory for more time, the same results.
  bool recompute = false;
  // Of those that train together, each with its part of every batch: videos rank, rank + size ... of it.
  // Null: this process alone. Draws are made for the whole batch, so that all must start with the same seed
  // and ask for the same StepOptions.
  std::shared_ptr<Communicator> communicator = nullptr;
  // What the perceptual loss looks through, on the device (see load_vgg); null: vgg_cdist_weight must
  // be zero.
  std::shared_ptr<nn::Vgg16> vgg = nullptr;
};

// Not thread-safe: one thread at a time may use a trainer.
class Trainer {
 public:
  // Builds the model, weights initialised from the seed, and both optimizers on the device.
  Trainer(const ModelEntry& entry, const TrainHparams& hparams, const VideoShape& shape,
          const TrainerOptions& options);
  ~Trainer();

  // One update. The batch is on the device, images [sequence_length, B, C, H, W]. Does not wait for the
  // device. Where a loss or a gradient is not finite, the weights that it belongs to stay as they are. The
  // report's tensors hold until the next step.
  StepReport step(const Batch& batch, const StepOptions& options = {});

  // What step() would report of a batch, by the schedules of the next step, but nothing is learnt: weights,
  // power iterations and the draws of training stay as they are. Draws come from `noise`. The losses of the
  // generator and its outputs are always there, its details and sampled rollouts on request. Does not wait
  // for the device.
  StepReport look(const Batch& batch, Noise& noise, const StepOptions& options = {});

  // While it lives, the generator has the weights that predict: with ema_decay the averages. Nothing may be
  // learnt or saved meanwhile.
  class Predicting {
   public:
    explicit Predicting(Trainer& trainer);
    ~Predicting();
    Predicting(const Predicting&) = delete;
    Predicting& operator=(const Predicting&) = delete;

   private:
    Trainer& trainer_;
  };

  int64_t global_step() const;
  void set_global_step(int64_t step);
  Generator& generator();
  DiscriminatorSet& discriminators();
  const TrainHparams& hparams() const;
  // Where the draws come from; a device noise seeded from the constructor's seed unless replaced.
  void set_noise(std::shared_ptr<Noise> noise);

  // Everything a checkpoint holds, by TensorFlow's names in our layout: parameters and buffers
  // ("generator/...", "discriminator/...", "u" of the power iterations), Adam's moments ("<name>/Adam",
  // "<name>/Adam_1"), its powers ("g_apply_gradients/beta1_power", ...), "global_step" (int64), and
  // "noise_state" (bytes) of a noise that has one, with ema_decay the averages of the generator's weights
  // ("<name>/ExponentialMovingAverage"). The tensors are the live ones: copy before the next step,
  // or load() others into them.
  NamedTensors state();

  // Takes over the variables of a checkpoint, all or nothing. kContinue: of a run that continues; everything
  // must be there and fit, but for the draws of another kind of device and of TensorFlow, which start anew
  // (Restored::optional), and averages of weights, which start from the weights. kStart: of a new run; whole
  // parts may be missing (Leniency::parts), and the draws start from the seed. Throws DataError that lists
  // what does not fit.
  enum class Load { kContinue, kStart };
  Restored load(const VariableSource& source, Load how);

  // Gives the variables of rank 0 to all processes, which must call this together.
  void share();

  // Gradients of the last step, unless it was replayed, by the names of state(); undefined where there
  // was none.
  NamedTensors gradients();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace savp
