#include "training/sinks.h"

#include <algorithm>

#include "core/error.h"
#include "training/metrics_log.h"

namespace savp {
namespace {

// What the console says in words of its own.
constexpr const char* kToldByProgress[] = {"it_per_s",    "wall_time_s", kSkippedSteps,
                                           "g_grad_norm", "d_grad_norm", "d_balance"};

bool told_by_progress(const std::string& name) {
  return std::find(std::begin(kToldByProgress), std::end(kToldByProgress), name) != std::end(kToldByProgress);
}

// "2 steps skipped", or nothing.
std::string health(const Values& values) {
  for (const auto& [name, value] : values)
    if (name == kSkippedSteps && value > 0) return concat(value, value == 1 ? " step" : " steps", " skipped");
  return "";
}

class ConsoleSink final : public Sink {
 public:
  explicit ConsoleSink(Progress& progress) : progress_(progress) {}

  void scalars(int64_t step, const std::string& group, const Values& values) override {
    if (group == kTraining)
      report(step, values);
    else if (group != kSummaries)
      tell(group == "val" ? "validation" : group, values);
  }

 private:
  void report(int64_t step, const Values& values) {
    auto shown = values;
    std::erase_if(shown, [](const auto& value) { return told_by_progress(value.first); });
    progress_.report(step, shown, health(values));
  }

  void tell(const std::string& group, const Values& values) {
    std::vector<std::string> texts;
    for (const auto& [name, value] : values) texts.push_back(name + " " + short_number(value));
    progress_.list(group, texts);
  }

  Progress& progress_;
};

class MetricsSink final : public Sink {
 public:
  MetricsSink(const std::filesystem::path& file, int64_t step) : log_(file, step) {}

  void scalars(int64_t step, const std::string& group, const Values& values) override {
    if (group == kSummaries) return;
    const auto prefix = group == kTraining ? "" : group + "_";
    Json line = {{"step", step}};
    for (const auto& [name, value] : values) line[prefix + name] = value;
    log_.write(line);
  }

  void note(int64_t step, const std::string& text) override {
    if (step != noted_) notes_.clear();
    noted_ = step;
    notes_ += (notes_.empty() ? "" : "; ") + text;
    log_.write({{"step", step}, {"note", notes_}});
  }

 private:
  int64_t noted_ = -1;  // the step of notes_
  std::string notes_;
  MetricsLog log_;
};

}  // namespace

std::unique_ptr<Sink> console_sink(const SinkOrigin& origin) {
  return std::make_unique<ConsoleSink>(origin.progress);
}

std::unique_ptr<Sink> metrics_sink(const SinkOrigin& origin) {
  return std::make_unique<MetricsSink>(origin.output_dir / "metrics.jsonl", origin.step);
}

std::vector<MakeSink> usual_sinks() { return {console_sink, metrics_sink}; }

}  // namespace savp
