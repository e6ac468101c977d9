// Checkpoints in the formats of others: TensorFlow's, as the published programs read and write them, and
// plain safetensors; and those of others in ours.
#pragma once

#include <string>

#include "core/hparams.h"

namespace savp {

struct ConversionOptions {
  using Self = ConversionOptions;
  HPARAM(std::string, checkpoint, "",
         "run to convert, of this program or of the original: its folder (the latest step), "
         "or FOLDER/model-<step>",
         Required{"RUN"});
  HPARAM(std::string, output_dir, "",
         "folder for the result, with the run's options and hyperparameters; not the run's own",
         Required{"DIR"});
};

struct TfConversionOptions : ConversionOptions {
  using Self = TfConversionOptions;
  static constexpr const char* kAbout =
      "writes a checkpoint in TensorFlow's format: model-<step>.index, its data file and the file "
      "'checkpoint', with the original's names and layouts, Adam's moments and powers, and global_step. The "
      "original restores it, and savp_train --resume continues from it exactly.";
  static constexpr const char* kExample = "savp_convert tf --checkpoint logs/mine --output_dir logs/mine_tf";

  HPARAM(bool, old_names, false,
         "name variables as the original did before its scope dna_cell was renamed to savp_cell");
};

struct SavpConversionOptions : ConversionOptions {
  using Self = SavpConversionOptions;
  static constexpr const char* kAbout =
      "writes a checkpoint, such as one of the original, in this program's format: "
      "model-<step>.safetensors, with checksums.";
  static constexpr const char* kExample =
      "savp_convert savp --checkpoint pretrained_models/bair_action_free/ours_savp --output_dir logs/theirs";
};

struct SafetensorsConversionOptions : ConversionOptions {
  using Self = SafetensorsConversionOptions;
  static constexpr const char* kAbout =
      "writes the weights of a checkpoint (their averages where the run has some), without the optimizers' "
      "state, as a plain safetensors file (model-<step>.safetensors) that PyTorch and others read: kernels "
      "are [out, in, height, width].";
  static constexpr const char* kExample =
      "savp_convert safetensors --checkpoint logs/mine --output_dir logs/mine_weights";
};

// All appear whole or not at all; other files of the target stay. Throw UsageError for a target that is the
// run itself, DataError for a run that cannot be read.
void convert_to_tf(const TfConversionOptions& options);
void convert_to_savp(const SavpConversionOptions& options);
void convert_to_safetensors(const SafetensorsConversionOptions& options);

}  // namespace savp
