// Checkpoints of TensorFlow (version 2 of its format, "tensor bundles"): model-300000.index, a LevelDB
// table {name: where its tensor is}, and the tensors' bytes in model-300000.data-00000-of-00001,
// little-endian and row-major.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/safetensors.h"

namespace savp {

class TensorBundle {
 public:
  // Of the ".index" file. Throws DataError, naming the file and the tensor, for whatever is damaged (every
  // checksum is checked) and for tensors that are stored in slices.
  static TensorBundle open(const std::string& index_path);

  // By name. The views live as long as this object, wherever it is moved. A type that has no name among
  // those of TensorView::dtype is "TensorFlow type <number>".
  const std::vector<TensorView>& tensors() const { return tensors_; }

 private:
  TensorBundle() = default;

  std::vector<std::shared_ptr<const std::byte>> shards_;
  std::vector<TensorView> tensors_;
};

// Writes such a checkpoint, of one data file: <prefix>.index and the file beside it. Each appears whole or
// not at all, the index last. Throws DataError or ResourceError where they cannot be written,
// std::logic_error for a type that TensorFlow has no number for.
void write_tensor_bundle(const std::string& prefix, const std::vector<TensorView>& tensors);

}  // namespace savp
