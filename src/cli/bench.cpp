#include "cli/bench.h"

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "checkpoints/run_dir.h"
#include "cli/data_bench.h"
#include "core/device.h"
#include "core/device_graph.h"
#include "core/instruction_sets.h"
#include "core/interrupt.h"
#include "core/kernel_times.h"
#include "core/log.h"
#include "core/noise.h"
#include "core/operator_count.h"
#include "core/video.h"
#include "datasets/dataset.h"
#include "inference/rollout.h"
#include "kernels/prepared_conv.h"
#include "models/models.h"
#include "records/spec.h"
#include "training/perceptual.h"
#include "training/trainer.h"

namespace savp::cli {
namespace {

using MeasureVideos = std::function<void(const VideoBenchOptions&)>;

class Bench {
 public:
  Bench(const BenchOptions& options, const MeasureVideos& measure_videos)
      : o_(options), measure_videos_(measure_videos), device_(device_named(options.device, "--device")) {
    if (o_.threads > 0) at::set_num_threads(static_cast<int>(o_.threads));
    check_precision(o_.precision, device_);
    SAVP_CHECK(!o_.graph || DeviceGraph::available(device_), UsageError, "--graph is for --device cuda");
    at::globalContext().setBenchmarkCuDNN(true);
    torch::manual_seed(0);
  }

  void train() {
    const auto length = frames(12);
    const auto trainer = make_trainer(length);
    const auto batch = random_batch(length);
    Tensor loss;
    measure({{"graph", o_.graph}, {"recompute", o_.recompute}}, o_.batch_size * (length - 1),
            [&] { loss = trainer->step(batch).g_loss_post; });
    SAVP_CHECK(loss.isfinite().item<bool>(), DivergedError, "the loss of a measured step is not finite");
  }

  // The operators of a step that compute something, and how many in all.
  void operators() {
    const auto length = frames(12);
    const auto trainer = make_trainer(length);
    const auto batch = random_batch(length);
    trainer->step(batch);
    const OperatorCount count;
    trainer->step(batch);
    wait_for(device_);
    Json line = settings();
    int64_t total = 0;
    for (const auto& [name, times] : count.computing()) {
      line["by_name"][name] = times;
      total += times;
    }
    for (const auto& [name, times] : count.computing_gradients()) line["by_derivative"][name] = times;
    line["operators"] = total;
    std::cout << line.dump() << std::endl;
  }

  // Where a GPU's time goes in a step, by kernel.
  void kernels() {
    SAVP_CHECK(device_.is_cuda(), UsageError, "--what kernels is for --device cuda");
    const auto length = frames(12);
    const auto trainer = make_trainer(length);
    const auto batch = random_batch(length);
    for (int64_t i = 0; i < o_.warmup + 1; ++i) trainer->step(batch);
    wait_for(device_);
    const auto kernels = kernel_times([&] {
      trainer->step(batch);
      wait_for(device_);
    });
    Json line = settings();
    double total = 0;
    for (const auto& kernel : kernels) {
      line["kernels"].push_back({kernel.name, kernel.calls, kernel.milliseconds});
      total += kernel.milliseconds;
    }
    line["total_ms"] = total;
    std::cout << line.dump() << std::endl;
  }

  void generate() {
    const auto length = frames(30);
    const auto model = open_model(length);
    const auto batch = random_batch(length);
    const auto actions = batch.actions.defined() ? batch.actions.slice(0, o_.context_frames - 1) : Tensor();
    const ProductPrecision products(o_.precision);
    const ReducedForward reduced(o_.precision, device_);
    measure({}, o_.batch_size * (length - o_.context_frames), [&] {
      Rollout(model, batch, o_.context_frames)
          .imagine({.length = length - o_.context_frames, .actions = actions});
    });
  }

  // What a controller waits for: what its scene looks like next, and what many plans would lead to.
  void latency() {
    const auto length = frames(o_.context_frames + 15);
    const auto model = open_model(length);
    const auto batch = random_batch(length);
    const ProductPrecision products(o_.precision);
    const ReducedForward reduced(o_.precision, device_);
    Rollout scene(model, batch, o_.context_frames);
    const auto next = random_batch(1, /*actions=*/1);
    measure({{"of", "observe and imagine the next frame"}}, o_.batch_size, [&] {
      scene.observe(next);
      scene.imagine({.length = 1, .actions = next.actions}).images.cpu();
    });
    Rollout::Wish wish{.length = length - o_.context_frames};
    if (o_.actions > 0)
      wish.actions = torch::rand({wish.length, o_.plans * o_.batch_size, o_.actions}, device_);
    else
      wish.samples = o_.plans;
    measure({{"of", "observe and imagine plans"}, {"plans", o_.plans}, {"steps", wish.length}},
            o_.plans * o_.batch_size, [&] {
              scene.observe(next);
              scene.imagine(wish).images.cpu();
            });
  }

