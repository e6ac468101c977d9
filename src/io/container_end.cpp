#include "io/container_end.h"

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.h"
#include "io/regular_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// A file to step through; numbers from behind the end are 0.
class Bytes {
 public:
  explicit Bytes(const fs::path& path) : path_(path.string()), file_(path_) {}

  int64_t size() const { return file_.size(); }
  std::string text(int64_t at, size_t count) const { return file_.read_at(at, count); }
  uint64_t big(int64_t at, size_t count) const {
    uint64_t value = 0;
    for (const char byte : text(at, count)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  uint64_t little(int64_t at, size_t count) const {
    uint64_t value = 0;
    const auto bytes = text(at, count);
    for (auto i = bytes.size(); i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  // `end`: where a part of the file should end.
  void check_end(uint64_t end, const char* part) const {
    SAVP_CHECK(end <= static_cast<uint64_t>(size()), DataError, path_, ": is truncated: ", part,
               " should end at byte ", end, ", the file has ", size());
  }
  [[noreturn]] void refuse(const char* what) const {
    throw DataError(concat(path_, ": is truncated: ", what));
  }

 private:
  std::string path_;
  RegularFile file_;
};

// Header, screen and palette, then blocks: 0x21 an extension, 0x2C a picture, 0x3B the end.
class GifEnd {
 public:
  explicit GifEnd(const Bytes& bytes) : bytes_(bytes) {}

  void check() {
    at_ = 10;
    skip_palette();
    at_ += 2;
    while (true) {
      const auto kind = byte();
      if (kind == 0x3B) return;
      if (kind == 0x21) {
        byte();
        skip_blocks();
      } else if (kind == 0x2C) {
        at_ += 8;
        skip_palette();
        byte();
        skip_blocks();
      } else if (kind != 0) {
        return;  // no GIF any more: what the decoder makes of it
      }
    }
  }

 private:
  unsigned byte() {
    if (at_ >= bytes_.size()) bytes_.refuse("the mark at the end of a GIF is missing");
    if (at_ < start_ || at_ >= start_ + static_cast<int64_t>(window_.size()))
      window_ = bytes_.text(start_ = at_, 1 << 16);
    return static_cast<unsigned char>(window_.at(static_cast<size_t>(at_++ - start_)));
  }
  void skip_palette() {
    const auto flags = byte();
    if ((flags & 0x80U) != 0) at_ += 3 * (int64_t{2} << (flags & 7U));
  }
  // A count and so many bytes, until a count of 0.
  void skip_blocks() {
    while (const auto count = byte()) at_ += count;
  }

  const Bytes& bytes_;
  int64_t at_ = 0, start_ = 0;
  std::string window_;
};

void check_gif(const Bytes& bytes) { GifEnd(bytes).check(); }

// One or more chunks "RIFF" | size of what follows, uint32 little-endian | contents. A size of 0 or of all
// ones was written to a pipe: not known.
void check_avi(const Bytes& bytes) {
  for (int64_t at = 0; at < bytes.size() && bytes.text(at, 4) == "RIFF";) {
    const auto size = static_cast<int64_t>(bytes.little(at + 4, 4));
    if (size == 0 || size == UINT32_MAX) return;
    bytes.check_end(static_cast<uint64_t>(at + 8 + size), "the AVI");
    at += 8 + size + size % 2;
  }
}

// Boxes: size, uint32 big-endian (1: 64 bits follow the name; 0: to the end), name, contents. The frames of
// an MP4 whose index comes at once are checked by it; one in fragments has an index a fragment ("moof").
void check_mp4(const Bytes& bytes) {
  bool in_fragments = false;
  for (int64_t at = 0; bytes.size() - at >= 8;) {
    const auto name = bytes.text(at + 4, 4);
    auto size = bytes.big(at, 4);
    if (size == 1) size = bytes.big(at + 8, 8);
    if (size < 8) return;
    in_fragments |= name == "moof";
    const auto end = static_cast<uint64_t>(at) + size;
    if (end > static_cast<uint64_t>(bytes.size())) {
      if (in_fragments && (name == "moof" || name == "mdat")) bytes.check_end(end, "the last fragment");
      return;
    }
    at = static_cast<int64_t>(end);
  }
}

// Elements: a name of 1 to 4 bytes and a size of 1 to 8; the zeros before the first one tell how many.
struct Element {
  uint64_t name = 0, size = 0;
  bool is_open = false;  // of unknown size
  int64_t start = 0;     // of the contents
};

std::optional<Element> element_at(const Bytes& bytes, int64_t at) {
  const auto width = [&](size_t most) -> size_t {
    const auto first = bytes.big(at, 1);
    for (size_t count = 1; count <= most; ++count)
      if ((first & (0x100U >> count)) != 0) return count;
    return 0;
  };
  Element element;
  const auto name_bytes = width(4);
  if (name_bytes == 0) return std::nullopt;
  element.name = bytes.big(at, name_bytes);
  at += static_cast<int64_t>(name_bytes);
  const auto size_bytes = width(8);
  if (size_bytes == 0) return std::nullopt;
  const auto ones = (uint64_t{1} << (7 * size_bytes)) - 1;
  element.size = bytes.big(at, size_bytes) & ones;
  element.is_open = element.size == ones;
  element.start = at + static_cast<int64_t>(size_bytes);
  return element;
}

// A header, then the segment, which holds clusters of frames; a segment written to a pipe has no size.
void check_matroska(const Bytes& bytes) {
  constexpr uint64_t kHeader = 0x1A45DFA3, kSegment = 0x18538067, kCluster = 0x1F43B675;
  int64_t at = 0;
  while (at < bytes.size()) {
    const auto element = element_at(bytes, at);
    if (!element) return;
    if (element->name == kSegment && element->is_open) {
      at = element->start;
      continue;
    }
    const bool holds_frames = element->name == kSegment || element->name == kCluster;
    if (element->is_open || (at == 0 && element->name != kHeader)) return;
    const auto end = static_cast<uint64_t>(element->start) + element->size;
    if (holds_frames) bytes.check_end(end, element->name == kSegment ? "its segment" : "its last cluster");
    if (end > static_cast<uint64_t>(bytes.size())) return;
    at = static_cast<int64_t>(end);
  }
}

// A header of 9 bytes, then 4 bytes and a tag in turn: kind, size of the contents (3 bytes), 7
// more, contents.
void check_flv(const Bytes& bytes) {
  for (auto at = static_cast<int64_t>(bytes.big(5, 4)) + 4; bytes.size() - at >= 11;) {
    const auto kind = bytes.big(at, 1) & 0x1FU;
    if (kind != 8 && kind != 9 && kind != 18) return;
    const auto end = at + 11 + static_cast<int64_t>(bytes.big(at + 1, 3));
    bytes.check_end(static_cast<uint64_t>(end), "the last tag");
    at = end + 4;
  }
}

// Objects: a name of 16 bytes, the size, uint64 little-endian, which counts both, contents. 0: not known.
void check_asf(const Bytes& bytes) {
  const std::string kData("\x36\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C", 16);
  for (int64_t at = 0; bytes.size() - at >= 24;) {
    const auto size = bytes.little(at + 16, 8);
    const auto end = static_cast<uint64_t>(at) + size;
    if (size < 24 || size > INT64_MAX) return;
    if (bytes.text(at, 16) == kData) bytes.check_end(end, "the packets of frames");
    if (end > static_cast<uint64_t>(bytes.size())) return;
    at = static_cast<int64_t>(end);
  }
}

// Pages: "OggS", 22 bytes, a count of sizes, the sizes (a byte each), contents.
void check_ogg(const Bytes& bytes) {
  for (int64_t at = 0; bytes.size() - at >= 27 && bytes.text(at, 4) == "OggS";) {
    const auto count = bytes.big(at + 26, 1);
    auto end = static_cast<uint64_t>(at) + 27 + count;
    for (const char size : bytes.text(at + 27, count)) end += static_cast<unsigned char>(size);
    bytes.check_end(end, "the last page");
    at = static_cast<int64_t>(end);
  }
}

struct Container {
  std::string_view format;  // what libav's name begins with
  void (*check)(const Bytes& bytes);
};
constexpr Container kContainers[] = {
    {"gif", check_gif}, {"avi", check_avi}, {"mov", check_mp4}, {"matroska", check_matroska},
    {"flv", check_flv}, {"asf", check_asf}, {"ogg", check_ogg}};

}  // namespace

void check_container_end(const fs::path& path, std::string_view format) {
  for (const auto& container : kContainers)
    if (format.starts_with(container.format)) container.check(Bytes(path));
}

}  // namespace savp
