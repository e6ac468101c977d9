// A case's model, with its hyperparameters and variables.
#pragma once

#include <memory>

#include "core/video.h"
#include "golden_runner/case.h"
#include "golden_runner/comparison.h"
#include "models/models.h"

namespace savp::golden {

struct ModelSetup {
  const ModelEntry* entry;
  std::unique_ptr<ModelHparams> hparams;
  VideoShape shape;
};

// Throws UsageError for a model or hyperparameter that does not exist.
ModelSetup set_up_model(const Case& recorded);

// The generator with the case's variables, in test mode. A variable that only one side has is a problem.
std::shared_ptr<Generator> make_generator(const ModelSetup& setup, const Case& recorded,
                                          Comparison& comparison);

// The frames after a video's first as a user sees them, [T - 1, B, ...]: those of the context as they are,
// then what is imagined; nothing else of what the model gives.
Prediction shown_and_imagined(VideoPredictor& predictor, const Batch& batch, int64_t context_frames);

// Copies vars/* into tensors of ours, by their TensorFlow names. `required` says whether a tensor must be in
// the case.
using NamedState = std::vector<std::pair<std::string, Tensor>>;
void load_variables(const NamedState& state, const Case& recorded, bool (*required)(const std::string&),
                    Comparison& comparison);

}  // namespace savp::golden
