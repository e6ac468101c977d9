// Clips of any length as records: all frames in one list, with its size beside it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace savp {

struct Clip {
  PictureSize size;
  bool floats = false;                   // frames are float32 from 0 to 1, little-endian
  std::vector<std::string_view> frames;  // raw or as JPEG, as the data set has it
  std::vector<float> actions;            // [frames - 1, numbers], where there are any
  std::vector<float> states;             // [frames, numbers], where there are any
};
std::string clip_record(const Clip& clip);

// Raw frames of one size, and what comes with them.
std::string clip_record(const std::vector<Picture>& frames, const std::vector<float>& actions = {},
                        const std::vector<float>& states = {});

}  // namespace savp
