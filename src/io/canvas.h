// Laying out pictures: enlarged, side by side, framed, and with words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/hparams.h"
#include "io/image.h"

namespace savp {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

// In pixels of the canvas.
struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

enum class Enlarging { kNearest, kLanczos };
template <>
struct EnumNames<Enlarging> {
  static constexpr std::pair<Enlarging, const char*> kTable[] = {{Enlarging::kNearest, "nearest"},
                                                                 {Enlarging::kLanczos, "lanczos"}};
};

// Of one colour.
Picture canvas(int64_t height, int64_t width, const Colour& colour);

// What lies outside of the canvas is left out.
void fill(Picture& canvas, const Box& box, const Colour& colour);
void paste(Picture& canvas, const Picture& rgb, int64_t top, int64_t left);

// So many times as high and as wide, in three channels.
Picture enlarge(const Picture& picture, int64_t factor, Enlarging how);

// One line of words, its capitals `height` pixels high, with their upper left corner at the corner of the
// box; made smaller where it would be wider than the box. What is not ASCII is shown as "?".
void write_words(Picture& canvas, const Box& box, const std::string& words, const Colour& colour);

}  // namespace savp
