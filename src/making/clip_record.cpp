#include "making/clip_record.h"

#include "core/error.h"
#include "io/example.h"

namespace savp {

namespace {

// Protocol buffers end at 2 GiB.
void check_size(const Clip& clip) {
  constexpr size_t kLargest = 1'900'000'000;  // bytes
  size_t bytes = 0;
  for (const auto frame : clip.frames) bytes += frame.size();
  SAVP_CHECK(bytes <= kLargest, DataError, "a clip of ", clip.frames.size(), " frames of ", text(clip.size),
             " is too large for a record: choose smaller frames or shorter clips");
}

}  // namespace

std::string clip_record(const Clip& clip) {
  check_size(clip);
  ExampleBuilder example;
  example.ints("sequence_length", {static_cast<int64_t>(clip.frames.size())});
  example.ints("height", {clip.size.height});
  example.ints("width", {clip.size.width});
  example.ints("channels", {clip.size.channels});
  example.bytes("images/encoded", clip.frames);
  if (clip.floats) example.bytes("images/format", {"float32"});
  if (!clip.actions.empty()) example.floats("actions", clip.actions);
  if (!clip.states.empty()) example.floats("states", clip.states);
  return example.serialize();
}

std::string clip_record(const std::vector<Picture>& frames, const std::vector<float>& actions,
                        const std::vector<float>& states) {
  Clip clip{.size = {frames.front().height, frames.front().width, frames.front().channels},
            .actions = actions,
            .states = states};
  for (const Picture& frame : frames)
    clip.frames.emplace_back(reinterpret_cast<const char*>(frame.pixels.data()), frame.pixels.size());
  return clip_record(clip);
}

}  // namespace savp
