// The folder of a run: what it was made with (options.json, dataset_hparams.json, model_hparams.json) and its
// checkpoints: model-<step>.safetensors, or model-<step>.index and its data of TensorFlow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoints/hparams_sources.h"
#include "core/hparams.h"

namespace savp {

// What a run was made with.
struct RunDescription {
  Json options, dataset_hparams, model_hparams;
};

// Writes the three files, keys sorted, indented by 4, options.json last; makes the folder if needed.
void write_description(const std::filesystem::path& folder, const RunDescription& description);

struct SavedStep {
  int64_t step;
  std::filesystem::path file;
};

// model-<step>.safetensors in the folder.
std::filesystem::path checkpoint_file(const std::filesystem::path& folder, int64_t step);

// What --checkpoint calls a step of the folder: "runs/a/model-200000".
std::string checkpoint_name(const std::filesystem::path& folder, int64_t step);

// The checkpoints in a folder, of either kind, by step; empty for a folder that is not there.
std::vector<SavedStep> saved_steps(const std::filesystem::path& folder);

// The step that the name of a checkpoint's file tells; none for any other file.
std::optional<int64_t> step_of(const std::filesystem::path& file);

// Which checkpoints of ours stay when a new one is saved: the newest, damaged ones not counted.
struct Retention {
  size_t newest = 2;                 // 0: all
  std::optional<int64_t> also = {};  // a step that stays whatever its age
};

// Removes the other checkpoints of ours, and what interrupted writes have left. `just_saved` is a step that
// is known to be sound.
void prune_checkpoints(const std::filesystem::path& folder, const Retention& retention,
                       std::optional<int64_t> just_saved = {});

// Renames the checkpoints after a step to "model-<step>.safetensors.set_aside", for a run that continues from
// an earlier one: they are no longer its latest. Returns the new names.
std::vector<std::filesystem::path> set_aside_after(const std::filesystem::path& folder, int64_t step);

// A run, or some of its steps, opened as --checkpoint names it.
class Checkpoint {
 public:
  // "runs/a", "runs/a/", "runs/a/model-200000", or that with ".safetensors" or ".index"; several with commas
  // between. Of several the first says model, data set and hyperparameters. Its folder and options.json must
  // be there; hyperparameter files may be missing (told in the log). Throws DataError.
  static Checkpoint open(const std::string& text);

  // How many it names.
  size_t size() const { return places_.size(); }

  const std::filesystem::path& folder() const { return places_.front().folder; }
  // The folder's last part, which results are filed under.
  std::string name() const { return folder().filename().string(); }

  // A text of options.json that must be there: "dataset", "model".
  std::string option(const std::string& key) const;

  // What the run's files add to the dicts of the command line: one entry, or none.
  const HparamsDicts& dataset_hparams() const { return dataset_hparams_; }
  const HparamsDicts& model_hparams() const { return model_hparams_; }

  // The files of variables, in the order given: of the step that was named, else of the latest. Throws
  // DataError where there are none.
  std::vector<std::filesystem::path> files() const;

 private:
  struct Place {
    std::filesystem::path folder;
    std::string prefix;  // "model-200000", or empty for the latest
  };
  static Place place_of(const std::string& text);
  static std::filesystem::path file_in(const Place& place);

  std::vector<Place> places_;
  Json options_;
  HparamsDicts dataset_hparams_, model_hparams_;
};

// What files say about hyperparameters, weakest first: that of --dataset_hparams_dict or --model_hparams_dict
// (`file`), then the checkpoint's.
enum class HparamsOf { kDataset, kModel };
HparamsDicts hparams_dicts(HparamsOf what, const std::optional<Checkpoint>& checkpoint,
                           const std::optional<std::string>& file = {});

}  // namespace savp
