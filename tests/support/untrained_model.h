// A small stochastic model with weights that were never trained, as a run's folder.
#pragma once

#include <filesystem>
#include <memory>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "models/models.h"
#include "training/trainer.h"

namespace savp {

struct UntrainedModel {
  VideoShape shape = {.channels = 3, .height = 32, .width = 32};  // those of BAIR with 4 actions and 3 states
  int64_t sequence_length = 6;                                    // frames, the first two given
  at::Device device = at::kCPU;
};

inline constexpr VideoShape kShapeWithActions{
    .channels = 3, .height = 32, .width = 32, .actions = 4, .states = 3};

// "model-7.safetensors" and what describes it. Returns what has made it.
inline std::unique_ptr<Trainer> write_untrained_model(const std::filesystem::path& folder,
                                                      const UntrainedModel& how = {}) {
  const auto& entry = find_model("savp");
  auto hparams = entry.make_hparams();
  auto view = entry.view(*hparams);
  view.override_from_text(concat("context_frames=2,sequence_length=", how.sequence_length,
                                 ",ngf=4,nef=4,nz=2,schedule_sampling=none"),
                          "test");
  auto trainer = std::make_unique<Trainer>(entry, dynamic_cast<const TrainHparams&>(*hparams), how.shape,
                                           TrainerOptions{how.device, 3});
  std::filesystem::create_directories(folder);
  save_checkpoint(folder, 7, trainer->state(), {shape_metadata(how.shape)});
  const Json dataset_hparams = {{"context_frames", 2},
                                {"sequence_length", how.sequence_length},
                                {"scale_size", how.shape.height},
                                {"use_state", how.shape.actions > 0}};
  write_description(folder, {{{"dataset", "bair"}, {"model", "savp"}}, dataset_hparams, view.to_json()});
  return trainer;
}

}  // namespace savp
