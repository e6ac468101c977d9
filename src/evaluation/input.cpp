#include "evaluation/input.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/interrupt.h"
#include "core/log.h"
#include "evaluation/clip.h"
#include "io/array_file.h"
#include "io/video.h"
#include "opening/open_dataset.h"

namespace savp {
namespace {

constexpr int64_t kLargestDefaultBatch = 8;

std::string dataset_name(const Origin& origin, const InputOptions& options) {
  if (options.dataset) return *options.dataset;
  if (origin.checkpoint) return origin.checkpoint->option("dataset");
  return infer_dataset(*options.input_dir, enum_name(options.mode));
}

int64_t sequences_per_epoch(const InputOptions& options, const Dataset& data) {
  const auto available = data.num_examples_per_epoch();
  SAVP_CHECK(!options.num_samples || *options.num_samples <= available, UsageError,
             "--num_samples=", *options.num_samples, ": ", *options.input_dir, " has only ", available,
             " sequences for ", data.mode());
  SAVP_CHECK(available > 0, DataError, *options.input_dir, ": has no sequence of ",
             data.hparams().sequence_length, " frames for ", data.mode(),
             ": lower sequence_length, or choose another --mode");
  return options.num_samples.value_or(available);
}

// Unknown and impossible hyperparameters, before anything is read that takes time.
void check_hparams(const Origin& origin, const InputOptions& options, const DatasetSpec& spec) {
  settle_hparams(spec, origin.dataset_hparams(), {options.dataset_hparams});
  origin.hparams(Json::object(), options.model_hparams);
}

// The frames that all sequences can have; none where records differ in length.
std::optional<int64_t> longest_sequence(Dataset& data) {
  const auto now = data.hparams().sequence_length;
  try {
    data.set_sequence_length(0);
  } catch (const UsageError&) {
    return std::nullopt;
  }
  const auto longest = data.hparams().sequence_length;
  data.set_sequence_length(now);
  return longest;
}

// Makes the data give sequences of the wanted length. Where it has none that are so long, the true frames it
// has will do for a prediction beyond them, unless that takes actions.
void fit_length(Dataset& data, const Origin& origin, const VideoInput& input, Reach reach) {
  const auto wanted = input.sequence_length;
  const auto longest = longest_sequence(data);
  data.set_sequence_length(wanted);
  if (longest ? wanted <= *longest : data.num_examples_per_epoch() > 0) return;
  SAVP_CHECK(reach != Reach::kTrueFrames && origin.entry->name != "ground_truth", UsageError,
             "sequence_length=", wanted, ": true frames are needed, but those of ", data.files().front(), " ",
             longest ? concat("are ", *longest) : "are fewer in every record",
             " (frame_skip=", data.hparams().frame_skip, "): choose a smaller sequence_length");
  SAVP_CHECK(input.shape.actions == 0 || reach == Reach::kBeyondActions, UsageError,
             "sequence_length=", wanted, ": the model takes actions, but ", data.files().front(),
             " has them for ", longest ? concat(*longest, " frames") : "fewer frames",
             " only: choose a smaller sequence_length, or give records with more actions, or actions of your "
             "own (savp_generate --actions)");
  data.set_sequence_length(longest ? *longest : data.hparams().context_frames + 1);
}

// Some batches as one.
Batch side_by_side(const std::vector<Batch>& parts) {
  const auto joined = [&](Tensor Batch::*member) {
    std::vector<Tensor> tensors;
    for (const auto& part : parts) tensors.push_back(part.*member);
    return tensors.front().defined() ? at::cat(tensors, 1) : Tensor();
  };
  return {joined(&Batch::images), joined(&Batch::actions), joined(&Batch::states),
          joined(&Batch::pix_distribs)};
}

// A single batch.
class Once : public Stream<Batch> {
 public:
  explicit Once(Batch batch) : batch_(std::move(batch)) {}
  std::optional<Batch> next() override { return std::exchange(batch_, std::nullopt); }

