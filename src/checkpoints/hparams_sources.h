// Where the hyperparameters of a model or data set come from, and which source wins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"

namespace savp {

// Objects of hyperparameters, each with the file it comes from; of two that set the same key the later wins.
using HparamsDicts = std::vector<std::pair<std::string /*where*/, Json>>;

// The object in a file, {path, object}; throws DataError.
std::pair<std::string, Json> read_hparams_file(const std::filesystem::path& path);

// What a data set dictates to models; `repeat` is its time_shift.
Json dictated_hparams(int64_t context_frames, int64_t sequence_length, int64_t time_shift);

// As in the published programs: each source wins over those above it, and the defaults, which the struct
// holds, are the weakest.
struct HparamsSources {
  HparamsDicts preset = {};              // one at most; of models
  HparamsDicts dicts = {};               // files, as hparams_dicts() gives them
  Json from_dataset = Json::object();    // what the data set dictates to models
  std::vector<std::string> texts = {};   // "ngf=16,nz=8", as the user gives them
  std::string flag = "--model_hparams";  // that messages call these by
  Json flags = Json::object();           // what flags of their own set
};

// Overrides what the struct holds by the sources in turn. Keys of presets and files that are among the
// deprecated ones are passed over; any other unknown key, and a number that is not finite, is a UsageError.
void resolve_hparams(HparamsView hparams, const HparamsSources& sources,
                     const std::vector<std::string>& deprecated = {});

}  // namespace savp
