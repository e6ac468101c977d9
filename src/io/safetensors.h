// Safetensors files: named tensors, mapped into memory.
//
// Layout: 8 bytes, the header's length (little-endian); the header, a JSON object {name: {"dtype": "F32",
// "shape": [2, 3], "data_offsets": [begin, end]}, "__metadata__": {text: text}}, padded with spaces; then the
// tensors' bytes, little-endian and row-major, one after the other without gaps. Offsets count from the end
// of the header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace savp {

struct TensorView {
  std::string name;
  std::string dtype;                // "F32", "I64", "I32", "U8", ...
  std::vector<int64_t> shape;       // [] for a scalar
  const std::byte* data = nullptr;  // in a file by another writer not necessarily aligned
  size_t bytes = 0;
};

// The bytes that a tensor takes; -1 for an unknown type and for sizes that no file can hold.
int64_t bytes_of(const std::string& dtype, const std::vector<int64_t>& shape);

class SafetensorsFile {
 public:
  // Throws DataError, naming the file and the key, for whatever is not exactly as described above.
  static SafetensorsFile open(const std::string& path);

  const std::string& path() const { return path_; }
  // In the order of their bytes. The views live as long as this object, wherever it is moved.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  // Null where there is none of this name.
  const TensorView* find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // All bytes of the file, and those of the header's text among them; they live as long as this object.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(mapping_.get()), size_}; }
  std::string_view header() const { return header_; }

 private:
  SafetensorsFile() = default;

  std::string path_;
  std::shared_ptr<const std::byte> mapping_;
  size_t size_ = 0;  // bytes
  std::string_view header_;
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string, size_t> places_;
  std::map<std::string, std::string> metadata_;
};

// A file about to be written: what stands before the tensors' bytes (the length and the header's text), and
// the tensors in the order of their bytes.
struct SafetensorsDraft {
  std::string head;
  std::vector<const TensorView*> order;
};

// Writes a file that appears whole or not at all. Wider types come first, so that each tensor is aligned.
// `finish` is shown the file before it is written, and may change bytes of its head, but not their number.
void write_safetensors(const std::string& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(SafetensorsDraft&)>& finish = {});

}  // namespace savp
