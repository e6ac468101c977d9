#include "io/zip_archive.h"

#include <zip.h>

#include <limits>

#include "core/error.h"
#include "core/printable.h"
#include "io/regular_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class ZipSource : public ByteSource {
 public:
  ZipSource(zip_file_t* file, int64_t size, std::string name)
      : file_(file), size_(size), name_(std::move(name)) {}
  ~ZipSource() override { zip_fclose(file_); }
  ZipSource(const ZipSource&) = delete;
  ZipSource& operator=(const ZipSource&) = delete;

  // The checksum is looked at where nothing more is to be had.
  size_t read(char* to, size_t count) override {
    const auto got = zip_fread(file_, to, count);
    SAVP_CHECK(got >= 0, DataError, name_, ": is damaged: ", zip_file_strerror(file_));
    return static_cast<size_t>(got);
  }
  int64_t size() const override { return size_; }

 private:
  zip_file_t* file_;
  int64_t size_;
  std::string name_;
};

}  // namespace

struct ZipArchive::Handle {
  explicit Handle(zip_t* archive) : archive(archive) {}
  ~Handle() { zip_discard(archive); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  zip_t* archive;
};

bool ZipArchive::is_one(const fs::path& path) { return RegularFile(path.string()).read_at(0, 2) == "PK"; }

ZipArchive::ZipArchive(const fs::path& path, const std::string& what) : path_(path) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string cause = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw DataError(concat(path.string(), ": is no ", what, " (", cause, ")"));
  }
  handle_ = std::make_unique<Handle>(archive);
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
    const char* name = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    names_.emplace_back(name == nullptr ? "" : name);
  }
}

ZipArchive::~ZipArchive() = default;

bool ZipArchive::has(const std::string& name) const {
  return zip_name_locate(handle_->archive, name.c_str(), 0) >= 0;
}

std::unique_ptr<ByteSource> ZipArchive::open(const std::string& name, const std::string& called) const {
  zip_stat_t stat;
  auto* archive = handle_->archive;
  const bool known = zip_stat(archive, name.c_str(), 0, &stat) == 0 && (stat.valid & ZIP_STAT_SIZE) != 0 &&
                     stat.size <= static_cast<zip_uint64_t>(std::numeric_limits<int64_t>::max());
  zip_file_t* file = known ? zip_fopen(archive, name.c_str(), 0) : nullptr;
  SAVP_CHECK(file != nullptr, DataError, called, ": cannot be read (", zip_strerror(archive), ")");
  return std::make_unique<ZipSource>(file, static_cast<int64_t>(stat.size), called);
}

std::string ZipArchive::read(const std::string& name, int64_t at_most) const {
  const auto called = concat(path_.string(), ", ", shown(name));
  const auto source = open(name, called);
  SAVP_CHECK(source->size() <= at_most, DataError, called, ": is too large (", source->size(),
             " bytes, at most ", at_most, " are read)");
  auto bytes = take_bytes(*source, static_cast<size_t>(source->size()), called);
  expect_end(*source, called);
  return bytes;
}

}  // namespace savp
