// SHA-256, to tell whether a file is still what it was.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace savp {

// Of bytes that come in portions.
class Sha256 {
 public:
  void add(const void* bytes, size_t count);
  void add(std::string_view bytes) { add(bytes.data(), bytes.size()); }

  // As 64 hexadecimal digits; nothing may be added afterwards.
  std::string hexadecimal();

 private:
  using Block = std::array<uint8_t, 64>;
  void digest(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  Block pending_{};
  size_t pending_bytes_ = 0;
  uint64_t bytes_ = 0;
};

// As 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

// The same of a file's bytes. Throws DataError where it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace savp
