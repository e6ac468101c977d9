// Files of torch.save(), for tests: a dictionary of tensors, as Python writes it, in both layouts.
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

// Part of a storage, whatever it says of itself.
struct WrittenView {
  std::string name = "a";
  std::vector<int64_t> shape = {4}, strides = {1};
  int64_t offset = 0;
  std::string storage = "0";
  int64_t storage_size = 4;
  std::string type = "FloatStorage";
};

namespace written_torch {

using std::string_literals::operator""s;

inline std::string number(int64_t value) {  // little-endian, 4 or 8 bytes
  const auto small = static_cast<int32_t>(value);
  return small == value ? "J" + bytes_of<int32_t>({small}) : "\x8a\x08" + bytes_of<int64_t>({value});
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
// The tuple of which it is made.
inline std::string parts(const WrittenView& view) {
  return "((" + text("storage") + "ctorch\n" + view.type + "\n" + text(view.storage) + text("cpu") +
         number(view.storage_size) + "tQ" + number(view.offset) + numbers(view.shape) +
         numbers(view.strides) + "\x89" + "ccollections\nOrderedDict\n)Rt";
}
inline std::string tensor(const WrittenView& view) {
  return "ctorch._utils\n_rebuild_tensor_v2\n" + parts(view) + "R";
}
// All of the storage of that name.
inline WrittenView whole(const WrittenTensor& t, const std::string& storage, const std::string& type) {
  return {.name = t.name,
          .shape = t.shape,
          .strides = row_major(t.shape),
          .storage = storage,
          .storage_size = static_cast<int64_t>(t.values.size()),
          .type = type};
}

}  // namespace written_torch

// The pickle of the dictionary.
inline std::string torch_program(const std::vector<WrittenView>& views) {
  using namespace written_torch;  // NOLINT: of this header alone
  std::string program = "\x80\x02"s + "ccollections\nOrderedDict\n)R(";
  for (const auto& view : views) program += text(view.name) + tensor(view);
  return program + "u}" + text("_metadata") + "ccollections\nOrderedDict\n)Rsb.";
}
// Storages are named after the places of their tensors.
inline std::string torch_program(const std::vector<WrittenTensor>& tensors,
                                 const std::string& type = "FloatStorage") {
  std::vector<WrittenView> views;
  for (size_t i = 0; i < tensors.size(); ++i)
    views.push_back(written_torch::whole(tensors[i], std::to_string(i), type));
  return torch_program(views);
}

using Entries = std::vector<std::pair<std::string, std::string>>;

inline void write_torch_archive(const std::filesystem::path& path, const std::string& program,
                                const Entries& storages, const std::string& byte_order = "little",
                                bool deflate = false) {
  Entries entries = {{"archive/data.pkl", program}, {"archive/byteorder", byte_order}};
  for (const auto& [name, bytes] : storages) entries.emplace_back("archive/data/" + name, bytes);
  entries.emplace_back("archive/version", "3\n");
  write_zip(path, entries, deflate);
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
  Entries storages;
  for (size_t i = 0; i < tensors.size(); ++i)
    storages.emplace_back(std::to_string(i), bytes_of(tensors[i].values));
  write_torch_archive(path, torch_program(tensors, type), storages);
}

}  // namespace savp
