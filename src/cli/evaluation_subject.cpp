#include "cli/evaluation_subject.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

#include "core/interrupt.h"
#include "evaluation/foreign_predictions.h"
#include "io/sha256.h"
#include "making/cache.h"

namespace savp::cli {
namespace {

constexpr const char* kRepeat = "repeat";

// Names and SHA-256 of a checkpoint's files, with commas between.
Json model_facts(const Predicting& run) {
  Json facts = {{"name", run.model()}, {"label", run.name()},   {"deterministic", !run.stochastic()},
                {"step", nullptr},     {"checkpoint", nullptr}, {"checkpoint_sha256", nullptr}};
  if (!run.origin().checkpoint) return facts;
  std::string files, digests;
  for (const auto& file : run.origin().checkpoint->files()) {
    files += (files.empty() ? "" : ",") + file.string();
    digests += (digests.empty() ? "" : ",") + sha256_of_file(file);
    if (const auto step = step_of(file); step && facts["step"].is_null()) facts["step"] = *step;
  }
  facts["checkpoint"] = files;
  facts["checkpoint_sha256"] = digests;
  return facts;
}

class ModelSubject : public EvaluationSubject {
 public:
  explicit ModelSubject(const EvaluateOptions& options) : run_(Predicting::open_dataset(options)) {
    SAVP_CHECK(run_.sequence_length() <= run_.true_frames(), UsageError,
               "sequence_length=", run_.sequence_length(), ": the data has only ", run_.true_frames(),
               " true frames to compare with");
    name = run_.name();
    model = model_facts(run_);
    data = {{"dataset", run_.input().dataset},
            {"input_dir", *options.input_dir},
            {"split", enum_name(options.mode)}};
    place = *options.input_dir;
    shape = run_.shape();
    device = run_.device();
    context_frames = run_.context_frames();
    future_frames = run_.sequence_length() - context_frames;
    deterministic = !run_.stochastic();
    samples = deterministic ? 1 : options.num_stochastic_samples;
    with_baseline = run_.model() != kRepeat;
    if (options.protocol) persons = persons_of(run_.input().place, enum_name(options.mode));
    description = run_.description(to_json(options));
    divide(options.eval_parallel_iterations * run_.batch_size());
  }

  int64_t videos() const override { return run_.videos(); }
  std::optional<Batch> next_batch() override { return run_.next_batch(); }
  int64_t first_video() const override { return run_.input().first_video(); }
  std::string skipped_summary() const override { return run_.skipped_summary(); }
  void sample(const Batch& batch, const std::function<void(const Tensor&)>& take) override {
    run_.sample(batch, samples, at_once_,
                [&](const Tensor& images) { take(images.slice(0, images.size(0) - future_frames)); });
  }

 private:
  // So many futures are drawn at once: those of several videos where all of them are one draw, else of one
  // video alone, so that it is finished, and what was found about it kept, before the next begins.
  void divide(int64_t futures) {
    const auto together = std::clamp<int64_t>(futures / samples, 1, run_.batch_size());
    const auto draws = (together * samples + futures - 1) / futures;
    run_.set_batch_size(together);
    at_once_ = (samples + draws - 1) / draws;
  }

  Predicting run_;
  int64_t at_once_ = 1;  // futures of each video
};

class ForeignSubject : public EvaluationSubject {
 public:
  explicit ForeignSubject(const EvaluateOptions& options)
      : videos_({*options.truth, *options.predictions, options.context_frames}),
        count_(options.num_samples.value_or(videos_.sequences())) {
    SAVP_CHECK(count_ <= videos_.sequences(), UsageError, "--num_samples ", count_, ": ", *options.truth,
               " has only ", videos_.sequences(), " sequences");
    name = std::filesystem::path(*options.predictions).lexically_normal().stem().string();
    if (name.empty()) name = "predictions";
    model = {{"name", "predictions"}, {"label", name},         {"deterministic", false},
             {"step", nullptr},       {"checkpoint", nullptr}, {"checkpoint_sha256", nullptr}};
    data = {{"dataset", nullptr},
            {"input_dir", *options.truth},
            {"split", nullptr},
            {"predictions", *options.predictions}};
    place = *options.truth;
    shape = videos_.shape();
    device = settle_machine(options);
    context_frames = options.context_frames;
    future_frames = videos_.frames() - context_frames;
    samples = videos_.samples();
    quantization = videos_.quantization();
    with_baseline = context_frames > 0;
    files = fingerprint(std::filesystem::path(*options.predictions));
    description = {to_json(options), Json::object(), Json::object()};
  }

  int64_t videos() const override { return count_; }
  std::optional<Batch> next_batch() override {
    stop_if_interrupted();
    if (delivered_ == count_) return std::nullopt;
    ++delivered_;
    return Batch{videos_.next().to(device), {}, {}, {}};
  }
  int64_t first_video() const override { return delivered_ - 1; }
  void sample(const Batch&, const std::function<void(const Tensor&)>& take) override {
    videos_.sample([&](const Tensor& images) { take(images.to(device)); });
  }

 private:
  ForeignPredictions videos_;
  int64_t count_, delivered_ = 0;
};

}  // namespace

std::unique_ptr<EvaluationSubject> open_subject(const EvaluateOptions& options) {
  SAVP_CHECK(options.predictions.has_value() == options.truth.has_value(), UsageError,
             "--predictions and --truth must be given together");
  if (!options.predictions) return std::make_unique<ModelSubject>(options);
  SAVP_CHECK(
      !options.input_dir && !options.checkpoint && !options.model, UsageError,
      "--predictions: --input_dir, --checkpoint and --model are of models that are run here: leave them out");
  return std::make_unique<ForeignSubject>(options);
}

}  // namespace savp::cli
