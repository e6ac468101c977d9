#include "training/summaries.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <map>

#include "io/example.h"
#include "io/tfrecord.h"
#include "models/savp.h"
#include "support/scratch.h"
#include "training/sample_evaluation.h"
#include "training/train_loop.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFrames = 6, kContext = 2, kBatch = 2, kSize = 32, kRecords = 5;

// Remembers what it is given.
struct Memory {
  std::map<std::string, std::map<int64_t, double>> scalars;  // "group name" -> step -> value
  std::map<std::string, at::Tensor> images;
  std::map<std::string, Curve> figures;
};
class MemorySink final : public Sink {
 public:
  explicit MemorySink(Memory& memory) : memory_(memory) {}
  void scalars(int64_t step, const std::string& group, const Values& values) override {
    for (const auto& [name, value] : values) memory_.scalars[group + " " + name][step] = value;
  }
  void images(int64_t /*step*/, const std::string& tag, const at::Tensor& videos) override {
    memory_.images[tag] = videos.clone();
  }
  void figure(int64_t /*step*/, const std::string& tag, const Curve& curve) override {
    memory_.figures[tag] = curve;
  }

 private:
  Memory& memory_;
};

class Videos : public Stream<Batch> {
 public:
  std::optional<Batch> next() override {
    return Batch{noise_.uniform("images", {kFrames, kBatch, 3, kSize, kSize}), {}, {}, {}};
  }

 private:
  DeviceNoise noise_{at::kCPU, 5};
};

class SummariesTest : public testing::Test {
 protected:
  // One run serves most tests.
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>();
    write_records();
    memory_ = std::make_unique<Memory>();
    trained_ = train(2, memory_.get());
  }
  static void TearDownTestSuite() {
    trained_.reset();
    memory_.reset();
    scratch_.reset();
  }

  static void write_records() {
    fs::create_directories(*scratch_ / "val");
    TfRecordWriter writer((*scratch_ / "val/traj_0_to_4.tfrecords").string());
    for (int record = 0; record < kRecords; ++record) {
      ExampleBuilder example;
      for (int t = 0; t < 10; ++t)
        example.bytes(std::to_string(t) + "/image_aux1/encoded",
                      {std::string(kSize * kSize * 3, static_cast<char>(40 * record + 3 * t))});
      writer.write(example.serialize());
    }
    writer.close();
  }
  static std::unique_ptr<ValidationData> validation(int64_t frames, int64_t few) {
    auto data = Dataset::open_records("bair", scratch_->path().string(), "val", {},
                                      concat("sequence_length=", frames));
    return std::make_unique<ValidationData>(std::move(data), kBatch, at::kCPU, few);
  }

  static std::unique_ptr<Trainer> trainer(int64_t nz) {
    SavpHparams hp;
    hp.context_frames = kContext;
    hp.sequence_length = kFrames;
    hp.batch_size = kBatch;
    hp.max_steps = 4;
    hp.ngf = hp.nef = hp.ndf = 2;
    hp.nz = nz;
    hp.num_samples = 3;
    hp.clip_length = 4;
    hp.schedule_sampling = ScheduleSampling::kNone;
    if (nz > 0) {
      hp.kl_weight = 1.0;
      hp.kl_anneal = KlAnneal::kNone;
      hp.video_sn_gan_weight = hp.video_sn_vae_gan_weight = 0.1;
    }
    return std::make_unique<Trainer>(find_model("savp"), hp, VideoShape{3, kSize, kSize},
                                     TrainerOptions{at::kCPU, /*seed=*/3});
  }

  // Trains with all summaries after every second step, or with none.
  static std::unique_ptr<Trainer> train(int64_t nz, Memory* memory) {
    auto trained = trainer(nz);
    const auto data = validation(kFrames, 2), longer = validation(9, 1);
    Summaries summaries(
        *trained, basic_metrics(), metrics(),
        {.scalars = 2, .images = 2, .eval = 2, .accum_eval = 4, .histograms = 2, .samples = 3}, data.get(),
        longer.get());
    TrainLoopOptions options{.output_dir = scratch_->path(), .progress_freq = 0, .save_freq = 0, .sinks = {}};
    if (memory != nullptr) {
      options.more = summaries.quick();
      options.after_saving = summaries.thorough();
      options.sinks = {[&](const SinkOrigin&) { return std::make_unique<MemorySink>(*memory); }};
    }
    Videos videos;
    testing::internal::CaptureStderr();
    TrainLoop(*trained, videos, std::move(options)).run();
    testing::internal::GetCapturedStderr();
    return trained;
  }

  static inline std::unique_ptr<ScratchFolder> scratch_;
  static inline std::unique_ptr<Memory> memory_;
  static inline std::unique_ptr<Trainer> trained_;
};

