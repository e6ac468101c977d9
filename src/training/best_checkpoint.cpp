#include "training/best_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "checkpoints/tensors.h"
#include "checkpoints/variable_source.h"
#include "core/log.h"
#include "core/text.h"
#include "evaluation/metric_choice.h"
#include "losses/terms.h"
#include "metrics/metric_names.h"

namespace savp {
namespace {

constexpr const char *kValidation = "val", *kBestMetric = "best_metric", *kBestValue = "best_value";

// Metrics of frames that validation measures where a checkpoint is kept by them.
constexpr MetricName kOnRequest[] = {MetricName::kMae, MetricName::kLpips, MetricName::kLpipsVgg};

[[noreturn]] void refuse(const std::string& metric, const std::string& why) {
  throw UsageError(concat("--keep_best ", metric, ": ", why));
}

// The losses that validation reports.
std::vector<std::string> loss_names(const TrainHparams& hparams) {
  std::vector<std::string> names;
  for (const auto& [sum, terms] :
       {std::pair("g_loss", generator_terms(hparams)), std::pair("d_loss", discriminator_terms(hparams))}) {
    if (!terms.empty()) names.emplace_back(sum);
    for (const auto& term : terms) names.push_back(term.name);
  }
  return names;
}

class BestSink final : public Sink {
 public:
  BestSink(Trainer& trainer, BestCheckpoint options, const SinkOrigin& origin)
      : trainer_(trainer),
        options_(std::move(options)),
        folder_(origin.output_dir / "best"),
        sign_(higher_is_better(options_.metric) ? 1 : -1) {
    if (!std::filesystem::exists(folder_)) return;
    set_aside_after(folder_, origin.step);
    if (const auto saved = saved_steps(folder_); !saved.empty()) best_ = value_in(saved.back().file);
  }

  void scalars(int64_t step, const std::string& group, const Values& values) override {
    if (group != kValidation) return;
    const auto value = value_among(values);
    if (!std::isfinite(value) || (best_ && sign_ * value <= sign_ * *best_)) return;
    save(step, value);
    best_ = value;
  }

 private:
  double value_among(const Values& values) const {
    std::vector<std::string> names;
    for (const auto& [name, value] : values) {
      if (name == options_.metric) return value;
      names.push_back(name);
    }
    refuse(options_.metric, concat("validation measures ", join_words(names)));
  }

  // None where another metric decided.
  std::optional<double> value_in(const std::filesystem::path& file) const {
    const auto source = VariableSource::open(file);
    const auto& metadata = source.metadata();
    const auto metric = metadata.find(kBestMetric), text = metadata.find(kBestValue);
    if (metric == metadata.end() || text == metadata.end() || metric->second != options_.metric)
      return std::nullopt;
    double value = 0;
    const auto* end = text->second.data() + text->second.size();
    const auto [rest, error] = std::from_chars(text->second.data(), end, value);
    return error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
  }

  void save(int64_t step, double value) const {
    char text[32];
    auto metadata = options_.metadata;
    metadata[kBestMetric] = options_.metric;
    metadata[kBestValue] = std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
    write_description(folder_, options_.description);
    save_checkpoint(folder_, step, trainer_.state(), metadata, {.newest = 1});
  }

  Trainer& trainer_;
  BestCheckpoint options_;
  std::filesystem::path folder_;
  double sign_;
  std::optional<double> best_;
};

}  // namespace

std::vector<Metric> validated_metrics(const std::optional<std::string>& keep_best,
                                      const TrainHparams& hparams, const VideoShape& shape,
                                      const at::Device& device, const std::optional<std::string>& networks) {
  auto all = metrics();
  const auto losses = loss_names(hparams);
  const auto known = [&] {
    return std::any_of(all.begin(), all.end(), [&](const auto& m) { return m.name == *keep_best; });
  };
  if (!keep_best || known() || std::find(losses.begin(), losses.end(), *keep_best) != losses.end())
    return all;
  const auto* traits = find_traits(*keep_best);
  if (traits != nullptr && std::count(std::begin(kOnRequest), std::end(kOnRequest), traits->name) > 0) {
    const auto more = choose_metrics({.names = {traits->name}, .weights = networks, .flag = "--keep_best"},
                                     {.height = shape.height, .width = shape.width, .samples = 2}, device);
    all.insert(all.end(), more.per_frame.begin(), more.per_frame.end());
  }
  if (!known()) {
    std::vector<std::string> names;
    for (const auto& metric : all) names.push_back(metric.name);
    names.insert(names.end(), losses.begin(), losses.end());
    for (const auto name : kOnRequest) names.push_back(enum_name(name));
    refuse(*keep_best, concat("validation measures ", join_words(names), did_you_mean(*keep_best, names)));
  }
  return all;
}

MakeSink best_checkpoint(Trainer& trainer, BestCheckpoint options) {
  return [&trainer, options = std::move(options)](const SinkOrigin& origin) -> std::unique_ptr<Sink> {
    return std::make_unique<BestSink>(trainer, options, origin);
  };
}

}  // namespace savp