 private:
  std::optional<Batch> batch_;
};

std::string text(const VideoShape& shape) {
  auto words = concat(shape.width, "x", shape.height, " pixels of ", shape.channels, " channels");
  if (shape.actions > 0) words += concat(", ", shape.actions, " actions");
  if (shape.states > 0) words += concat(", ", shape.states, " states");
  return words;
}

void check_same(const VideoShape& data, const std::optional<VideoShape>& trained) {
  if (!trained) return;
  const auto sizes = [](const VideoShape& shape) {
    return std::array{shape.channels, shape.height, shape.width, shape.actions, shape.states};
  };
  SAVP_CHECK(sizes(data) == sizes(*trained), UsageError, "the model was trained on ", text(*trained),
             ", the data has ", text(data),
             ": see frame_size (own videos), crop_size, scale_size and use_state of --dataset_hparams");
}

// What the model was trained on, else what the data set's hyperparameters say, else as the clip is.
VideoOptions size_for(const std::optional<VideoShape>& trained, const VideoHparams& hparams,
                      const StartingClip& clip) {
  const double fps = clip.fps > 0 ? clip.fps : hparams.fps;
  const auto [height, width] =
      hparams.frame_size[0] > 0 ? hparams.frame_size : Size2{hparams.scale_size, hparams.scale_size};
  if (!trained) return {.height = height, .width = width, .fps = fps};
  return {.height = trained->height, .width = trained->width, .channels = trained->channels, .fps = fps};
}

Batch read_clip(const StartingClip& clip, const VideoHparams& hparams, int64_t sequence_length,
                const std::optional<VideoShape>& trained) {
  const auto stride = hparams.frame_skip + 1;
  const bool with_actions = trained ? trained->actions > 0 || trained->states > 0 : hparams.use_state;
  if (is_array_name(clip.path)) return read_array_clip(clip, sequence_length, stride, with_actions);
  const NumberKeys keys{hparams.action_key, hparams.state_key};
  return read_video_clip(clip,
                         {hparams.context_frames, std::max(hparams.context_frames, sequence_length), stride},
                         size_for(trained, hparams, clip), with_actions ? std::optional(keys) : std::nullopt);
}

}  // namespace

VideoInput open_dataset_input(const Origin& origin, const InputOptions& options, Reach reach) {
  SAVP_CHECK(options.input_dir, UsageError, "--input_dir DIR must be given: a folder with record files");
  VideoInput input;
  const auto name = dataset_name(origin, options);
  check_hparams(origin, options, find_dataset(name));
  const std::shared_ptr<Dataset> data =
      open_dataset(name, *options.input_dir, enum_name(options.mode), origin.dataset_hparams(),
                   options.dataset_hparams, options.skip_bad_records);
  input.dataset = data->name();
  input.place = data->files().front();
  input.shape = data->shape();
  check_same(input.shape, origin.trained_shape());
  input.sequence_length = options.sequence_length.value_or(data->hparams().sequence_length);
  fit_length(*data, origin, input, reach);
  input.frames = data->hparams().sequence_length;
  input.dataset_hparams = data->view().to_json();
  const auto sequences = sequences_per_epoch(options, *data);
  input.videos = options.num_samples ? sequences : sequences * options.num_epochs;
  input.batch_size = std::min(options.batch_size.value_or(kLargestDefaultBatch), input.videos);
  input.read_from(data->batches({.batch_size = 1,
                                 .num_epochs = options.num_epochs,
                                 .seed = options.seed,
                                 .threads = options.data_threads,
                                 .device = options.device}),
                  data);
  return input;
}

VideoInput open_clip_input(const Origin& origin, const InputOptions& options, const StartingClip& clip) {
  VideoInput input;
  DatasetSpec spec;
  if (options.dataset || origin.checkpoint) spec = find_dataset(dataset_name(origin, options));
  input.dataset = spec.name;
  input.place = clip.path;
  check_hparams(origin, options, spec);
  auto hparams = spec.hparams;
  auto view = spec.view(hparams);
  resolve_hparams(
      view,
      {.dicts = origin.dataset_hparams(), .texts = {options.dataset_hparams}, .flag = "--dataset_hparams"});
  const auto trained = origin.trained_shape();
  input.sequence_length = options.sequence_length.value_or(hparams.sequence_length);
  SAVP_CHECK(
      input.sequence_length > 0, UsageError,
      "how far to predict is not known: give --sequence_length, frames of context and future together");
  const auto batch = read_clip(clip, hparams, input.sequence_length, trained);
  input.shape = batch.shape();
  check_same(input.shape, trained);
  input.frames = batch.images.size(0);
  input.dataset_hparams = view.to_json();
  if (origin.checkpoint && !trained)
    log::info(concat("the checkpoint does not say what it was trained on: the clip is taken as ",
                     text(input.shape), "; --dataset_hparams scale_size=64 makes it 64x64"));
  input.videos = 1;
  input.read_from(std::make_unique<Once>(batch.to(options.device)));
  return input;
}

Json VideoInput::model_hparams() const {
  const auto& data = dataset_hparams;
  return dictated_hparams(data.at("context_frames"), sequence_length, data.at("time_shift"));
}

void VideoInput::read_from(std::unique_ptr<Stream<Batch>> batches, std::shared_ptr<const Dataset> data) {
  batches_ = std::move(batches);
  data_ = std::move(data);
}

std::optional<Batch> VideoInput::next_batch() {
  stop_if_interrupted();
  first_video_ = delivered_;
  std::vector<Batch> parts;
  while (delivered_ < videos && static_cast<int64_t>(parts.size()) < batch_size) {
    auto part = batches_->next();
    if (!part) {
      log::warn(concat("the data ended after ", delivered_, " of ", videos, " sequences"));
      videos = delivered_;
      break;
    }
    delivered_ += part->batch_size();
    parts.push_back(std::move(*part));
  }
  if (parts.empty()) return std::nullopt;
  return side_by_side(parts);
}

std::string VideoInput::skipped_summary() const { return data_ ? data_->skipped_summary() : ""; }

}  // namespace savp
