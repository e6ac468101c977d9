// Video files and animated GIFs: some frames are read, or the file is refused.
#include <string_view>

#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/container_end.h"
#include "io/video.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  const auto file = memory_file(bytes, size);
  for (const std::string_view format : {"gif", "avi", "mov", "matroska", "flv", "asf", "ogg"}) {
    try {
      check_container_end(file.path(), format);
    } catch (const DataError&) {
    }
  }
  try {
    surely_is_video_file(file.path());
    constexpr int64_t kFrames = 3;
    read_video(file.path(), {.height = 8, .width = 8}, kFrames);
  } catch (const DataError&) {
  }
  return 0;
}
