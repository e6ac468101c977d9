#include "evaluation/clip.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "core/text.h"
#include "evaluation/pictures.h"
#include "io/array_file.h"

namespace savp {
namespace {

// The first of the sequences in an array [N, T, ...], [T, ...].
Tensor first_sequence(const ArrayFile& file, const std::string& name) {
  auto reader = file.open(name);
  auto shape = reader.header().shape;
  SAVP_CHECK(shape.size() >= 3 && shape[0] > 0 && shape[1] > 0, DataError, reader.name(), ": has the shape ",
             shape_text(shape), ", but [sequences, frames, ...] is needed");
  if (shape[0] > 1)
    log::info(concat(reader.name(), ": holds ", counted(shape[0], "sequence"), ", the first is continued"));
  shape.erase(shape.begin());
  const auto numbers = reader.read_floats(c10::multiply_integers(shape));
  const auto sequence = at::tensor(numbers, at::kFloat).view(shape);
  SAVP_CHECK(sequence.isfinite().all().item<bool>(), DataError, reader.name(),
             ": holds a value that is not finite");
  return reader.header().type == NumberType::kUint8 && name != "actions" && name != "states" ? sequence / 255
                                                                                             : sequence;
}

// [T, H, W, C] -> [T, 1, C, H, W] in 0..1.
Tensor frames_of(const ArrayFile& file, const std::string& path) {
  const auto name = file.has("images") || file.names().size() != 1 ? "images" : file.names().front();
  SAVP_CHECK(file.has(name), DataError, path, ": has no array \"images\"; it holds ",
             join_words(file.names()));
  const auto images = first_sequence(file, name);
  SAVP_CHECK(images.dim() == 4 && (images.size(3) == 1 || images.size(3) == 3), DataError, path,
             ": images must have the axes [sequences, frames, height, width, channels], 1 or 3 channels");
  SAVP_CHECK(images.min().item<float>() >= -1e-5F && images.max().item<float>() <= 1 + 1e-5F, DataError, path,
             ": images must be uint8, or floats from 0 to 1");
  return images.clamp(0, 1).permute({0, 3, 1, 2}).unsqueeze(1).contiguous();
}

// Rows of [T, size] from the clip's start on. Throws DataError where there are fewer than `least`.
Tensor numbers_of(const ArrayFile& file, const StartingClip& clip, const std::string& name, int64_t least) {
  SAVP_CHECK(file.has(name), DataError, clip.path, ": has no array \"", name,
             "\", which the model was trained with");
  const auto numbers = first_sequence(file, name);
  SAVP_CHECK(numbers.dim() == 2 && numbers.size(0) - clip.start_frame >= least, DataError, clip.path, ": ",
             name, " must have the axes [sequences, ", clip.start_frame + least, " frames or more, numbers]");
  return numbers.slice(0, clip.start_frame);
}

}  // namespace

Batch read_video_clip(const StartingClip& clip, int64_t least, int64_t wanted, const VideoOptions& size) {
  VideoReader reader(clip.path, size);
  std::vector<Picture> shown;
  int64_t read = 0;
  for (; read < clip.start_frame + wanted; ++read) {
    auto frame = reader.next();
    if (!frame) break;
    if (read >= clip.start_frame) shown.push_back(std::move(*frame));
  }
  SAVP_CHECK(static_cast<int64_t>(shown.size()) >= least, DataError, clip.path, " has ", read, " frames, ",
             least, " from number ", clip.start_frame,
             " on are needed: lower --start_frame or give a longer video");
  Batch batch;
  batch.images = to_video(shown);
  return batch;
}

Batch read_array_clip(const StartingClip& clip, int64_t frames, int64_t stride, bool with_actions) {
  const ArrayFile file(clip.path);
  const auto images = frames_of(file, clip.path);
  const auto left = std::max<int64_t>(images.size(0) - clip.start_frame, 0);
  const auto there = std::min(frames, (left + stride - 1) / stride);
  SAVP_CHECK(there > 0, DataError, clip.path, " has ", images.size(0), " frames, none from number ",
             clip.start_frame, " on: lower --start_frame");
  const auto span = (there - 1) * stride + 1;
  Batch batch;
  batch.images = images.slice(0, clip.start_frame, clip.start_frame + span, stride);
  if (!with_actions) return batch;
  const auto actions = numbers_of(file, clip, "actions", span - 1).slice(0, 0, span - 1);
  batch.actions = actions.reshape({there - 1, 1, stride * actions.size(1)});
  if (file.has("states"))
    batch.states = numbers_of(file, clip, "states", span).slice(0, 0, span, stride).unsqueeze(1);
  return batch;
}

}  // namespace savp
