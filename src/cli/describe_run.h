// What a run's folder tells about it.
#pragma once

#include <string>

namespace savp::cli {

// Model, parameters by part, data, steps, checkpoints, validation, health and versions, for the reader's
// eyes: a line each, "name   text". Of the checkpoint that is named, or of the latest. Throws DataError where
// the folder has no checkpoint, or a file of it is damaged.
std::string describe_run(const std::string& run);

}  // namespace savp::cli
