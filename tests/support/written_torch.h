// Files of torch.save(), for tests: a dictionary of float32 tensors, as Python writes it, in both layouts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/written_arrays.h"

namespace savp {

struct WrittenTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

namespace written_torch {

using std::string_literals::operator""s;

inline std::string number(int64_t value) {  // little-endian, 4 bytes
  return "J" + bytes_of<int32_t>({static_cast<int32_t>(value)});
}
inline std::string text(const std::string& value) {
  return "X" + bytes_of<uint32_t>({static_cast<uint32_t>(value.size())}) + value;
}
inline std::string numbers(const std::vector<int64_t>& values) {
  std::string all = "(";
  for (const auto value : values) all += number(value);
  return all + "t";
}
inline std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}
inline std::string tensor(const WrittenTensor& t, const std::string& storage,
                          const std::vector<int64_t>& strides, const std::string& type) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + "\n" +
         text(storage) + text("cpu") + number(static_cast<int64_t>(t.values.size())) + "tQ" + number(0) +
         numbers(t.shape) + numbers(strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
}

}  // namespace written_torch

// The pickle of the dictionary; storages are named after the places of their tensors.
inline std::string torch_program(const std::vector<WrittenTensor>& tensors,
                                 const std::string& type = "FloatStorage") {
  using namespace written_torch;  // NOLINT: of this header alone
  std::string program = "\x80\x02"s + "ccollections\nOrderedDict\n)R(";
  for (size_t i = 0; i < tensors.size(); ++i)
    program +=
        text(tensors[i].name) + tensor(tensors[i], std::to_string(i), row_major(tensors[i].shape), type);
  return program + "u}" + text("_metadata") + "ccollections\nOrderedDict\n)Rsb.";
}

inline std::string old_torch_file(const std::vector<WrittenTensor>& tensors,
                                  const std::string& type = "FloatStorage") {
  using namespace written_torch;  // NOLINT: of this header alone
  auto file = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + "\x80\x02M\xe9\x03." +
              "\x80\x02}(" + text("protocol_version") + "M\xe9\x03" + text("little_endian") + "\x88u." +
              torch_program(tensors, type) + "\x80\x02](";
  for (size_t i = 0; i < tensors.size(); ++i) file += text(std::to_string(i));
  file += "e.";
  for (const auto& t : tensors)
    file += bytes_of<int64_t>({static_cast<int64_t>(t.values.size())}) + bytes_of(t.values);
  return file;
}

inline void write_torch_archive(const std::filesystem::path& path, const std::vector<WrittenTensor>& tensors,
                                const std::string& type = "FloatStorage") {
  std::vector<std::pair<std::string, std::string>> entries = {
      {"archive/data.pkl", torch_program(tensors, type)}, {"archive/byteorder", "little"}};
  for (size_t i = 0; i < tensors.size(); ++i)
    entries.emplace_back("archive/data/" + std::to_string(i), bytes_of(tensors[i].values));
  entries.emplace_back("archive/version", "3\n");
  write_zip(path, entries, /*deflate=*/false);
}

}  // namespace savp
