// The schedules of training, from hyperparameters.
#pragma once

#include "core/model_hparams.h"
#include "core/schedule.h"

namespace savp {

// lr_boundaries if any is non-zero, else the linear decay_steps if any is non-zero, else constant.
Schedule learning_rate_schedule(const TrainHparams& hparams);

// The annealed KL weight. With "linear" it is zero up to the first of kl_anneal_steps.
Schedule kl_weight_schedule(const TrainHparams& hparams);

}  // namespace savp