  // Without --input_dir: records and GIFs made for it, by 1, 2, 4 ... threads.
  void stored_data() {
    DataSpeedOptions options{.batch_size = o_.batch_size, .sequence_length = frames(12), .size = o_.size};
    for (const auto& [stored_as, name] : EnumNames<StoredAs>::kTable)
      for (const auto threads : thread_counts(o_.threads)) {
        stop_if_interrupted();
        options.threads = threads;
        std::cout << speed_line(name, o_.size, threads, measure_reading(stored_as, options)).dump()
                  << std::endl;
      }
    auto libjpeg = speed_line("jpeg", o_.size, /*threads=*/1, measure_jpeg_decoding(options));
    libjpeg["what"] = "libjpeg";
    std::cout << libjpeg.dump() << std::endl;
    const Json memcpy_line = {{"what", "memcpy"},
                              {"instructions", libjpeg["instructions"]},
                              {"megabytes_per_second", memcpy_megabytes_per_second()}};
    std::cout << memcpy_line.dump() << std::endl;
    made_videos();
  }

  void made_videos() {
    try {
      measure_videos_({.size = o_.size, .threads = o_.threads});
    } catch (const UsageError& error) {  // a program without FFmpeg
      log::warn(concat("videos are not measured: ", error.what()));
    }
  }

  void data() {
    if (o_.input_dir.empty()) return stored_data();
    if (o_.dataset.empty() && !holds_records(o_.input_dir))
      return measure_videos_({.input_dir = o_.input_dir, .size = o_.size, .threads = o_.threads});
    const auto name = o_.dataset.empty() ? infer_record_dataset(o_.input_dir, "train") : o_.dataset;
    const auto dataset = Dataset::open_records(name, o_.input_dir, "train", {}, o_.dataset_hparams);
    if (o_.sequence_length > 0) dataset->set_sequence_length(o_.sequence_length);
    const auto batches =
        dataset->batches({.batch_size = o_.batch_size, .threads = at::get_num_threads(), .device = device_});
    const auto length = dataset->hparams().sequence_length;
    constexpr int64_t kBatches = 40;  // an iteration: long beside what is read ahead
    const auto read = [&] {
      for (int64_t i = 0; i < kBatches; ++i) batches->next();
    };
    measure({{"dataset", name}, {"sequence_length", length}, {"batches", kBatches}},
            kBatches * o_.batch_size * length, read);
  }

  // The convolutions of the published network at 64 x 64, forward and both gradients,
  // by kernels::PreparedConv.
  void convolutions() {
    struct Row {
      const char* name;
      std::vector<int64_t> input, weight;  // without the batch
      kernels::PreparedConvOptions options;
    };
    const Row rows[] = {
        {"lstm 32x32", {72, 32, 32}, {128, 72, 5, 5}, {.padding = 2}},
        {"lstm 16x16", {136, 16, 16}, {256, 136, 5, 5}, {.padding = 2}},
        {"lstm 8x8", {264, 8, 8}, {512, 264, 5, 5}, {.padding = 2}},
        {"masks", {32, 64, 64}, {32, 32, 3, 3}, {.padding = 1}},
        {"video 0_0", {3, 10, 64, 64}, {32, 3, 3, 3, 3}, {.padding = 1}},
        {"video 0_1", {32, 10, 64, 64}, {64, 32, 4, 4, 4}, {.stride = 2, .padding = 1}},
        {"video 1_0", {64, 9, 32, 32}, {64, 64, 3, 3, 3}, {.padding = 1}},
        {"video 1_1", {64, 9, 32, 32}, {128, 64, 4, 4, 4}, {.stride = 2, .padding = 1}},
        {"video 2_0", {128, 8, 16, 16}, {128, 128, 3, 3, 3}, {.padding = 1}},
        {"video 2_1", {128, 8, 16, 16}, {256, 128, 4, 4, 4}, {.stride = 2, .depth_stride = 2, .padding = 1}},
        {"video 3_0", {256, 4, 8, 8}, {256, 256, 3, 3, 3}, {.padding = 1}},
    };
    for (const auto& row : rows) {
      auto sizes = row.input;
      sizes.insert(sizes.begin(), o_.batch_size);
      const ProductPrecision products(o_.precision);
      const ReducedForward reduced(o_.precision, device_);
      const auto input = torch::randn(sizes, device_).requires_grad_();
      const auto weight = torch::randn(row.weight, device_).requires_grad_();
      const kernels::PreparedConv conv(weight, row.options);
      measure({{"layer", row.name}, {"pass", "forward"}}, o_.batch_size, [&] {
        at::NoGradGuard no_grad;
        conv(input);
      });
      const auto output = conv(input);
      const auto gradient = torch::randn_like(output);
      for (const auto& [pass, wanted] :
           {std::pair{"input gradient", input}, std::pair{"weight gradient", weight}}) {
        measure({{"layer", row.name}, {"pass", pass}}, o_.batch_size, [&, wanted = wanted] {
          torch::autograd::grad({output}, {wanted}, {gradient}, /*retain_graph=*/true);
        });
      }
    }
  }

