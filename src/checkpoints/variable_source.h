// What the files of checkpoints hold, under our names and in our layouts, whoever wrote them. Reads the files
// when it is made, and is whole or not at all; afterwards it may be read by several threads.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoints/own_file.h"
#include "checkpoints/run_dir.h"
#include "checkpoints/variables.h"

namespace savp {

// A copy in the CPU's memory. Throws DataError for a type that LibTorch does not know.
at::Tensor to_tensor(const TensorView& view);

class VariableSource {
 public:
  // A file of ours or of another program (any ending), or the ".index" of a TensorFlow checkpoint. Throws
  // DataError for a damaged one.
  static VariableSource open(const std::filesystem::path& path);

  // All files of a checkpoint as one. As in the published programs, of a variable in several files the last
  // counts, and the step of several files is nobody's: it is left out. The error for a damaged file names the
  // last sound checkpoint before it, and how to use that.
  static VariableSource open(const Checkpoint& checkpoint);

  // Copies of tensors at hand, under the names they have; `where` is what messages call them.
  static VariableSource of(const NamedTensors& tensors, const std::string& where);

  // The file or files, which open a message.
  const std::string& where() const { return where_; }
  // Of several files the first that has a key counts.
  const Metadata& metadata() const { return metadata_; }

  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return entries_.contains(name); }
  size_t bytes(const std::string& name) const { return entries_.at(name).view.bytes; }
  // Its type and shape, without memory.
  at::Tensor outline(const std::string& name) const;
  at::Tensor tensor(const std::string& name) const;

  // TensorFlow makes no moments for variables that never have a gradient.
  bool may_lack(const std::string& name) const;

 private:
  struct Entry {
    TensorView view;
    std::shared_ptr<const void> owner;  // of what the view points to
    bool of_tensorflow = false;
  };

  static VariableSource open_own(const std::string& path);
  static VariableSource open_tensorflow(const std::string& path);
  void add(VariableSource other);

  std::string where_;
  std::map<std::string, Entry> entries_;
  Metadata metadata_;
};

}  // namespace savp
