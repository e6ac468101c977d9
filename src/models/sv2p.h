// Stochastic variational video prediction (Babaeizadeh et al. 2018, arXiv 1710.11252): as dna, with a latent
// picture drawn from a posterior that sees the whole video in training, and from a standard normal
// distribution afterwards. Its three stages: latents without the posterior (up to num_iterations_1st_stage),
// then the posterior without its divergence (up to the first of kl_anneal_steps), then with it.
#pragma once

#include "models/advection.h"

namespace savp {

struct Sv2pHparams : AdvectionHparams {
  using Self = Sv2pHparams;
  Sv2pHparams() {
    kl_weight = 1e-3 * 10 * 8;
    kl_anneal_steps = {100000, 120000};
    max_steps = 200000;
    decay_steps = {0, 0};
  }
  HPARAM(bool, stochastic_model, true, "use latent variables");
  HPARAM(bool, multi_latent, false,
         "new latents at each step (\"time-variant\") instead of one set for the video");
  HPARAM(double, latent_std_min, -5.0, "added to the posterior's log variance of the latents");
  HPARAM(int64_t, latent_channels, 1, "channels of the latent map, an eighth of a frame's size",
         (Between{1, limits::kFilters}));
  HPARAM(int64_t, num_iterations_1st_stage, 50000, "steps of training before the posterior is used",
         (Between{0, limits::kSteps}));
};

class Sv2pGenerator : public AdvectionGenerator {
 public:
  Sv2pGenerator(const Sv2pHparams& hparams, const VideoShape& shape);
  ~Sv2pGenerator() override;

  GeneratorOutput forward(const Batch& batch, const StepContext& now) override;
  bool stochastic() const override { return hparams_.stochastic_model; }
  std::set<OutputKind> provides() const override;
  std::vector<std::string> training_only() const override;

 private:
  struct Posterior;
  Tensor prior_latents(int64_t steps, int64_t rollouts, Noise& noise) const override;
  Tensor draw(const std::string& name, int64_t steps, int64_t batch, Noise& noise) const;

  Sv2pHparams hparams_;
  std::unique_ptr<Posterior> posterior_;
};

}  // namespace savp
