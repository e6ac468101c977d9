// NumPy's files: an .npy file holds one array, an .npz file is a zip archive of such files, stored
// or deflated.
//
//   6 bytes "\x93NUMPY" | uint8 version, uint8 0 | header length, uint16 (version 1) or uint32 (2, 3),
//   little-endian | header, a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//   | values
//
// Only arrays of little-endian numbers in C order are read. All that is wrong with a file is a DataError
// that names it, the array, and the cause; nothing is allocated on the word of a header that the file's
// size contradicts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "io/byte_source.h"

namespace savp {

class ZipArchive;

enum class NumberType { kUint8, kInt8, kInt16, kUint16, kInt32, kUint32, kInt64, kFloat32, kFloat64 };

// Of an array that is not damaged but cannot be read: it holds something else than numbers, or has them in
// another order.
class OtherArrayError : public DataError {
 public:
  using DataError::DataError;
};

// Of texts, Python's objects and the like.
class NoNumbersError : public OtherArrayError {
 public:
  using OtherArrayError::OtherArrayError;
};

// "uint8", "float32", ...
const char* number_name(NumberType type);
int64_t number_size(NumberType type);  // bytes

struct ArrayHeader {
  NumberType type = NumberType::kUint8;
  std::vector<int64_t> shape;
  int64_t values() const;
  int64_t bytes() const { return values() * number_size(type); }
};

// "[2, 3]".
std::string shape_text(const std::vector<int64_t>& shape);

// The dictionary alone. Throws DataError ("the header ...").
ArrayHeader parse_array_header(std::string_view dictionary);

// One array, read from front to back.
class ArrayReader {
 public:
  // `name` is what messages call the array.
  ArrayReader(std::unique_ptr<ByteSource> source, std::string name);

  const ArrayHeader& header() const { return header_; }
  const std::string& name() const { return name_; }

  // The next values, as they are stored.
  std::string read_bytes(int64_t values);
  // The next values, as float.
  std::vector<float> read_floats(int64_t values);
  // Goes on at that value; false in an archive, which is read from front to back.
  bool seek(int64_t value);
  // After the last value: the checksum of an archive is looked at, too.
  void finish();

 private:
  std::unique_ptr<ByteSource> source_;
  std::string name_;
  ArrayHeader header_;
  int64_t first_byte_ = 0;  // of the values
};

// The arrays of a file.
class ArrayFile {
 public:
  explicit ArrayFile(const std::filesystem::path& path);
  ~ArrayFile();
  ArrayFile(const ArrayFile&) = delete;
  ArrayFile& operator=(const ArrayFile&) = delete;

  // Without ".npy"; the array of an .npy file has the name "".
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;
  // Several may be open at once. This object must live longer.
  ArrayReader open(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<ZipArchive> archive_;  // null: an .npy file
  std::vector<std::string> names_;
};

// Whether the name ends in .npy or .npz, in any case.
bool is_array_name(const std::filesystem::path& path);

}  // namespace savp
