#include "io/array_writer.h"

#include <zip.h>

#include <map>
#include <memory>
#include <new>

#include "core/error.h"
#include "io/whole_file.h"

namespace savp {
namespace {

constexpr size_t kAlignment = 64;  // of the values within the file

const char* descr(NumberType type) {
  static const std::map<NumberType, const char*> kNames = {
      {NumberType::kUint8, "|u1"},  {NumberType::kInt8, "|i1"},    {NumberType::kInt16, "<i2"},
      {NumberType::kUint16, "<u2"}, {NumberType::kInt32, "<i4"},   {NumberType::kUint32, "<u4"},
      {NumberType::kInt64, "<i8"},  {NumberType::kFloat32, "<f4"}, {NumberType::kFloat64, "<f8"}};
  return kNames.at(type);
}

std::string npy(const NamedArray& array) {
  std::string shape;
  for (const auto size : array.header.shape) shape += concat(size, ", ");
  auto dictionary =
      concat("{'descr': '", descr(array.header.type), "', 'fortran_order': False, 'shape': (", shape, "), }");
  const size_t before = 10 + dictionary.size() + 1;
  dictionary.append((kAlignment - before % kAlignment) % kAlignment, ' ').push_back('\n');
  const auto length = dictionary.size();
  std::string file("\x93NUMPY\x01\x00", 8);
  file.push_back(static_cast<char>(length & 0xFF));
  file.push_back(static_cast<char>(length >> 8));
  return file + dictionary + array.bytes;
}

// An archive that grows in memory.
class Archive {
 public:
  explicit Archive(std::filesystem::path path) : path_(std::move(path)) {
    source_ = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    if (source_ == nullptr) throw std::bad_alloc();
    zip_source_keep(source_);
    archive_ = zip_open_from_source(source_, ZIP_TRUNCATE, nullptr);
    SAVP_CHECK(archive_ != nullptr, DataError, path_.string(), ": an archive cannot be begun");
  }
  ~Archive() {
    if (archive_ != nullptr) zip_discard(archive_);
    zip_source_free(source_);
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // The bytes must live until finish().
  void add(const std::string& name, const std::string& bytes) {
    zip_source_t* entry = zip_source_buffer(archive_, bytes.data(), bytes.size(), 0);
    const auto index = zip_file_add(archive_, name.c_str(), entry, ZIP_FL_ENC_UTF_8);
    SAVP_CHECK(index >= 0, DataError, path_.string(), ": ", name, " cannot be added");
    zip_set_file_compression(archive_, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }

  std::string finish() {
    SAVP_CHECK(zip_close(archive_) == 0, DataError, path_.string(), ": ", zip_strerror(archive_));
    archive_ = nullptr;
    zip_stat_t about;
    zip_source_stat(source_, &about);
    std::string all(about.size, '\0');
    zip_source_open(source_);
    const auto read = zip_source_read(source_, all.data(), all.size());
    zip_source_close(source_);
    SAVP_CHECK(read == static_cast<zip_int64_t>(all.size()), DataError, path_.string(), ": cannot be made");
    return all;
  }

 private:
  std::filesystem::path path_;
  zip_source_t* source_ = nullptr;
  zip_t* archive_ = nullptr;
};

}  // namespace

void write_arrays(const std::filesystem::path& path, const std::vector<NamedArray>& arrays) {
  std::vector<std::string> files;
  for (const auto& array : arrays) {
    SAVP_CHECK(static_cast<int64_t>(array.bytes.size()) == array.header.bytes(), DataError, path.string(),
               ": ", array.name, " has ", array.bytes.size(), " bytes, not ", array.header.bytes());
    files.push_back(npy(array));
  }
  Archive archive(path);
  for (size_t i = 0; i < arrays.size(); ++i) archive.add(arrays[i].name + ".npy", files[i]);
  write_whole_file(path, archive.finish());
}

}  // namespace savp
