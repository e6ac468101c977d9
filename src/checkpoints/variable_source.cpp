#include "checkpoints/variable_source.h"

#include <ATen/ATen.h>

#include <utility>

#include "checkpoints/checksum.h"
#include "checkpoints/dtypes.h"
#include "checkpoints/tf_names.h"
#include "core/error.h"
#include "io/tensor_bundle.h"

namespace savp {
namespace {

void check_checksum(const SafetensorsFile& file) {
  const auto recorded = file.metadata().find(kChecksum);
  if (recorded == file.metadata().end()) return;  // written by someone else
  SAVP_CHECK(recorded->second == checksum(file.tensors()), DataError, file.path(),
             ": is corrupt (its checksum is wrong): use an earlier checkpoint of the folder");
}

}  // namespace

VariableSource VariableSource::open_own(const std::string& path) {
  const auto file = std::make_shared<const SafetensorsFile>(SafetensorsFile::open(path));
  check_checksum(*file);
  VariableSource source;
  for (const auto& view : file->tensors()) source.views_.emplace(view.name, view);
  source.metadata_ = file->metadata();
  source.file_ = file;
  return source;
}

VariableSource VariableSource::open_tensorflow(const std::string& path) {
  const auto bundle = std::make_shared<const TensorBundle>(TensorBundle::open(path));
  VariableSource source;
  for (const auto& view : bundle->tensors()) source.views_.emplace(tf_names::modern(view.name), view);
  source.file_ = bundle;
  source.of_tensorflow_ = true;
  return source;
}

VariableSource VariableSource::open(const std::filesystem::path& path) {
  return path.extension() == ".index" ? open_tensorflow(path.string()) : open_own(path.string());
}

at::Tensor VariableSource::outline(const std::string& name) const {
  const auto& view = views_.at(name);
  const auto outline = at::empty(view.shape, at::dtype(type_of(view)).device(at::kMeta));
  return of_tensorflow_ ? tf_names::to_our_layout(name, outline) : outline;
}

at::Tensor VariableSource::tensor(const std::string& name) const {
  const auto value = to_tensor(views_.at(name));
  return of_tensorflow_ ? tf_names::to_our_layout(name, value) : value;
}

bool VariableSource::may_lack(const std::string& name) const {
  return of_tensorflow_ && tf_names::is_slot(name);
}

}  // namespace savp
