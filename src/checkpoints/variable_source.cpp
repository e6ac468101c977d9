#include "checkpoints/variable_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "checkpoints/dtypes.h"
#include "checkpoints/tf_names.h"
#include "core/error.h"
#include "core/hparams.h"
#include "io/json_text.h"
#include "io/tensor_bundle.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// The other moment of the same variable.
std::string sibling(const std::string& slot) {
  const bool second = slot.ends_with(tf_names::kSecondMoment);
  const auto variable =
      slot.substr(0, slot.size() - (second ? tf_names::kSecondMoment : tf_names::kFirstMoment).size());
  return variable + std::string(second ? tf_names::kFirstMoment : tf_names::kSecondMoment);
}

// What a bundle of ours says beside its tensors.
Metadata metadata_in(const TensorView& view, const std::string& path) {
  const auto json = try_json({reinterpret_cast<const char*>(view.data), view.bytes}).value_or(Json());
  Metadata metadata;
  for (const auto& [key, value] : json.items())
    if (json.is_object() && value.is_string()) metadata[key] = value.get<std::string>();
  SAVP_CHECK(json.is_object() && metadata.size() == json.size(), DataError, path, ": its tensor ", view.name,
             " is no JSON object of texts");
  return metadata;
}

// The last sound checkpoint before a step of a folder.
std::optional<SavedStep> sound_before(const fs::path& folder, int64_t step) {
  auto saved = saved_steps(folder);
  std::erase_if(saved, [&](const SavedStep& one) { return one.step >= step; });
  for (auto one = saved.rbegin(); one != saved.rend(); ++one) {
    try {
      VariableSource::open(one->file);
      return *one;
    } catch (const DataError&) {
      continue;
    }
  }
  return std::nullopt;
}

// What to do where a file is damaged.
std::string remedy(const fs::path& file) {
  const auto step = step_of(file);
  if (!step) return "";
  const auto folder = file.parent_path();
  const auto other = sound_before(folder, *step);
  if (!other) return "; the folder has no sound checkpoint before it";
  return concat("; the one before it, ", other->file.string(), ", is sound: use it with --checkpoint ",
                checkpoint_name(folder, other->step), ", or continue training from it with --resume ",
                "--from_step ", other->step);
}

VariableSource open_or_advise(const fs::path& file) {
  try {
    return VariableSource::open(file);
  } catch (const DataError& error) {
    throw DataError(error.what() + remedy(file));
  }
}

}  // namespace

at::Tensor to_tensor(const TensorView& view) {
  auto tensor = at::empty(view.shape, type_of(view));
  if (view.bytes > 0)
    std::memcpy(tensor.mutable_data_ptr(), view.data, view.bytes);  // the file's may be unaligned
  return tensor;
}

VariableSource VariableSource::open_own(const std::string& path) {
  const auto file = std::make_shared<const SafetensorsFile>(open_own_file(path));
  VariableSource source;
  for (const auto& view : file->tensors()) source.entries_[view.name] = {view, file, false};
  source.metadata_ = file->metadata();
  return source;
}

VariableSource VariableSource::open_tensorflow(const std::string& path) {
  const auto bundle = std::make_shared<const TensorBundle>(TensorBundle::open(path));
  VariableSource source;
  for (const auto& view : bundle->tensors())
    if (view.name == kMetadataVariable)
      source.metadata_ = metadata_in(view, path);
    else
      source.entries_[tf_names::modern(view.name)] = {view, bundle, true};
  return source;
}

VariableSource VariableSource::open(const fs::path& path) {
  auto source = path.extension() == ".index" ? open_tensorflow(path.string()) : open_own(path.string());
  source.where_ = path.string();
  return source;
}

VariableSource VariableSource::open(const Checkpoint& checkpoint) {
  const auto files = checkpoint.files();
  VariableSource all;
  for (const auto& file : files) all.add(open_or_advise(file));
  if (files.size() > 1) all.entries_.erase(kGlobalStep);
  return all;
}

VariableSource VariableSource::of(const NamedTensors& tensors, const std::string& where) {
  VariableSource source;
  source.where_ = where;
  for (const auto& [name, tensor] : tensors) {
    const auto copy = std::make_shared<const at::Tensor>(
        tensor.detach()
            .to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true)
            .contiguous());
    const auto* data = static_cast<const std::byte*>(copy->const_data_ptr());
    source.entries_[name] = {{name, dtype_of(*copy), copy->sizes().vec(), data, copy->nbytes()}, copy, false};
  }
  return source;
}

void VariableSource::add(VariableSource other) {
  where_ += (where_.empty() ? "" : ", ") + other.where_;
  for (auto& [name, entry] : other.entries_) entries_[name] = std::move(entry);
  metadata_.merge(other.metadata_);
}

std::vector<std::string> VariableSource::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

at::Tensor VariableSource::outline(const std::string& name) const {
  const auto& [view, owner, of_tensorflow] = entries_.at(name);
  const auto outline = at::empty(view.shape, at::dtype(type_of(view)).device(at::kMeta));
  return of_tensorflow ? tf_names::to_our_layout(name, outline) : outline;
}

at::Tensor VariableSource::tensor(const std::string& name) const {
  const auto& [view, owner, of_tensorflow] = entries_.at(name);
  const auto value = to_tensor(view);
  return of_tensorflow ? tf_names::to_our_layout(name, value) : value;
}

bool VariableSource::may_lack(const std::string& name) const {
  if (!tf_names::is_slot(name) || has(sibling(name))) return false;
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second.of_tensorflow && tf_names::is_slot(entry.first);
  });
}

}  // namespace savp
