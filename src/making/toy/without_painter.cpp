// Stands in for painter.cpp where there is no OpenCV.
#include "core/without_video.h"
#include "making/toy/painter.h"

namespace savp::toy {

Painter::Painter(int64_t) { needs_video("toy data are drawn"); }
Picture Painter::paint(const World&, const Look&) const { needs_video("toy data are drawn"); }

}  // namespace savp::toy
