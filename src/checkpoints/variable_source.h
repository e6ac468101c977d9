// What a checkpoint's file holds, under our names and in our layouts, whoever wrote it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "checkpoints/tensors.h"

namespace savp {

class VariableSource {
 public:
  // A file of ours (any ending), or the ".index" of a TensorFlow checkpoint. Throws DataError for a damaged
  // one.
  static VariableSource open(const std::filesystem::path& path);

  const std::map<std::string, TensorView>& views() const { return views_; }
  const Metadata& metadata() const { return metadata_; }

  bool has(const std::string& name) const { return views_.contains(name); }
  // Its type and shape, without memory.
  at::Tensor outline(const std::string& name) const;
  at::Tensor tensor(const std::string& name) const;

  // TensorFlow makes no moments for variables that never have a gradient.
  bool may_lack(const std::string& name) const;

 private:
  VariableSource() = default;
  static VariableSource open_own(const std::string& path);
  static VariableSource open_tensorflow(const std::string& path);

  std::shared_ptr<const void> file_;  // which the views point into
  std::map<std::string, TensorView> views_;
  Metadata metadata_;
  bool of_tensorflow_ = false;
};

}  // namespace savp
