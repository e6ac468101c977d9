// Records of whole episodes, as TensorFlow Datasets writes them for robots (RLDS; Open X-Embodiment): a
// tf.train.Example for each, in which "steps/observation/image" is the list of all its frames (JPEG or PNG),
// "steps/action" the list of all numbers of its actions, one step after the other, and so on. Features within
// others are named by their path: "steps/action/world_vector".
//
// The spec's images, actions and states are keys: a path, or what stands behind "steps/",
// "steps/observation/" or "steps/action/" in it. Several keys of numbers, joined by "+", stand side by side.
// Empty: the usual names, or the only feature of frames.
#pragma once

#include "records/layouts.h"

namespace savp {

RecordFormat inspect_episode(const ExampleView& record, const DatasetSpec& spec, bool use_state);
RecordSteps split_episode(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format);

// Whether the record holds steps, with frames or not.
bool looks_like_episode(const ExampleView& record);

}  // namespace savp
