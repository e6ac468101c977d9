// What a program says that was built without OpenCV and FFmpeg's libraries (SAVP_VIDEO=OFF).
#pragma once

#include "core/error.h"

namespace savp {

// `what` needs them; the end of a sentence like "toy data are drawn".
[[noreturn]] inline void needs_video(const char* what) {
  throw UsageError(concat("this program was built without OpenCV and FFmpeg, by which ", what,
                          ": build it with -DSAVP_VIDEO=ON"));
}

}  // namespace savp