TEST_F(SummariesTest, TrainingIsTheSameWithAndWithoutThem) {
  const auto with = trained_->state(), without = train(2, nullptr)->state();
  ASSERT_EQ(with.size(), without.size());
  for (size_t i = 0; i < with.size(); ++i)
    EXPECT_TRUE(torch::equal(with[i].second, without[i].second)) << with[i].first;
  EXPECT_GT(memory_->scalars.size(), 60u);
}

TEST_F(SummariesTest, ValuesOfOneBatchAreWhatTheModelMakesOfIt) {
  const auto& memory = *memory_;
  const auto data = validation(kFrames, 2);
  double g_loss = 0, psnr_of_images = 0;
  for (int64_t i = 0; i < 2; ++i) {
    DeviceNoise draws(at::kCPU, 0);
    const auto report = trained_->look(data->batch(i), draws, {});
    g_loss += report.g_loss.item<double>() / 2;
    psnr_of_images +=
        psnr(data->batch(i).images.slice(0, kContext), report.output.prior.images.slice(0, kContext - 1))
            .mean()
            .item<double>() /
        2;
  }
  EXPECT_NEAR(memory.scalars.at("summaries g_loss_1/g_loss").at(4), g_loss, 1e-6 * g_loss);
  EXPECT_NEAR(memory.scalars.at("val g_loss").at(4), g_loss, 1e-6 * g_loss);
  EXPECT_NEAR(memory.scalars.at("summaries psnr_1/psnr").at(4), psnr_of_images, 1e-5);
  // Before the first step only the validation set has been seen.
  EXPECT_TRUE(memory.scalars.at("summaries g_loss_1/g_loss").contains(0));
  EXPECT_FALSE(memory.scalars.at("summaries g_loss/g_loss").contains(0));
  EXPECT_EQ(memory.scalars.at("summaries loss/loss").size(), 2u);
  const auto& all = memory.scalars;
  EXPECT_NEAR(all.at("summaries loss/loss").at(2),
              all.at("summaries d_loss/d_loss").at(2) + all.at("summaries g_loss/g_loss").at(2), 1e-6);
}

TEST_F(SummariesTest, PicturesAreLaidOutAsTheOriginals) {
  const auto& memory = *memory_;
  const auto sizes = [&](const char* tag) { return memory.images.at(tag).sizes().vec(); };
  using Sizes = std::vector<int64_t>;
  EXPECT_EQ(sizes("images_1/images/gif"), (Sizes{kFrames, kBatch, 3, kSize, kSize}));
  EXPECT_EQ(sizes("gen_images_enc/gen_images_enc/gif"), (Sizes{kFrames - 1, kBatch, 3, kSize, kSize}));
  EXPECT_EQ(sizes("masks/masks/gif"), (Sizes{kFrames - 1, kBatch, 1, 7 * kSize, kSize}));
  EXPECT_EQ(sizes("transformed_images/transformed_images/gif"),
            (Sizes{kFrames - 1, kBatch, 3, 7 * kSize, kSize}));
  EXPECT_EQ(sizes("gen_images_samples/gen_images_samples/gif"),
            (Sizes{kFrames - 1, kBatch, 3, 3 * kSize, kSize}));
  // The masks of a pixel add up to one, whichever way they are laid out.
  const auto masks = memory.images.at("masks/masks/gif").unflatten(3, {7, kSize}).sum(3);
  EXPECT_TRUE(torch::allclose(masks, torch::ones_like(masks), 1e-4, 1e-4));
  // The best samples follow the true context.
  const auto best = memory.images.at("eval_gen_images_psnr_1/eval_gen_images_psnr/max/gif");
  const auto truth = memory.images.at("eval_images_1/eval_images/gif");
  EXPECT_EQ(best.sizes(), truth.sizes());
  EXPECT_TRUE(torch::equal(best.slice(0, 0, kContext), truth.slice(0, 0, kContext)));
}

