// NumPy's files, for tests.
#pragma once

#include <zip.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace savp {

// An .npy file with any dictionary as its header, padded as NumPy does.
inline std::string npy_with_header(std::string dictionary, const std::string& values) {
  while ((10 + dictionary.size() + 1) % 64 != 0) dictionary += ' ';
  dictionary += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(dictionary.size() & 255U);
  file += static_cast<char>(dictionary.size() >> 8U);
  return file + dictionary + values;
}

inline std::string npy(const std::string& descr, const std::vector<int64_t>& shape,
                       const std::string& values) {
  std::string tuple;
  for (const auto length : shape) tuple += std::to_string(length) + ", ";
  return npy_with_header("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + tuple + "), }",
                         values);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// A zip archive: names of entries and their bytes.
inline void write_zip(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, std::string>>& entries, bool deflate = true) {
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::remove(path);
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) throw std::runtime_error("a test archive cannot be written");
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const auto index = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  if (zip_close(archive) != 0) throw std::runtime_error("a test archive cannot be written");
}

// An .npz file: names without ".npy", and the bytes of such files.
inline void write_npz(const std::filesystem::path& path,
                      std::vector<std::pair<std::string, std::string>> arrays, bool deflate = true) {
  for (auto& array : arrays) array.first += ".npy";
  write_zip(path, arrays, deflate);
}

}  // namespace savp
