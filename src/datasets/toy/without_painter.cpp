// Stands in for painter.cpp where there is no OpenCV.
#include "datasets/toy/painter.h"
#include "savp/core/without_video.h"

namespace savp::toy {

Painter::Painter(int64_t) { needs_video("toy data are drawn"); }
Picture Painter::paint(const World&, const Look&) const { needs_video("toy data are drawn"); }

}  // namespace savp::toy
