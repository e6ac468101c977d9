// The files that tell how a run or a folder of results was made.
#pragma once

namespace savp {

inline constexpr const char *kOptionsFile = "options.json", *kDatasetHparamsFile = "dataset_hparams.json",
                            *kModelHparamsFile = "model_hparams.json";
inline constexpr const char* kDescriptionFiles[] = {kOptionsFile, kDatasetHparamsFile, kModelHparamsFile};

}  // namespace savp
