// The numbers of a step's report, on the host.
#pragma once

#include "training/sink.h"
#include "training/trainer.h"

namespace savp {

// The values of 0-dim tensors, read from the device all at once; undefined ones are left out.
Values fetch(const Scalars& scalars);

// The losses that a step reports: the sums, then their terms.
Scalars losses_of(const StepReport& report);

}  // namespace savp
