#include "datasets/clip_record.h"

#include "savp/io/example.h"

namespace savp {

std::string clip_record(const Clip& clip) {
  ExampleBuilder example;
  example.ints("sequence_length", {static_cast<int64_t>(clip.frames.size())});
  example.ints("height", {clip.size.height});
  example.ints("width", {clip.size.width});
  example.ints("channels", {clip.size.channels});
  example.bytes("images/encoded", clip.frames);
  return example.serialize();
}

std::string clip_record(const std::vector<Picture>& frames) {
  Clip clip{{frames.front().height, frames.front().width, frames.front().channels}, {}};
  for (const Picture& frame : frames)
    clip.frames.emplace_back(reinterpret_cast<const char*>(frame.pixels.data()), frame.pixels.size());
  return clip_record(clip);
}

}  // namespace savp
