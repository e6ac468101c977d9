// Zip archives, to read: entries stored or deflated, with their checksums.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/byte_source.h"

namespace savp {

class ZipArchive {
 public:
  // Whether a file begins as one.
  static bool is_one(const std::filesystem::path& path);

  // Throws DataError ("a.npz: is no whole .npz file (...)") for a damaged one.
  ZipArchive(const std::filesystem::path& path, const std::string& what);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;

  // Several may be open at once; this object must live longer. `called` is what messages call the entry.
  // Throws DataError where there is none; so does reading where it is damaged, at the latest at its end.
  std::unique_ptr<ByteSource> open(const std::string& name, const std::string& called) const;
  // All bytes of an entry. Throws DataError for one that says or turns out to have more.
  std::string read(const std::string& name, int64_t at_most) const;

 private:
  struct Handle;

  std::filesystem::path path_;
  std::unique_ptr<Handle> handle_;
  std::vector<std::string> names_;
};

}  // namespace savp
