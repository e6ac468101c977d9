// A small stochastic model with weights that were never trained, as a run's folder.
#pragma once

#include <filesystem>
#include <string>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "models/models.h"
#include "training/trainer.h"

namespace savp {

// Of frames of 32x32 pixels of BAIR; with actions and states where these are asked for. Returns the folder.
inline std::string write_untrained_model(const std::filesystem::path& folder, bool with_actions = false) {
  const auto& entry = find_model("savp");
  auto hparams = entry.make_hparams();
  auto view = entry.view(*hparams);
  view.override_from_text("context_frames=2,sequence_length=6,ngf=4,nef=4,nz=2,schedule_sampling=none",
                          "test");
  VideoShape shape{.channels = 3, .height = 32, .width = 32};
  if (with_actions) shape.actions = 4, shape.states = 3;
  Trainer trainer(entry, dynamic_cast<const TrainHparams&>(*hparams), shape, {at::kCPU, 3});
  std::filesystem::create_directories(folder);
  save_checkpoint(folder, 7, trainer.state(), {shape_metadata(shape)});
  const Json dataset_hparams = {
      {"context_frames", 2}, {"sequence_length", 6}, {"scale_size", 32}, {"use_state", with_actions}};
  write_description(folder, {{{"dataset", "bair"}, {"model", "savp"}}, dataset_hparams, view.to_json()});
  return folder.string();
}

}  // namespace savp
