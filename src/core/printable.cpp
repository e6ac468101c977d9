#include "core/printable.h"

#include <algorithm>

namespace savp {
namespace {

bool continues(unsigned char byte) { return (byte & 0xC0U) == 0x80; }

// Bytes of the character that a text starts with; 0 for a control character and what is no UTF-8.
size_t visible_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
  const size_t count = byte(0) >= 0xF5   ? 0
                       : byte(0) >= 0xF0 ? 4
                       : byte(0) >= 0xE0 ? 3
                       : byte(0) >= 0xC2 ? 2
                                         : 0;
  if (count == 0 || count > text.size()) return 0;
  for (size_t i = 1; i < count; ++i)
    if (!continues(byte(i))) return 0;
  const bool is_control = byte(0) == 0xC2 && byte(1) < 0xA0;  // U+0080 to U+009F
  return is_control ? 0 : count;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string shown;
  while (!text.empty()) {
    const size_t count = visible_bytes(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (count > 0)
      shown += text.substr(0, count);
    else
      shown += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
    text.remove_prefix(std::max<size_t>(count, 1));
  }
  return shown;
}

}  // namespace

std::string printable(std::string_view text, size_t at_most) {
  if (text.size() <= at_most) return escaped(text);
  const auto starts_character = [&](size_t i) { return !continues(static_cast<unsigned char>(text[i])); };
  size_t head = at_most * 3 / 4, tail = text.size() - at_most / 4;
  while (head > 0 && !starts_character(head)) --head;
  while (tail < text.size() && !starts_character(tail)) ++tail;
  return escaped(text.substr(0, head)) + " ... " + escaped(text.substr(tail));
}

}  // namespace savp
