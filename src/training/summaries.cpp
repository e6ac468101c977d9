#include "training/summaries.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "checkpoints/tf_names.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "evaluation/metric_choice.h"
#include "evaluation/statistics.h"
#include "making/workers.h"
#include "nn/transforms/transform.h"
#include "training/scalars.h"

namespace savp {

namespace {

constexpr int64_t kShown = 8;  // videos of a batch

Batch first_videos(const Batch& batch) {
  const auto part = [](const Tensor& t) { return t.defined() ? t.slice(1, 0, kShown) : t; };
  return {part(batch.images), part(batch.actions), part(batch.states), part(batch.pix_distribs)};
}

// Pictures of the last dimension above one another: [T, B, N, C, H, W] -> [T, B, C, N * H, W].
Tensor above_one_another(const Tensor& x) {
  return x.defined() ? x.permute({0, 1, 3, 2, 4, 5}).flatten(3, 4) : x;
}

// Each step of a rollout has a scale of its own.
Tensor in_colours(const Tensor& flows) {
  if (!flows.defined()) return flows;
  std::vector<Tensor> steps;
  for (const auto& step : flows.unbind(0)) steps.push_back(nn::flow_to_rgb(step));
  return at::stack(steps);
}

struct PredictionRow {
  const char* name;
  Tensor (*of)(const Prediction& prediction);  // [T, B, C, H, W], or undefined
};
const PredictionRow kPredictionRows[] = {
    {"gen_images", [](const Prediction& p) { return p.images; }},
    {"gen_pix_distribs", [](const Prediction& p) { return p.pix_distribs; }},
    {"gen_flows_rgb", [](const Prediction& p) { return above_one_another(in_colours(p.flows)); }},
    {"masks",
     [](const Prediction& p) {
       return p.masks.defined() ? above_one_another(p.masks.unsqueeze(3)) : Tensor();
     }},
    {"transformed_images", [](const Prediction& p) { return above_one_another(p.transformed_images); }},
    {"transformed_pix_distribs",
     [](const Prediction& p) { return above_one_another(p.transformed_pix_distribs); }},
};

using NamedVideos = std::vector<std::pair<std::string, Tensor>>;

NamedVideos videos_of(const Batch& batch, const GeneratorOutput& output) {
  NamedVideos all = {{"images", batch.images}, {"pix_distribs", batch.pix_distribs}};
  for (const auto& row : kPredictionRows) {
    all.emplace_back(row.name, row.of(output.prior));
    if (output.posterior) all.emplace_back(concat(row.name, "_enc"), row.of(*output.posterior));
  }
  if (output.samples.defined()) {
    all.emplace_back("gen_images_samples", above_one_another(output.samples.transpose(1, 2)));
    all.emplace_back("gen_images_samples_avg", output.samples.mean(1));
  }
  std::erase_if(all, [](const auto& video) { return !video.second.defined(); });
  return all;
}

// The worst, mean and best samples with the true context before them, or the only one there is.
NamedVideos videos_of(const SampleStatistics& statistics, const Batch& batch, int64_t context, bool several) {
  const auto whole = [&](const Tensor& future) {
    return at::cat({batch.images.slice(0, 0, context), future});
  };
  NamedVideos all = {{"eval_images", batch.images}};
  for (const auto& row : statistics.summary()) {
    if (!several) {
      all.emplace_back("eval_gen_images", whole(row.avg.images));
      break;
    }
    for (const auto& [subtask, name] : EnumNames<Subtask>::kTable)
      all.emplace_back(concat("eval_gen_images_", row.metric->name, "/", name), whole(row[subtask].images));
  }
  return all;
}

void show(const Moment& now, const NamedVideos& videos, const std::string& suffix) {
  for (const auto& [name, video] : videos)
    now.sink.images(now.step, summary_tag(name, suffix) + "/gif", video);
}

Values tagged(const Values& values, const std::string& suffix) {
  auto tags = values;
  for (auto& [name, value] : tags) name = summary_tag(name, suffix);
  return tags;
}

double average(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Means over the frames as scalars, and a figure of each. The curve's tag ends as the original's, which has
// "_1" because a scalar has the same name.
void show(const Moment& now, const NamedCurves& curves, const std::string& prefix, const std::string& suffix,
          int64_t context) {
  Values means;
  for (const auto& [name, values] : curves) {
    means.emplace_back(prefix + name, average(values));
    now.sink.figure(now.step, summary_tag(prefix + name, suffix) + "_1/pr_curves", {context + 1, values});
  }
  now.sink.scalars(now.step, kSummaries, tagged(means, suffix));
}

// The same for people and metrics.jsonl, "psnr_max", and what else there is.
void tell(const Moment& now, const NamedCurves& curves, const std::string& group, const Values& more = {}) {
  Values means;
  for (const auto& [name, values] : curves) {
    auto plain = name;
    std::replace(plain.begin(), plain.end(), '/', '_');
    means.emplace_back(plain, average(values));
  }
  means.insert(means.end(), more.begin(), more.end());
  now.sink.scalars(now.step, group, means);
}

}  // namespace

std::string summary_tag(const std::string& name, const std::string& suffix) {
  return concat(name.substr(0, name.find('/')), suffix, "/", name);
}

MetricSet summary_metrics(const VideoShape& shape, const at::Device& device,
                          const std::optional<std::string>& networks) {
  MetricSet all;
  std::vector<std::string> left_out;
  for (const auto name :
       {MetricName::kPsnr, MetricName::kMse, MetricName::kSsim, MetricName::kLpips, MetricName::kDiversity}) {
    try {
      const auto one = choose_metrics({.names = {name}, .weights = networks},
                                      {.height = shape.height, .width = shape.width, .samples = 2}, device);
      all.per_frame.insert(all.per_frame.end(), one.per_frame.begin(), one.per_frame.end());
      all.per_video.insert(all.per_video.end(), one.per_video.begin(), one.per_video.end());
    } catch (const Error& error) {
      const std::string why = error.what();
      left_out.push_back(concat(enum_name(name), " (",
                                why.substr(why.find(": ") == std::string::npos ? 0 : why.find(": ") + 2),
                                ")"));
    }
  }
  if (!left_out.empty()) tell_list("not in the summaries", left_out);
  return all;
}

Summaries::Summaries(Trainer& trainer, MetricSet metrics, std::vector<Metric> validated,
                     const SummaryOptions& options, const ValidationData* validation,
                     const ValidationData* longer)
    : trainer_(trainer),
      metrics_(std::move(metrics)),
      validated_(std::move(validated)),
      options_(options),
      validation_(validation),
      longer_(longer) {}

std::vector<Periodic> Summaries::quick() {
  return {{"summaries",
           options_.scalars,
           [this](const Moment& now) { scalars(now); },
           {.report = true},
           /*at_start=*/true},
          {"image summaries",
           options_.images,
           [this](const Moment& now) { images(now); },
           {},
           /*at_start=*/true},
          {"histograms", options_.histograms, [this](const Moment& now) { histograms(now); }}};
}

std::vector<Periodic> Summaries::thorough() {
  return {{"eval summaries", options_.eval, [this](const Moment& now) { eval(now); }},
          {"accum eval summaries", options_.accum_eval, [this](const Moment& now) { accum_eval(now); }}};
}

StepReport Summaries::see(const Batch& batch, const StepOptions& wanted) const {
  DeviceNoise draws(batch.images.device(), /*seed=*/0);
  return trainer_.look(batch, draws, wanted);
}

// Losses of one report, everything else of what was seen of a batch.
Values Summaries::scalar_values(const StepReport& losses, const Batch& batch, const StepReport& seen) const {
  torch::NoGradGuard no_grad;
  auto all = losses_of(losses);
  if (losses.d_loss.defined() && losses.g_loss.defined())
    all.emplace_back("loss", losses.d_loss + losses.g_loss);
  const auto& output = seen.output;
  all.emplace_back("learning_rate", seen.learning_rate);
  all.emplace_back("kl_weight", seen.kl_weight);
  all.emplace_back("ground_truth_sampling_mean", output.prior.ground_truth_sampling_mean);
  if (output.posterior)
    all.emplace_back("ground_truth_sampling_mean_enc", output.posterior->ground_truth_sampling_mean);
  const auto context = trainer_.hparams().context_frames;
  const auto truth = batch.images.slice(0, context, trainer_.hparams().sequence_length);
  for (const auto& metric : metrics_.per_frame)
    all.emplace_back(metric.name, metric.measure(truth, output.prior.images.slice(0, context - 1)).mean());
  return fetch(all);
}

void Summaries::scalars(const Moment& now) const {
  if (now.batch.images.defined())
    now.sink.scalars(now.step, kSummaries,
                     tagged(scalar_values(now.report, now.batch, see(now.batch)), kOfTraining));
  if (validation_ == nullptr) return;
  std::vector<Values> all;
  for (int64_t i = 0; i < validation_->few(); ++i) {
    const auto batch = validation_->batch(i);
    const auto seen = see(batch);
    all.push_back(scalar_values(seen, batch, seen));
  }
  now.sink.scalars(now.step, kSummaries, tagged(mean_of(all), kOfValidation));
  now.sink.scalars(now.step, "val", validate(trainer_, *validation_, validated_));
}

void Summaries::images(const Moment& now) const {
  const auto of = [&](const Batch& whole, const char* suffix) {
    const auto batch = first_videos(whole);
    show(now, videos_of(batch, see(batch, {.outputs = true}).output), suffix);
  };
  if (now.batch.images.defined()) of(now.batch, kOfTraining);
  if (validation_ != nullptr) of(validation_->batch(0), kOfValidation);
}

void Summaries::histograms(const Moment& now) const {
  for (const auto& [name, gradient] : trainer_.gradients())
    if (gradient.defined()) now.sink.histogram(now.step, "gradients/" + name, gradient);
  for (const auto& [name, value] : trainer_.state())
    if (value.is_floating_point() && !tf_names::is_slot(name) && value.dim() > 0)
      now.sink.histogram(now.step, name, value);
}

// By the weights that predict; nothing where the user asks to stop.
std::optional<SampleStatistics> Summaries::samples_of(const Batch& batch, int64_t first_video) const {
  const Trainer::Predicting predicting(trainer_);
  return evaluate_samples(trainer_.generator(), batch, trainer_.hparams().context_frames, options_.samples,
                          first_video, metrics_);
}

void Summaries::eval(const Moment& now) const {
  const auto context = trainer_.hparams().context_frames;
  // Of one batch in parts; images are of the first.
  const auto of = [&](int64_t parts, const std::function<Batch(int64_t)>& part, const char* suffix,
                      const char* group) {
    CurveMean mean;
    for (int64_t i = 0; i < parts; ++i) {
      const auto batch = part(i);
      const auto found = samples_of(batch, i * batch.batch_size());
      if (!found) return;
      if (i == 0) show(now, videos_of(*found, batch, context, trainer_.generator().stochastic()), suffix);
      mean.add(curves_of(*found));
    }
    show(now, mean(), "eval_", suffix, context);
    tell(now, mean(), group);
  };
  of(
      1, [&](int64_t) { return now.batch; }, kOfTraining, "eval");
  if (validation_ != nullptr)
    of(
        validation_->parts(), [&](int64_t i) { return validation_->batch(i); }, kOfValidation, "eval_val");
}

void Summaries::accum_eval(const Moment& now) const {
  const auto context = trainer_.hparams().context_frames;
  const auto of = [&](const ValidationData& data, const char* suffix, const char* group) {
    CurveMean mean;
    std::vector<Values> losses;
    Countdown countdown(data.batches(), "validation batches");
    data.for_each([&](int64_t index, const Batch& batch) {
      const auto found = samples_of(batch, index * batch.batch_size());
      if (!found) return false;
      mean.add(curves_of(*found));
      if (&data == validation_) losses.push_back(fetch(losses_of(see(batch))));
      countdown.step();
      return true;
    });
    if (mean.empty() || interrupted()) return;
    show(now, mean(), "accum_eval_", suffix, context);
    tell(now, mean(), group, losses.empty() ? Values() : mean_of(losses));
  };
  if (validation_ != nullptr) of(*validation_, kOfValidation, "accum_eval");
  if (longer_ != nullptr) of(*longer_, kOfLongValidation, "accum_eval_long");
}

}  // namespace savp
