// FIPS 180-4, written out: the only use of a library here would be to hash.
#include "io/sha256.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/error.h"

namespace savp {
namespace {

constexpr std::array<uint32_t, 64> kRounds = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The 16 words of a block (big-endian), and 48 that follow from them.
std::array<uint32_t, 64> words_of(const uint8_t* block) {
  std::array<uint32_t, 64> w{};
  for (size_t i = 0; i < 16; ++i)
    for (size_t byte = 0; byte < 4; ++byte) w[i] = (w[i] << 8U) | block[4 * i + byte];
  for (size_t i = 16; i < 64; ++i) {
    const auto s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3U);
    const auto s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10U);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  return w;
}

}  // namespace

void Sha256::digest(const uint8_t* block) {
  const auto w = words_of(block);
  auto [a, b, c, d, e, f, g, h] = state_;
  for (size_t i = 0; i < 64; ++i) {
    const auto t1 = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) +
                    kRounds[i] + w[i];
    const auto t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const std::array<uint32_t, 8> change = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < state_.size(); ++i) state_[i] += change[i];
}

void Sha256::add(const void* bytes, size_t count) {
  const auto* next = static_cast<const uint8_t*>(bytes);
  bytes_ += count;
  while (count > 0) {
    if (pending_bytes_ == 0 && count >= pending_.size()) {
      digest(next);
      next += pending_.size(), count -= pending_.size();
      continue;
    }
    const auto part = std::min(count, pending_.size() - pending_bytes_);
    std::memcpy(pending_.data() + pending_bytes_, next, part);
    pending_bytes_ += part, next += part, count -= part;
    if (pending_bytes_ < pending_.size()) return;
    digest(pending_.data());
    pending_bytes_ = 0;
  }
}

// The end: a bit that is set, zeros, and the number of bits in 8 bytes that complete a block.
std::string Sha256::hexadecimal() {
  const auto bits = 8 * bytes_;
  const size_t zeros = (119 - bytes_ % 64) % 64;
  std::string end(1 + zeros, '\0');
  end[0] = static_cast<char>(0x80);
  for (int byte = 7; byte >= 0; --byte) end += static_cast<char>((bits >> (8U * byte)) & 255U);
  add(end);
  std::string text;
  for (const auto word : state_)
    for (int digit = 7; digit >= 0; --digit) text += "0123456789abcdef"[(word >> (4U * digit)) & 15U];
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  SAVP_CHECK(file, DataError, path.string(), ": cannot be opened (", std::strerror(errno), ")");
  Sha256 digest;
  std::vector<char> block(1U << 20U);
  do {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.add(block.data(), static_cast<size_t>(file.gcount()));
  } while (file);
  SAVP_CHECK(!file.bad(), DataError, path.string(), ": cannot be read (", std::strerror(errno), ")");
  return digest.hexadecimal();
}

}  // namespace savp
