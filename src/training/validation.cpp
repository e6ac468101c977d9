#include "training/validation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "core/noise.h"
#include "training/scalars.h"

namespace savp {
namespace {

Batch next_of(BatchStream& batches) {
  auto batch = batches.next();
  SAVP_CHECK(batch.has_value(), DataError, "the validation data has no sequence that is long enough");
  return *std::move(batch);
}

// The predicted frames of a batch's videos; how these are numbered decides what is drawn for them.
Tensor prediction(Trainer& trainer, const Batch& batch, int64_t context, int64_t first_video) {
  const Trainer::Predicting predicting(trainer);
  const auto length = batch.images.size(0);
  RolloutNoise noise(batch.images.device(), /*seed=*/0,
                     {.first_video = first_video, .videos = batch.batch_size()});
  const auto actions = batch.actions.defined() ? batch.actions.slice(0, context - 1, length - 1) : Tensor();
  return trainer.generator().start(batch, context)->imagine(actions, length - context, noise).images;
}

Values measured(Trainer& trainer, const Batch& batch, int64_t first_video,
                const std::vector<Metric>& metrics) {
  Values values;
  const auto context = trainer.hparams().context_frames;
  const auto predicted = prediction(trainer, batch, context, first_video);
  const auto truth = batch.images.slice(0, context);
  for (const auto& metric : metrics)
    values.emplace_back(metric.name, metric.measure(truth, predicted).mean().item<double>());
  DeviceNoise draws(batch.images.device(), /*seed=*/0);
  const auto losses = fetch(losses_of(trainer.look(batch, draws)));
  values.insert(values.end(), losses.begin(), losses.end());
  return values;
}

}  // namespace

ValidationData::ValidationData(std::unique_ptr<Dataset> data, int64_t batch_size, const at::Device& device,
                               int64_t few, int64_t parts)
    : data_(std::move(data)), batch_size_(batch_size), parts_(parts), device_(device) {
  auto on_host = options();
  on_host.device = at::kCPU;
  const auto batches = data_->batches(on_host);
  while (this->few() < few) few_.push_back(next_of(*batches));
}

BatchOptions ValidationData::options() const {
  return {.batch_size = batch_size_, .threads = 0, .device = device_};
}

int64_t ValidationData::batches() const {
  return std::max<int64_t>(1, data_->num_examples_per_epoch() / (batch_size_ * parts_)) * parts_;
}

void ValidationData::for_each(const std::function<bool(int64_t, const Batch&)>& take) const {
  const auto batches = data_->batches(options());
  const auto count = this->batches();
  for (int64_t index = 0; index < count; ++index)
    if (!take(index, next_of(*batches))) return;
}

std::unique_ptr<ValidationData> read_validation(std::unique_ptr<Dataset> data, int64_t batch_size,
                                                const BatchDivision& division, const at::Device& device,
                                                int64_t few) {
  const auto at_once = division.at_once(batch_size), parts = batch_size / at_once;
  return std::make_unique<ValidationData>(std::move(data), at_once, device, few * parts, parts);
}

std::unique_ptr<ValidationData> read_long_validation(std::unique_ptr<Dataset> data, int64_t batch_size,
                                                     const BatchDivision& division,
                                                     const at::Device& device) {
  const auto length = data->hparams().long_sequence_length;
  if (length <= data->hparams().sequence_length) return nullptr;
  try {
    data->set_sequence_length(length);
    return read_validation(std::move(data), batch_size, division, device, /*few=*/1);
  } catch (const Error& error) {
    log::warn(concat("no validation of long_sequence_length=", length, ": ", error.what()));
    return nullptr;
  }
}

Values mean_of(const std::vector<Values>& all) {
  auto mean = all.at(0);
  for (size_t i = 0; i < mean.size(); ++i) {
    double sum = 0;
    for (const auto& values : all) sum += values.at(i).second;
    mean[i].second = sum / static_cast<double>(all.size());
  }
  return mean;
}

Values validate(Trainer& trainer, const ValidationData& data, const std::vector<Metric>& metrics) {
  std::vector<Values> all;
  int64_t videos = 0;
  for (int64_t i = 0; i < data.few(); ++i) {
    const auto batch = data.batch(i);
    all.push_back(measured(trainer, batch, videos, metrics));
    videos += batch.batch_size();
  }
  return mean_of(all);
}

}  // namespace savp
