// Videos side by side in one picture, to be looked at: enlarged, labelled, frames that were given framed,
// predicted ones with a bar below.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/canvas.h"

namespace savp {

struct SheetStyle {
  int64_t scale = 4;  // pixels of the sheet a pixel of the video
  Enlarging enlarging = Enlarging::kNearest;
};

enum class FrameMark { kGiven, kHappened, kPredicted };

// One video of a sheet.
struct SheetVideo {
  std::string label;
  std::vector<Picture> frames;  // from frame `first` of the sequence on
  int64_t first = 0;
  FrameMark mark = FrameMark::kPredicted;  // of those after the context
};

// Sequences one below the other, each with its videos side by side.
struct Sheet {
  int64_t context = 0;  // frames that were given
  int64_t frames = 0;   // of the sequence
  std::vector<std::vector<SheetVideo>> rows;
};

// The videos of one row broken into lines of about the shape of a screen.
Sheet wrapped(const Sheet& sheet);

// Pictures of one size, one a frame. A video that ends before stays as it was last.
std::vector<Picture> moving_sheet(const Sheet& sheet, const SheetStyle& style);

// All frames side by side, a line for each video; of a long sequence every second, third ... frame, so that
// there are at most kStripFrames, with their numbers above.
inline constexpr int64_t kStripFrames = 20;
Picture strip(const Sheet& sheet, const SheetStyle& style);

}  // namespace savp
