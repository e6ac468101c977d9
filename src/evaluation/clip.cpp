#include "evaluation/clip.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "core/text.h"
#include "evaluation/pictures.h"
#include "io/array_file.h"
#include "making/sources.h"
#include "making/step_numbers.h"

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

// --- What lies beside a video

std::filesystem::path file_beside(const std::string& video) {
  const auto sources = find_sources(video);
  if (!sources.damaged.empty()) throw DataError(sources.damaged.front().complaint);
  for (const auto& source : sources.found)
    if (source.path == video) return source.numbers;
  return {};
}

StepNumbers numbers_beside(const std::string& video, const NumberKeys& keys) {
  const auto path = file_beside(video);
  SAVP_CHECK(
      !path.empty(), UsageError, video,
      " has no actions or states, which the model was trained with: put them beside it (an .npz or .csv "
      "file of its name), or give an .npz file of frames, actions and states, or --input_dir");
  auto numbers = read_step_numbers(path, keys);
  SAVP_CHECK(
      numbers.any(), DataError, path.string(),
      ": holds no actions and no states, which the model was trained with (action_key and state_key of "
      "--dataset_hparams name others)");
  return numbers;
}

// Rows [steps, size] from the clip's start on; there are as many as frames.
Tensor rows_from(const NumberRows& rows, const StartingClip& clip, int64_t steps) {
  return at::tensor(rows.some(clip.start_frame, steps), at::kFloat).view({steps, rows.size});
}

void add_numbers(Batch& batch, const StepNumbers& numbers, const StartingClip& clip, int64_t stride) {
  const auto frames = batch.images.size(0), span = (frames - 1) * stride + 1;
  if (numbers.actions)
    batch.actions =
        rows_from(*numbers.actions, clip, span - 1).reshape({frames - 1, 1, stride * numbers.actions->size});
  if (numbers.states)
    batch.states = rows_from(*numbers.states, clip, span).slice(0, 0, span, stride).unsqueeze(1);
}

}  // namespace

Batch read_video_clip(const StartingClip& clip, const ClipFrames& frames, const VideoOptions& size,
                      const std::optional<NumberKeys>& keys) {
  SAVP_CHECK(!keys || size.fps == 0, UsageError, clip.path,
             ": actions and states belong to every frame of it: --video_fps and fps must be 0");
  const auto numbers = keys ? numbers_beside(clip.path, *keys) : StepNumbers();
  VideoReader reader(clip.path, size);
  std::vector<Picture> shown;
  int64_t read = 0;
  for (;; ++read) {
    const bool enough = static_cast<int64_t>(shown.size()) >= frames.most;
    if (enough && !keys) break;  // numbers must be as many as all frames
    auto frame = reader.next();
    if (!frame) break;
    if (!enough && read >= clip.start_frame && (read - clip.start_frame) % frames.stride == 0)
      shown.push_back(std::move(*frame));
  }
  numbers.check_frames(read, clip.path);
  SAVP_CHECK(static_cast<int64_t>(shown.size()) >= frames.least, DataError, clip.path, " has ", read,
             " frames, ", (frames.least - 1) * frames.stride + 1, " from number ", clip.start_frame,
             " on are needed: lower --start_frame or give a longer video");
  Batch batch;
  batch.images = to_video(shown);
  add_numbers(batch, numbers, clip, frames.stride);
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
