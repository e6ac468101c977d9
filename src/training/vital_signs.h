// Numbers that tell how a training does, besides its losses.
#pragma once

#include "training/trainer.h"

namespace savp {

// Of the step that the trainer has just done, on the device, 0-dim:
//  - g_grad_norm, d_grad_norm: Euclidean norm of all gradients of the generator, of the discriminators
//    together, after clip_norm has scaled them;
//  - d_balance: how far the discriminators are from telling true from made: the mean of their losses over
//  what
//    these are where both look alike. 1: they cannot tell; near 0: they always can, and the generator learns
//    little from them.
// What there is nothing of is left out.
Scalars vital_signs(Trainer& trainer, const StepReport& report);

}  // namespace savp
