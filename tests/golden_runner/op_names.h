// Words in the arguments of recorded functions.
#pragma once

#include "golden_runner/further_layers.h"
#include "golden_runner/op_call.h"
#include "nn/layers.h"

namespace savp::golden {

// "padding", SAME unless given. Throw UsageError for a word that we have no layer for.
nn::Padding padding_of(const OpCall& call);
nn::Border border_of(const OpCall& call);          // "mode"
nn::Upsampling upsampling_of(const OpCall& call);  // "upsample_mode"

}  // namespace savp::golden
