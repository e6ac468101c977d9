// Curves as pictures, for viewers that show pictures alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/image.h"

namespace savp {

// A line through values at first, first + 1, ..., with axes, grid and their numbers: 480 x 320 pixels, RGB.
// What is not finite leaves a gap. Throws UsageError in a program that was built without OpenCV.
Picture plot(const std::string& title, int64_t first, const std::vector<double>& values);

}  // namespace savp
