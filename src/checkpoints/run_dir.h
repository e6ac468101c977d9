// The folder of a run: what it was made with (options.json, dataset_hparams.json, model_hparams.json) and its
// checkpoints: model-<step>.safetensors, or model-<step>.index and its data of TensorFlow. The one place that
// knows which source of a hyperparameter wins.
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

// The object in a file, {path, object}; throws DataError. For --dataset_hparams_dict and
// --model_hparams_dict.
std::pair<std::string, Json> read_hparams_file(const std::filesystem::path& path);

// Settles a model's hyperparameters, later sources winning: what the struct holds (the model's defaults) <
// `dicts` in turn (a --model_hparams_dict file, then the checkpoint's) < what the data set dictates < the
// text of --model_hparams. Keys of the dicts that are among the deprecated ones are passed over; any other
// unknown key is a UsageError.
void resolve_hparams(HparamsView hparams, const HparamsDicts& dicts, const Json& from_dataset,
                     const std::string& text, const std::vector<std::string>& deprecated);

// What a run was made with.
struct RunDescription {
  Json options, dataset_hparams, model_hparams;
};

// Writes the three files, keys sorted, indented by 4; makes the folder if needed.
void write_description(const std::filesystem::path& folder, const RunDescription& description);

struct SavedStep {
  int64_t step;
  std::filesystem::path file;
};

// model-<step>.safetensors in the folder.
std::filesystem::path checkpoint_file(const std::filesystem::path& folder, int64_t step);

// The checkpoints in a folder, of either kind, by step; empty for a folder that is not there.
std::vector<SavedStep> saved_steps(const std::filesystem::path& folder);

// Removes all checkpoints of ours but the last `keep`, and what interrupted writes have left.
void prune_checkpoints(const std::filesystem::path& folder, size_t keep);

// A run, or one of its steps, opened as --checkpoint names it.
class Checkpoint {
 public:
  // "runs/a", "runs/a/", "runs/a/model-200000", or that with ".safetensors" or ".index". The folder and its
  // options.json must be there; hyperparameter files may be missing (told in the log). Throws DataError.
  static Checkpoint open(const std::string& text);

  const std::filesystem::path& folder() const { return folder_; }
  // The folder's last part, which results are filed under.
  std::string name() const { return folder_.filename().string(); }

  // A text of options.json that must be there: "dataset", "model".
  std::string option(const std::string& key) const;

  // What the run's files add to the dicts of the command line: one entry, or none.
  const HparamsDicts& dataset_hparams() const { return dataset_hparams_; }
  const HparamsDicts& model_hparams() const { return model_hparams_; }

  // The variables: of the step that was named, else of the latest. Throws DataError where there are none.
  std::filesystem::path variables() const;

 private:
  std::filesystem::path folder_;
  std::string prefix_;  // "model-200000", or empty for the latest
  Json options_;
  HparamsDicts dataset_hparams_, model_hparams_;
};

}  // namespace savp