TEST_F(SummariesTest, BestMeanAndWorstAreOverWholeSequencesAndTheWholeSet) {
  const auto& memory = *memory_;
  const auto data = validation(kFrames, 2);
  double best = 0, worst = 0;
  std::vector<double> curve(kFrames - kContext);
  for (int64_t i = 0; i < data->batches(); ++i) {  // two full batches of five sequences
    const auto found =
        evaluate_samples(trained_->generator(), data->batch(i), kContext, 3, i * kBatch, basic_metrics());
    const auto psnr = found->summary().at(0);
    best += psnr.max.values.mean().item<double>() / 2;
    worst += psnr.min.values.mean().item<double>() / 2;
    for (int64_t t = 0; t < kFrames - kContext; ++t) curve[t] += psnr.max.values[t].mean().item<double>() / 2;
  }
  EXPECT_EQ(data->batches(), 2);
  const auto value = [&](const std::string& tag) { return memory.scalars.at("summaries " + tag).at(4); };
  EXPECT_NEAR(value("accum_eval_psnr_1/accum_eval_psnr/max"), best, 1e-5);
  EXPECT_NEAR(value("accum_eval_psnr_1/accum_eval_psnr/min"), worst, 1e-5);
  EXPECT_GE(value("accum_eval_psnr_1/accum_eval_psnr/max"), value("accum_eval_psnr_1/accum_eval_psnr/avg"));
  EXPECT_NEAR(memory.scalars.at("accum_eval psnr_max").at(4), best, 1e-5);
  const auto& shown = memory.figures.at("accum_eval_psnr_1/accum_eval_psnr/max_1/pr_curves");
  EXPECT_EQ(shown.first, kContext + 1);
  ASSERT_EQ(shown.values.size(), curve.size());
  for (size_t t = 0; t < curve.size(); ++t) EXPECT_NEAR(shown.values[t], curve[t], 1e-5);
  // Both batches of the set are the few that are looked at more often.
  EXPECT_NEAR(memory.scalars.at("accum_eval g_loss").at(4), memory.scalars.at("val g_loss").at(4), 1e-6);
  EXPECT_FALSE(memory.scalars.contains("accum_eval_long g_loss")) << "losses are of sequence_length frames";
  EXPECT_EQ(memory.figures.at("accum_eval_psnr_2/accum_eval_psnr/max_1/pr_curves").values.size(),
            9u - kContext);
}

// As training divides its batches among processes or to accumulate.
TEST_F(SummariesTest, InPartsTheSameVideosHaveTheSameFutures) {
  const auto evaluated = [](int64_t parts) {
    auto data = Dataset::open_records("bair", scratch_->path().string(), "val", {},
                                      concat("sequence_length=", kFrames));
    const ValidationData validation(std::move(data), kBatch / parts, at::kCPU, /*few=*/parts, parts);
    Summaries summaries(*trained_, basic_metrics(), metrics(), {.eval = 1, .accum_eval = 1, .samples = 2},
                        &validation, nullptr);
    Memory memory;
    MemorySink sink(memory);
    Videos videos;
    const StepReport report;
    const auto batch = *videos.next();
    for (const auto& row : summaries.thorough()) row.act({1, report, batch, sink});
    std::map<std::string, double> values;
    for (const auto& [name, by_step] : memory.scalars)
      if (name.starts_with("eval_val ") || name.starts_with("accum_eval ")) values[name] = by_step.at(1);
    return values;
  };
  testing::internal::CaptureStderr();
  const auto whole = evaluated(1), parts = evaluated(2);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(whole.size(), parts.size());
  EXPECT_GT(whole.size(), 10u);
  for (const auto& [name, value] : whole)
    if (!name.ends_with("_loss"))  // which draws are for which video is left open there
      EXPECT_NEAR(parts.at(name), value, 1e-4 * std::abs(value)) << name;
}

TEST_F(SummariesTest, AModelWithoutLatentsHasOneSampleAndNoDiscriminatorsNoSum) {
  Memory memory;
  train(0, &memory);
  EXPECT_TRUE(memory.images.contains("eval_gen_images/eval_gen_images/gif"));
  EXPECT_FALSE(memory.images.contains("eval_gen_images_psnr/eval_gen_images_psnr/max/gif"));
  EXPECT_FALSE(memory.scalars.contains("summaries d_loss/d_loss"));
  EXPECT_FALSE(memory.scalars.contains("summaries loss/loss"));
  const auto value = [&](const std::string& tag) { return memory.scalars.at("summaries " + tag).at(4); };
  EXPECT_EQ(value("eval_psnr_1/eval_psnr/max"), value("eval_psnr_1/eval_psnr/min"));
}

}  // namespace
}  // namespace savp
