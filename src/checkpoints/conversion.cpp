#include "checkpoints/conversion.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoints/description_files.h"
#include "checkpoints/dtypes.h"
#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "checkpoints/tf_names.h"
#include "checkpoints/variables.h"
#include "core/error.h"
#include "core/log.h"
#include "io/atomic_file.h"
#include "io/atomic_folder.h"
#include "io/tensor_bundle.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

struct Given {
  Checkpoint checkpoint;
  VariableSource variables;
  int64_t step;
};

int64_t step_in(const VariableSource& variables, const fs::path& file) {
  if (variables.has(kGlobalStep)) return variables.tensor(kGlobalStep).item<int64_t>();
  return step_of(file).value_or(0);
}

Given open(const ConversionOptions& options) {
  auto checkpoint = Checkpoint::open(options.checkpoint);
  SAVP_CHECK(checkpoint.size() == 1, UsageError, "--checkpoint ", options.checkpoint,
             ": several cannot be converted into one: give one of them");
  std::error_code none;
  SAVP_CHECK(!fs::equivalent(checkpoint.folder(), options.output_dir, none), UsageError, "--output_dir ",
             options.output_dir, " is the run itself: choose another folder");
  auto variables = VariableSource::open(checkpoint);
  const auto step = step_in(variables, checkpoint.files().front());
  return {std::move(checkpoint), std::move(variables), step};
}

// What a run says beside its variables, apart from what belongs to the format of a file.
Metadata metadata_of(const Given& given) {
  auto metadata = given.variables.metadata();
  for (const char* key : {"format", "crc32c", "fields"}) metadata.erase(key);
  for (const char* key : {metadata_keys::kModel, metadata_keys::kDataset})
    if (!metadata.contains(key)) metadata[key] = given.checkpoint.option(key);
  return metadata;
}

// What predicting needs to know beside weights.
Metadata metadata_of_weights(const Given& given) {
  auto metadata = metadata_of(given);
  for (const char* key : {metadata_keys::kSeed, metadata_keys::kDataPosition}) metadata.erase(key);
  return metadata;
}

void copy_description(const fs::path& from, const fs::path& to) {
  for (const char* name : kDescriptionFiles)
    if (fs::exists(from / name)) fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing);
}

// Writes the result beside the run's description.
void convert(const ConversionOptions& options,
             const std::function<void(const Given&, const fs::path&)>& write) {
  const auto given = open(options);
  AtomicFolder target(options.output_dir);
  copy_description(given.checkpoint.folder(), target.path());
  write(given, target.path());
  target.commit(AtomicFolder::Others::kKeep);
  log::info(
      concat("step ", given.step, " of ", given.checkpoint.folder().string(), " is in ", options.output_dir));
}

TensorView view_of(const std::string& name, const at::Tensor& tensor) {
  return {name, dtype_of(tensor), tensor.sizes().vec(),
          static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

std::string state_of(const std::string& prefix) {
  return concat("model_checkpoint_path: \"", prefix, "\"\nall_model_checkpoint_paths: \"", prefix, "\"\n");
}

// Weights and buffers: what neither an optimizer nor the training loop keeps.
bool is_weight(const std::string& name) {
  const auto kind = part_of(name).kind;
  return kind == Part::Kind::kGenerator || kind == Part::Kind::kDiscriminator;
}

}  // namespace

void convert_to_tf(const TfConversionOptions& options) {
  convert(options, [&](const Given& given, const fs::path& folder) {
    std::vector<TensorView> views;
    std::vector<at::Tensor> kept;
    for (const auto& name : given.variables.names()) {
      kept.push_back(tf_names::to_tf_layout(name, given.variables.tensor(name)).contiguous());
      views.push_back(view_of(options.old_names ? tf_names::old(name) : name, kept.back()));
    }
    const auto metadata = Json(metadata_of(given)).dump();
    views.push_back({kMetadataVariable,
                     "U8",
                     {static_cast<int64_t>(metadata.size())},
                     reinterpret_cast<const std::byte*>(metadata.data()),
                     metadata.size()});
    const auto prefix = concat("model-", given.step);
    write_tensor_bundle((folder / prefix).string(), views);
    write_file_atomically((folder / "checkpoint").string(), state_of(prefix));
  });
}

void convert_to_savp(const SavpConversionOptions& options) {
  convert(options, [](const Given& given, const fs::path& folder) {
    NamedTensors variables;
    for (const auto& name : given.variables.names())
      variables.emplace_back(name, given.variables.tensor(name));
    save_checkpoint(folder, given.step, variables, metadata_of(given), {.newest = 0});
  });
}

void convert_to_safetensors(const SafetensorsConversionOptions& options) {
  convert(options, [](const Given& given, const fs::path& folder) {
    std::vector<TensorView> views;
    std::vector<at::Tensor> kept;
    for (const auto& name : given.variables.names()) {
      if (!is_weight(name)) continue;
      const auto average = average_name(name);
      kept.push_back(given.variables.tensor(given.variables.has(average) ? average : name).contiguous());
      views.push_back(view_of(name, kept.back()));
    }
    write_safetensors(checkpoint_file(folder, given.step).string(), views, metadata_of_weights(given));
  });
}

}  // namespace savp
