// The predicting part of a model as a TorchScript file, which other programs run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct TorchScriptConversionOptions {
  using Self = TorchScriptConversionOptions;
  using Text = std::optional<std::string>;
  static constexpr const char* kAbout =
      "writes the predicting part of a model as a TorchScript program, which PyTorch runs without this one: "
      "it takes frames, actions and states (where the model does) and noise, and returns the frames that "
      "follow. Its sizes are fixed. tools/interop/torchscript_to_onnx.py makes an ONNX file of it.";
  static constexpr const char* kExample =
      "savp_convert torchscript --checkpoint logs/mine --output mine.pt --num_stochastic_samples 4";

  HPARAM_GROUP(model, "Model");
  HPARAM(std::string, checkpoint, "",
         "a run's folder (its latest step) or one of its checkpoints (logs/mine/model-200000)",
         Required{"PATH"});
  HPARAM(Text, model, std::nullopt, "default: the checkpoint's", Metavar{"NAME"});
  HPARAM(Text, model_hparams, std::nullopt,
         "hyperparameters of the model, \"name=value,name=[value,value]\"; these win", Metavar{"TEXT"});
  HPARAM(Size2, frame_size, (Size2{0, 0}),
         "height, width of frames (pixels), where the checkpoint does not tell: TensorFlow's",
         (Between{0, limits::kPixels}));
  HPARAM(int64_t, channels, 3, "of frames, likewise", (Between{1, limits::kFilters}));
  HPARAM(int64_t, actions, 0, "numbers an action, likewise", (Between{0, limits::kFilters}));
  HPARAM(int64_t, states, 0, "numbers a state, likewise", (Between{0, limits::kFilters}));

  HPARAM_GROUP(program, "Program");
  HPARAM(std::string, output, "", "file to write, such as mine.pt", Required{"FILE"});
  HPARAM(std::optional<int64_t>, sequence_length, std::nullopt,
         "frames of context and future together; default: the checkpoint's", (Between{2, limits::kFrames}));
  HPARAM(int64_t, num_stochastic_samples, 1, "futures of each video", (Between{1, limits::kFutures}));
  HPARAM(int64_t, batch_size, 1, "videos at a time", (Between{1, limits::kSequences}));
  HPARAM(Text, example, std::nullopt,
         "safetensors file to write as well: pseudo-random inputs, and the frames that this program predicts "
         "from them, to check another runtime by",
         Metavar{"FILE"});
  HPARAM(int64_t, seed, 7, "random seed of --example", AtLeast{0});
};

// Each file appears whole or not at all. Throws UsageError for a model without weights, several futures of a
// deterministic one, and nothing to predict; DataError for a checkpoint that cannot be read.
void convert_to_torch_script(const TorchScriptConversionOptions& options);

}  // namespace savp
