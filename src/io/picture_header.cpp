#include "io/picture_header.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>

#include "core/error.h"

namespace savp {
namespace {

constexpr const char* kNoSize = "has no size in its header: is damaged or cut short";

uint64_t number_at(std::string_view bytes, size_t at, size_t count, bool big_endian) {
  SAVP_CHECK(at <= bytes.size() && count <= bytes.size() - at, DataError, kNoSize);
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[at + (big_endian ? i : count - 1 - i)]);
  return value;
}
int64_t big(std::string_view bytes, size_t at, size_t count) {
  return static_cast<int64_t>(number_at(bytes, at, count, true));
}
int64_t little(std::string_view bytes, size_t at, size_t count) {
  return static_cast<int64_t>(number_at(bytes, at, count, false));
}

PictureSides sides_of_png(std::string_view bytes) { return {big(bytes, 20, 4), big(bytes, 16, 4)}; }

// A segment of a JPEG: 0xFF, its mark, and unless the mark stands alone a length that counts itself.
struct Segment {
  unsigned char mark = 0;
  size_t start = 0, end = 0;  // of what follows the mark
};

bool stands_alone(unsigned char mark) { return mark == 0x01 || (mark >= 0xD0 && mark <= 0xD9); }

// The next one from `at` on; nothing where the file ends before. What lies between segments is passed over.
std::optional<Segment> next_segment(std::string_view bytes, size_t at) {
  while (true) {
    at = bytes.find('\xFF', at);
    while (at < bytes.size() && bytes[at] == '\xFF') ++at;
    if (at >= bytes.size()) return std::nullopt;
    const auto mark = static_cast<unsigned char>(bytes[at++]);
    if (mark == 0) continue;  // a byte of data
    if (stands_alone(mark)) return Segment{mark, at, at};
    if (bytes.size() - at < 2) return std::nullopt;
    return Segment{mark, at, at + static_cast<size_t>(big(bytes, at, 2))};
  }
}

PictureSides sides_of_jpeg(std::string_view bytes) {
  for (auto segment = next_segment(bytes, 2); segment; segment = next_segment(bytes, segment->end)) {
    const auto mark = segment->mark;
    const bool tables = mark == 0xC4 || mark == 0xC8 || mark == 0xCC;
    if (mark >= 0xC0 && mark <= 0xCF && !tables)
      return {big(bytes, segment->start + 3, 2), big(bytes, segment->start + 5, 2)};
    if (mark == 0xD9) break;
  }
  throw DataError(kNoSize);
}

PictureSides sides_of_bmp(std::string_view bytes) {
  const bool is_old = little(bytes, 14, 4) == 12;  // bytes of the header
  if (is_old) return {little(bytes, 20, 2), little(bytes, 18, 2)};
  const auto side = [&](size_t at) { return std::llabs(static_cast<int32_t>(little(bytes, at, 4))); };
  return {side(22), side(18)};  // a negative height: from top to bottom
}

// Mark, version (42, or 43 with longer numbers), place of the first directory: a count, then entries of tag,
// type, count and value.
PictureSides sides_of_tiff(std::string_view bytes) {
  const bool is_big_endian = bytes.starts_with("MM");
  const auto number = [&](size_t at, size_t count) { return number_at(bytes, at, count, is_big_endian); };
  const bool is_long = number(2, 2) == 43;
  const size_t word = is_long ? 8 : 4, entry_bytes = is_long ? 20 : 12;
  const auto directory = number(is_long ? 8 : 4, word);
  const auto entries = number(directory, is_long ? 8 : 2);
  PictureSides sides;
  for (uint64_t i = 0; i < std::min<uint64_t>(entries, 1 << 16); ++i) {
    const auto at = static_cast<size_t>(directory + (is_long ? 8 : 2) + i * entry_bytes);
    const auto tag = number(at, 2), type = number(at + 2, 2);
    const auto value = [&] {
      return static_cast<int64_t>(number(at + 4 + word, type == 3 ? 2 : type == 16 ? 8 : 4));
    };
    if (tag == 256) sides.width = value();
    if (tag == 257) sides.height = value();
  }
  return sides;
}

// "P5", blanks and comments, width, height in decimal digits.
PictureSides sides_of_pnm(std::string_view bytes) {
  size_t at = 2;
  const auto number = [&] {
    while (at < bytes.size() &&
           (std::isspace(static_cast<unsigned char>(bytes[at])) != 0 || bytes[at] == '#'))
      at = bytes[at] == '#' ? std::min(bytes.find('\n', at), bytes.size()) : at + 1;
    int64_t value = 0;
    for (; at < bytes.size() && std::isdigit(static_cast<unsigned char>(bytes[at])) != 0; ++at)
      value = std::min<int64_t>(value * 10 + (bytes[at] - '0'), int64_t{1} << 40);
    return value;
  };
  const auto width = number();
  return {number(), width};
}

// "RIFF", size, "WEBP", then one of three kinds of chunks.
PictureSides sides_of_webp(std::string_view bytes) {
  const auto kind = bytes.substr(12, 4);
  if (kind == "VP8X") return {little(bytes, 27, 3) + 1, little(bytes, 24, 3) + 1};
  if (kind == "VP8 ") return {little(bytes, 28, 2) & 0x3FFF, little(bytes, 26, 2) & 0x3FFF};
  SAVP_CHECK(kind == "VP8L", DataError, kNoSize);
  const auto bits = little(bytes, 21, 4);
  return {(bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1};
}

struct HeaderRow {
  bool (*fits)(std::string_view bytes);
  PictureSides (*sides)(std::string_view bytes);
};
constexpr HeaderRow kHeaders[] = {
    {[](std::string_view b) { return b.starts_with("\x89PNG\r\n\x1a\n"); }, sides_of_png},
    {[](std::string_view b) { return b.starts_with("\xFF\xD8"); }, sides_of_jpeg},
    {[](std::string_view b) { return b.starts_with("BM"); }, sides_of_bmp},
    {[](std::string_view b) { return b.starts_with("II") || b.starts_with("MM"); }, sides_of_tiff},
    {[](std::string_view b) { return b.size() > 2 && b[0] == 'P' && b[1] >= '1' && b[1] <= '6'; },
     sides_of_pnm},
    {[](std::string_view b) {
       return b.starts_with("RIFF") && b.substr(std::min<size_t>(8, b.size()), 4) == "WEBP";
     },
     sides_of_webp},
};

}  // namespace

std::optional<PictureSides> picture_sides(std::string_view bytes) {
  for (const auto& header : kHeaders)
    if (header.fits(bytes)) return header.sides(bytes);
  return std::nullopt;
}

// A picture within the header (a thumbnail) is stepped over with its segment.
bool jpeg_has_end(std::string_view bytes) {
  for (auto segment = next_segment(bytes, 2); segment; segment = next_segment(bytes, segment->end))
    if (segment->mark == 0xD9) return true;
  return false;
}

// Signature, then chunks: length, kind, contents, checksum.
bool png_has_end(std::string_view bytes) {
  constexpr size_t kSignature = 8, kAround = 12;
  for (size_t at = kSignature; at < bytes.size() && bytes.size() - at >= kAround;) {
    const auto length = static_cast<uint64_t>(big(bytes, at, 4));
    if (length > bytes.size() - at - kAround) return false;
    if (bytes.substr(at + 4, 4) == "IEND") return true;
    at += kAround + static_cast<size_t>(length);
  }
  return false;
}

}  // namespace savp
