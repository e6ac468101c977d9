// The public face of data sets (savp/dataset.h).
#include <ATen/ATen.h>

#include <utility>

#include "core/error.h"
#include "opening/open_dataset.h"
#include "savp/dataset.h"

namespace savp {
namespace {

// [T, B, ...] -> [B][T]...
std::vector<float> floats_of(const Tensor& values) {
  if (!values.defined()) return {};
  const auto by_sequence = values.transpose(0, 1).contiguous();
  const auto* first = by_sequence.const_data_ptr<float>();
  return {first, first + by_sequence.numel()};
}

std::unique_ptr<Dataset> opened(const std::string& folder, const DatasetReaderOptions& options) {
  SAVP_CHECK(options.split == "train" || options.split == "val" || options.split == "test", UsageError,
             "split=", options.split, ": must be train, val or test");
  SAVP_CHECK(options.batch_size >= 1 && options.threads >= 0 && options.epochs.value_or(1) >= 1, UsageError,
             "batch_size=", options.batch_size, ", threads=", options.threads,
             ": at least one sequence, no thread and one epoch are needed");
  const auto name = options.dataset.empty() ? infer_dataset(folder, options.split) : options.dataset;
  return open_dataset(name, folder, options.split, {}, options.hparams, options.skip_bad_records);
}

}  // namespace

struct DatasetReader::Body {
  std::unique_ptr<Dataset> data;
  std::unique_ptr<BatchStream> batches;
  VideoSize size;
  VideoShape shape;
};

DatasetReader::DatasetReader(const std::string& folder, const DatasetReaderOptions& options)
    : body_(std::make_unique<Body>()) {
  body_->data = opened(folder, options);
  body_->batches = body_->data->batches({.batch_size = options.batch_size,
                                         .num_epochs = options.epochs,
                                         .seed = options.seed,
                                         .threads = options.threads});
  body_->shape = body_->data->shape();
  const auto& shape = body_->shape;
  body_->size = {body_->data->hparams().sequence_length, shape.height, shape.width, shape.channels};
}

DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;

std::optional<SequenceBatch> DatasetReader::next() {
  const auto batch = body_->batches->next();
  if (!batch) return std::nullopt;
  return SequenceBatch{.frames = {.count = batch->batch_size(),
                                  .size = body_->size,
                                  .pixels = floats_of(batch->images.permute({0, 1, 3, 4, 2}))},
                       .action_size = body_->shape.actions,
                       .state_size = body_->shape.states,
                       .actions = floats_of(batch->actions),
                       .states = floats_of(batch->states)};
}

const std::string& DatasetReader::name() const { return body_->data->name(); }
const VideoSize& DatasetReader::size() const { return body_->size; }
int64_t DatasetReader::context_frames() const { return body_->data->hparams().context_frames; }
int64_t DatasetReader::sequences() const { return body_->data->num_examples_per_epoch(); }

}  // namespace savp
