#include "training/schedules.h"

#include <algorithm>

#include "core/error.h"

namespace savp {

Schedule learning_rate_schedule(const TrainHparams& hp) {
  const auto any = [](const auto& steps) {
    return std::any_of(steps.begin(), steps.end(), [](int64_t s) { return s != 0; });
  };
  if (any(hp.lr_boundaries)) return schedule::tenths(hp.lr, hp.lr_boundaries);
  if (any(hp.decay_steps)) return schedule::linear(hp.lr, hp.end_lr, hp.decay_steps[0], hp.decay_steps[1]);
  return schedule::constant(hp.lr);
}

Schedule kl_weight_schedule(const TrainHparams& hp) {
  switch (hp.kl_anneal) {
    case KlAnneal::kNone:
      return schedule::constant(hp.kl_weight);
    case KlAnneal::kSigmoid:
      SAVP_CHECK(hp.kl_weight == 0.0 || hp.kl_anneal_k > 0.0, UsageError, "kl_anneal_k=", hp.kl_anneal_k,
                 " must be set to a positive number of steps for kl_anneal=sigmoid");
      return schedule::sigmoid(hp.kl_weight, hp.kl_anneal_k);
    case KlAnneal::kLinear:
      return schedule::linear(0.0, hp.kl_weight, hp.kl_anneal_steps[0], hp.kl_anneal_steps[1]);
  }
  throw std::logic_error("an annealing without a schedule");
}

}  // namespace savp
