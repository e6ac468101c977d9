#include "evaluation/feature_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/log.h"
#include "io/crc32c.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDigestBytes = 32, kCheckBytes = 4;
constexpr int64_t kMostBytes = int64_t{1} << 30;

// 64 hexadecimal digits as 32 bytes, and back.
std::string packed(const std::string& digest) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digest.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digest.substr(i, 2), nullptr, 16));
  return bytes;
}
std::string unpacked(std::string_view bytes) {
  std::string digest;
  for (const unsigned char byte : bytes)
    digest += {"0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 15U]};
  return digest;
}

std::string record_of(const std::string& digest, const std::vector<float>& features) {
  auto record = packed(digest);
  record.append(reinterpret_cast<const char*>(features.data()), features.size() * sizeof(float));
  const uint32_t check = crc32c(record.data(), record.size());
  record.append(reinterpret_cast<const char*>(&check), kCheckBytes);
  return record;
}

bool is_sound(std::string_view record) {
  uint32_t check = 0;
  std::memcpy(&check, record.data() + record.size() - kCheckBytes, kCheckBytes);
  return crc32c(record.data(), record.size() - kCheckBytes) == check;
}

// A file opened for appending, alone.
class LockedFile {
 public:
  explicit LockedFile(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (descriptor_ >= 0) ::flock(descriptor_, LOCK_EX);
  }
  ~LockedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  // After its last whole record, or from the start where it would grow too large.
  bool append(const std::string& bytes, size_t record_bytes) const {
    if (descriptor_ < 0) return false;
    auto end = ::lseek(descriptor_, 0, SEEK_END);
    if (end < 0) return false;
    end -= end % static_cast<off_t>(record_bytes);
    if (end + static_cast<off_t>(bytes.size()) > kMostBytes) end = 0;
    if (::ftruncate(descriptor_, end) != 0) return false;
    return ::pwrite(descriptor_, bytes.data(), bytes.size(), end) == static_cast<ssize_t>(bytes.size());
  }

 private:
  int descriptor_;
};

}  // namespace

FeatureCache::FeatureCache(fs::path file, size_t numbers) : file_(std::move(file)), numbers_(numbers) {
  read();
}

size_t FeatureCache::record_bytes() const { return kDigestBytes + numbers_ * sizeof(float) + kCheckBytes; }

void FeatureCache::read() {
  std::ifstream in(file_, std::ios::binary);
  std::string record(record_bytes(), '\0');
  while (in.read(record.data(), static_cast<std::streamsize>(record.size()))) {
    if (!is_sound(record)) continue;
    std::vector<float> features(numbers_);
    std::memcpy(features.data(), record.data() + kDigestBytes, numbers_ * sizeof(float));
    known_[unpacked(std::string_view(record).substr(0, kDigestBytes))] = std::move(features);
  }
}

const std::vector<float>* FeatureCache::find(const std::string& digest) const {
  const auto found = known_.find(digest);
  return found == known_.end() ? nullptr : &found->second;
}

void FeatureCache::add(const std::vector<std::pair<std::string, std::vector<float>>>& records) {
  std::string bytes;
  for (const auto& [digest, features] : records)
    if (known_.emplace(digest, features).second) bytes += record_of(digest, features);
  if (bytes.empty() || file_.empty()) return;
  std::error_code failure;
  fs::create_directories(file_.parent_path(), failure);
  if (!LockedFile(file_).append(bytes, record_bytes()))
    log::warn(file_.string() + ": features cannot be kept");
}

}  // namespace savp
