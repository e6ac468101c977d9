// Where the hyperparameters of a model or data set come from, and which source wins. As in the published
// programs, from the weakest: the defaults of the struct; a preset; the file given with --model_hparams_dict
// or --dataset_hparams_dict; the JSON beside the checkpoint; what the data set dictates (to models); the text
// given with --model_hparams or --dataset_hparams.
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

// Settles a model's hyperparameters, later sources winning: what the struct holds (the model's defaults) <
// `dicts` in turn (see hparams_dicts) < what the data set dictates < the text of --model_hparams. Keys of the
// dicts that are among the deprecated ones are passed over; any other unknown key, and a number that is not
// finite, is a UsageError.
void resolve_hparams(HparamsView hparams, const HparamsDicts& dicts, const Json& from_dataset,
                     const std::string& text, const std::vector<std::string>& deprecated);

}  // namespace savp
