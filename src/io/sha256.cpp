#include "io/sha256.h"

extern "C" {
#include <libavutil/mem.h>
#include <libavutil/sha.h>
}

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "core/error.h"

namespace savp {
namespace {

class Digest {
 public:
  Digest() { av_sha_init(state_.get(), /*bits=*/256); }

  void add(const char* bytes, size_t count) {
    av_sha_update(state_.get(), reinterpret_cast<const uint8_t*>(bytes), count);
  }

  std::string hexadecimal() {
    std::array<uint8_t, 32> digest;
    av_sha_final(state_.get(), digest.data());
    std::string text;
    for (const unsigned byte : digest)
      text += {"0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 15U]};
    return text;
  }

 private:
  struct Free {
    void operator()(AVSHA* state) const { av_free(state); }
  };
  std::unique_ptr<AVSHA, Free> state_{av_sha_alloc()};
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Digest digest;
  digest.add(bytes.data(), bytes.size());
  return digest.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  SAVP_CHECK(file, DataError, path.string(), ": cannot be opened (", std::strerror(errno), ")");
  Digest digest;
  std::vector<char> block(1U << 20U);
  do {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.add(block.data(), static_cast<size_t>(file.gcount()));
  } while (file);
  SAVP_CHECK(!file.bad(), DataError, path.string(), ": cannot be read (", std::strerror(errno), ")");
  return digest.hexadecimal();
}

}  // namespace savp