 private:
  std::unique_ptr<Trainer> make_trainer(int64_t length) const {
    const auto& entry = find_model(o_.model);
    const auto hparams = model_hparams(entry, length);
    const auto* train_hparams = dynamic_cast<const TrainHparams*>(hparams.get());
    SAVP_CHECK(train_hparams, UsageError, "--model ", o_.model, " cannot be trained");
    auto trainer = std::make_unique<Trainer>(
        entry, *train_hparams, shape(),
        TrainerOptions{.device = device_,
                       .seed = 0,
                       .precision = o_.precision,
                       .graph = o_.graph,
                       .recompute = o_.recompute,
                       .vgg = load_vgg(*train_hparams, device_, o_.metric_weights)});
    trainer->set_global_step(o_.global_step);
    return trainer;
  }

  int64_t frames(int64_t usual) const { return o_.sequence_length > 0 ? o_.sequence_length : usual; }

  VideoShape shape() const {
    return {.channels = o_.channels, .height = o_.size, .width = o_.size, .actions = o_.actions};
  }

  Batch random_batch(int64_t length) const { return random_batch(length, length - 1); }
  Batch random_batch(int64_t length, int64_t actions) const {
    Batch batch;
    batch.images = torch::rand({length, o_.batch_size, o_.channels, o_.size, o_.size}, device_);
    if (o_.actions > 0) batch.actions = torch::rand({actions, o_.batch_size, o_.actions}, device_);
    return batch;
  }

  // With weights as they are before training.
  OpenModel open_model(int64_t length) const {
    const auto& entry = find_model(o_.model);
    OpenModel model{.origin = {.entry = &entry},
                    .hparams = model_hparams(entry, length),
                    .shape = shape(),
                    .device = device_};
    if (entry.make_generator) {
      const auto generator = entry.make_generator(*model.hparams, shape());
      generator->to(device_);
      model.predictor = generator;
    } else {
      model.predictor = entry.make_predictor(*model.hparams);
    }
    return model;
  }

  std::unique_ptr<ModelHparams> model_hparams(const ModelEntry& entry, int64_t length) const {
    auto hparams = entry.make_hparams();
    std::optional<std::string> file;
    if (!o_.model_hparams_dict.empty()) file = o_.model_hparams_dict;
    Json sizes = {{"context_frames", o_.context_frames}, {"sequence_length", length}};
    if (entry.trainable) sizes["batch_size"] = o_.batch_size;
    resolve_hparams(entry.view(*hparams),
                    {.dicts = hparams_dicts(HparamsOf::kModel, std::nullopt, file),
                     .from_dataset = sizes,
                     .texts = {o_.model_hparams}},
                    deprecated_hparams());
    return hparams;
  }

  // What every line tells of the measurement.
  Json settings() const {
    const Json all = to_json(o_);
    Json some;
    for (const char* key : {"what", "batch_size", "device", "precision", "model", "size", "sequence_length"})
      some[key] = all[key];
    some["device_name"] = device_name(device_);
    return some;
  }

  // Runs the body, prints a line; `count` videos or frames are done each time.
  void measure(Json line, int64_t count, const std::function<void()>& body) {
    for (int64_t i = 0; i < o_.warmup; ++i) {
      stop_if_interrupted();
      body();
    }
    wait_for(device_);
    std::vector<double> seconds;
    for (int64_t i = 0; i < o_.iterations; ++i) {
      stop_if_interrupted();
      const auto start = std::chrono::steady_clock::now();
      body();
      wait_for(device_);
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = (seconds[(seconds.size() - 1) / 2] + seconds[seconds.size() / 2]) / 2;
    auto whole = settings();
    if (!line.is_null()) whole.update(line);
    line = std::move(whole);
    line["threads"] = at::get_num_threads();
    for (const auto& set : instruction_sets()) line["instructions"][set.library] = set.name;
    line["median_s"] = median;
    line["p99_s"] = seconds[(seconds.size() * 99 + 99) / 100 - 1];
    line["min_s"] = seconds.front();
    line["max_s"] = seconds.back();
    line["per_second"] = static_cast<double>(count) / median;
    line["peak_mib"] = peak_mebibytes(device_);
    std::cout << line.dump() << std::endl;
  }

  const BenchOptions& o_;
  const MeasureVideos& measure_videos_;
  at::Device device_;
};

}  // namespace

void bench(const BenchOptions& options, const MeasureVideos& measure_videos) {
  static const std::pair<BenchTask, void (Bench::*)()> kTasks[] = {
      {BenchTask::kTrain, &Bench::train},       {BenchTask::kGenerate, &Bench::generate},
      {BenchTask::kLatency, &Bench::latency},   {BenchTask::kData, &Bench::data},
      {BenchTask::kConv, &Bench::convolutions}, {BenchTask::kOps, &Bench::operators},
      {BenchTask::kKernels, &Bench::kernels}};
  Bench bench(options, measure_videos);
  for (const auto& [task, run] : kTasks)
    if (task == options.what) (bench.*run)();
}

}  // namespace savp::cli
