// What a program says that was built without OpenCV, FFmpeg's libraries and HDF5 (SAVP_VIDEO=OFF).
#pragma once

#include "core/error.h"

namespace savp {

// `what` needs the libraries; the end of a sentence like "toy data are drawn".
[[noreturn]] inline void needs_video(const char* what, const char* libraries = "OpenCV and FFmpeg") {
  throw UsageError(concat("this program was built without ", libraries, ", by which ", what,
                          ": build it with -DSAVP_VIDEO=ON"));
}

}  // namespace savp
