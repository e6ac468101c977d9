#include "training/train_loop.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <csignal>
#include <limits>
#include <sstream>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "core/interrupt.h"
#include "models/savp.h"
#include "support/scratch_test.h"
#include "training/communicator.h"
#include "training/starting_point.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFrames = 5, kBatch = 2, kSize = 32;

// Random videos; the step at which something happens, counted from 1 in each stream.
class Videos : public Stream<Batch> {
 public:
  explicit Videos(uint64_t seed, std::function<void(int64_t step, Batch&)> event = {})
      : noise_(at::kCPU, seed), event_(std::move(event)) {}
  std::optional<Batch> next() override {
    Batch batch{noise_.uniform("images", {kFrames, kBatch, 3, kSize, kSize}), {}, {}, {}};
    if (event_) event_(++step_, batch);
    return batch;
  }

 private:
  DeviceNoise noise_;
  std::function<void(int64_t, Batch&)> event_;
  int64_t step_ = 0;
};

class TrainLoopTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    testing::internal::CaptureStderr();
  }
  void TearDown() override {
    if (!told_) testing::internal::GetCapturedStderr();
    ScratchTest::TearDown();
  }
  std::string told() {
    told_ = true;
    return testing::internal::GetCapturedStderr();
  }

  // A small network with every kind of variable: posterior, discriminator, both optimizers.
  static std::unique_ptr<Trainer> trainer(int64_t max_steps, uint64_t seed, int64_t ngf = 2) {
    SavpHparams hp;
    hp.context_frames = 2;
    hp.sequence_length = kFrames;
    hp.batch_size = kBatch;
    hp.max_steps = max_steps;
    hp.ngf = ngf;
    hp.nef = hp.ndf = hp.nz = 2;
    hp.clip_length = 4;
    hp.kl_weight = 1.0;
    hp.kl_anneal = KlAnneal::kNone;
    hp.video_sn_gan_weight = hp.video_sn_vae_gan_weight = 0.1;
    return std::make_unique<Trainer>(find_model("savp"), hp, VideoShape{3, kSize, kSize},
                                     TrainerOptions{at::kCPU, seed});
  }

  TrainLoopOptions options(const std::string& run, int64_t progress_freq, int64_t save_freq) const {
    fs::create_directories(folder_ / run);
    return {.output_dir = folder_ / run,
            .progress_freq = progress_freq,
            .save_freq = save_freq,
            .max_bad_steps = 3,
            .retention = {},
            .metadata = {},
            .data_position = {}};
  }

  static Videos batches(int64_t first_step) {
    Videos videos(/*seed=*/11);
    for (int64_t step = 0; step < first_step; ++step) videos.next();
    return videos;
  }

  std::vector<Json> lines(const std::string& run) const {
    std::istringstream in(read(folder_ / run / "metrics.jsonl"));
    std::vector<Json> all;
    for (std::string line; std::getline(in, line);) all.push_back(Json::parse(line));
    return all;
  }

  std::vector<int64_t> steps_of(const std::string& run) const {
    std::vector<int64_t> steps;
    for (const auto& line : lines(run))
      if (line.contains("g_loss")) steps.push_back(line["step"]);
    return steps;
  }

  // What metrics.jsonl remembers of the run's health.
  std::vector<std::string> notes(const std::string& run) const {
    std::vector<std::string> all;
    for (const auto& line : lines(run))
      if (line.contains("note")) all.push_back(concat(line["step"], ": ", line["note"].get<std::string>()));
    return all;
  }

  std::vector<int64_t> saved(const std::string& run) const {
    std::vector<int64_t> steps;
    for (const auto& one : saved_steps(folder_ / run)) steps.push_back(one.step);
    return steps;
  }

 private:
  bool told_ = false;
};

using Steps = std::vector<int64_t>;

TEST_F(TrainLoopTest, AResumedRunEqualsAnUninterruptedOneBitForBit) {
  auto whole = trainer(6, /*seed=*/1);
  auto whole_batches = batches(0);
  TrainLoop(*whole, whole_batches, options("whole", 1, 3)).run();

  auto first = trainer(3, /*seed=*/1);
  auto first_batches = batches(0);
  TrainLoop(*first, first_batches, options("parts", 1, 3)).run();
  auto second = trainer(6, /*seed=*/99);
  resume(*second, VariableSource::open(checkpoint_file(folder_ / "parts", 3)));
  EXPECT_EQ(second->global_step(), 3);
  auto second_batches = batches(3);
  TrainLoop(*second, second_batches, options("parts", 1, 3)).run();

  const auto expected = whole->state(), actual = second->state();
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(expected[i].first, actual[i].first);
    EXPECT_TRUE(torch::equal(expected[i].second, actual[i].second)) << expected[i].first;
  }
  const auto whole_lines = lines("whole"), part_lines = lines("parts");
  ASSERT_EQ(whole_lines.size(), part_lines.size());
  for (size_t i = 0; i < whole_lines.size(); ++i)
    for (const auto* key : {"step", "d_loss", "g_loss", "gen_l1_loss", "learning_rate"})
      EXPECT_EQ(whole_lines[i].at(key), part_lines[i].at(key)) << key << " in line " << i;
}

TEST_F(TrainLoopTest, EverythingIsDoneWhenDueAndAtTheEnd) {
  auto loop = options("run", 2, 4);
  int64_t validations = 0;
  loop.more.push_back({"val", 3, [&](const Moment& now) {
                         now.sink.scalars(now.step, "val", {{"psnr", double(++validations)}});
                       }});
  loop.metadata = {{"seed", "1"}};
  loop.data_position = [] { return "2:7"; };
  auto five_steps = trainer(5, 1);
  Videos videos(1);
  TrainLoop(*five_steps, videos, std::move(loop)).run();
  EXPECT_EQ(steps_of("run"), (Steps{2, 4, 5}));
  EXPECT_EQ(saved("run"), (Steps{4, 5}));
  const auto metadata = VariableSource::open(checkpoint_file(folder_ / "run", 5)).metadata();
  EXPECT_EQ(metadata.at("seed"), "1");
  EXPECT_EQ(metadata.at("data_position"), "2:7");
  const auto written = lines("run");
  EXPECT_EQ(written[1], Json({{"step", 3}, {"val_psnr", 1.0}}));
  EXPECT_EQ(written[3]["val_psnr"], 2.0) << "in the line of the step's losses";
  for (const auto* key :
       {"d_loss", "g_loss", "discrim_video_sn_gan_loss", "gen_l1_loss", "gen_kl_loss", "learning_rate",
        "kl_weight", "it_per_s", "wall_time_s", "g_grad_norm", "d_grad_norm", "d_balance"})
    EXPECT_TRUE(written[0].at(key).is_number()) << key;
  const auto text = told();
  EXPECT_CONTAINS(text, "step 2/5  d_loss ");
  EXPECT_CONTAINS(text, " it/s  ETA ");
  EXPECT_CONTAINS(text, "validation: psnr 1");
  EXPECT_CONTAINS(text, "health: KL ");
  EXPECT_CONTAINS(text, "discriminators undecided ");
  EXPECT_CONTAINS(text, "skipped 0 of ");
  EXPECT_CONTAINS(text, " frames/s,");
  EXPECT_EQ(text.find('\r'), std::string::npos) << "no bar where there is no terminal";
}

TEST_F(TrainLoopTest, ZeroMeansNever) {
  auto two_steps = trainer(2, 1);
  Videos videos(1);
  TrainLoop(*two_steps, videos, options("run", 0, 0)).run();
  EXPECT_TRUE(lines("run").empty());
  EXPECT_TRUE(saved("run").empty());
}

// Adding a summary is a row; a sink takes what it can show.
TEST_F(TrainLoopTest, RowsGetWhatTheyAskForAndReachEverySink) {
  struct Seen final : Sink {
    std::vector<std::string>& log;
    explicit Seen(std::vector<std::string>& to) : log(to) {}
    void scalars(int64_t step, const std::string& group, const Values& values) override {
      log.push_back(concat(step, " ", group, " ", values.front().first));
    }
    void images(int64_t step, const std::string& tag, const Tensor& videos) override {
      log.push_back(concat(step, " ", tag, " ", videos.dim(), "d"));
    }
    void figure(int64_t step, const std::string& tag, const Curve& curve) override {
      log.push_back(concat(step, " ", tag, " ", curve.values.size()));
    }
  };
  std::vector<std::string> first, second;
  auto loop = options("run", 2, 0);
  loop.sinks = {[&](const SinkOrigin&) { return std::make_unique<Seen>(first); },
                [&](const SinkOrigin&) { return std::make_unique<Seen>(second); }};
  loop.more = {{"never", 0, [](const Moment&) { FAIL(); }},
               {"images",
                3,
                [](const Moment& now) {
                  now.sink.images(now.step, "gen_images", now.report.output.prior.images);
                  now.sink.figure(now.step, "psnr", {3, {1, 2}});
                },
                {.outputs = true}}};
  auto four_steps = trainer(4, 1);
  Videos videos(1);
  TrainLoop(*four_steps, videos, std::move(loop)).run();
  EXPECT_EQ(first, (std::vector<std::string>{"2 training d_loss", "3 gen_images 5d", "3 psnr 2",
                                             "4 training d_loss", "4 gen_images 5d", "4 psnr 2"}));
  EXPECT_EQ(second, first);
  EXPECT_FALSE(fs::exists(folder_ / "run/metrics.jsonl")) << "it has no such sink";
}

TEST_F(TrainLoopTest, AnInterruptSavesAndSaysSo) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE}) {
    catch_interrupts();
    auto many_steps = trainer(100, 1);
    Videos videos(1, [&](int64_t step, Batch&) {
      if (step == 2) std::raise(signal);
    });
    const auto run = std::to_string(signal);
    const auto message =
        message_of<InterruptedError>([&] { TrainLoop(*many_steps, videos, options(run, 10, 10)).run(); });
    EXPECT_CONTAINS(message, concat("(", interrupt_name(), ") after step 2"));
    EXPECT_CONTAINS(message, (folder_ / run / "model-2.safetensors").string());
    EXPECT_EQ(saved(run), (Steps{2}));
  }
  catch_interrupts();
}

TEST_F(TrainLoopTest, AnInterruptBeforeTheFirstStepIsNotMadeToWaitForIt) {
  catch_interrupts();
  std::raise(SIGHUP);
  auto two_steps = trainer(2, 1);
  Videos videos(1, [](int64_t, Batch&) { FAIL() << "no step is wanted"; });
  const auto message =
      message_of<InterruptedError>([&] { TrainLoop(*two_steps, videos, options("run", 1, 1)).run(); });
  catch_interrupts();
  EXPECT_CONTAINS(message, "(SIGHUP) before the first step");
  EXPECT_TRUE(saved("run").empty());
}

TEST_F(TrainLoopTest, WhatWasLearntIsSavedWhenTheDataFail) {
  auto many_steps = trainer(100, 1);
  Videos videos(1, [](int64_t step, Batch&) { SAVP_CHECK(step < 3, DataError, "record 7 is damaged"); });
  const auto message = message_of<Error>([&] { TrainLoop(*many_steps, videos, options("run", 0, 0)).run(); });
  EXPECT_CONTAINS(message, "record 7 is damaged; " + (folder_ / "run/model-2.safetensors").string());
  EXPECT_EQ(saved("run"), (Steps{2}));
}

TEST_F(TrainLoopTest, AProcessThatWritesNothingClaimsNoCheckpoint) {
  auto many_steps = trainer(100, 1);
  Videos videos(1, [](int64_t step, Batch&) { SAVP_CHECK(step < 3, PeerError, "process 0 is gone"); });
  auto silent = options("run", 0, 0);
  silent.output_dir.clear();
  silent.sinks.clear();
  EXPECT_EQ(message_of<PeerError>([&] { TrainLoop(*many_steps, videos, std::move(silent)).run(); }),
            "process 0 is gone");
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Gradients that are not finite never reach the weights, so a step like that is only lost.
TEST_F(TrainLoopTest, AFewBadStepsAreLeftOutAndTold) {
  auto six_steps = trainer(6, 1);
  NamedTensors before, after;
  const auto copy = [&](NamedTensors& to) {
    for (const auto& [name, tensor] : six_steps->state())
      if (tensor.requires_grad()) to.emplace_back(name, tensor.detach().clone());
  };
  Videos videos(1, [&](int64_t step, Batch& batch) {
    if (step == 3) copy(before);
    if (step == 5) copy(after);
    if (step == 3 || step == 4) batch.images.fill_(kNaN);
  });
  TrainLoop(*six_steps, videos, options("run", 1, 3)).run();
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(torch::equal(before[i].second, after[i].second)) << before[i].first;
  EXPECT_EQ(saved("run"), (Steps{5, 6})) << "that of step 3 waits until steps are good again";
  auto written = lines("run");
  std::erase_if(written, [](const Json& line) { return !line.contains("g_loss"); });
  EXPECT_EQ(steps_of("run"), (Steps{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(notes("run"), (std::vector<std::string>{"3: gen_l1_loss is nan"}));
  EXPECT_EQ(written[1]["skipped_steps"], 0);
  EXPECT_EQ(written[5]["skipped_steps"], 2);
  EXPECT_TRUE(written[3]["g_loss"].is_null());
  EXPECT_TRUE(written[5]["g_loss"].is_number());
  const auto text = told();
  EXPECT_CONTAINS(text, "warning: step 3: gen_");
  EXPECT_CONTAINS(text, " is nan\n");
  EXPECT_CONTAINS(text, "2 steps skipped");
}

TEST_F(TrainLoopTest, ManyBadStepsInARowEndTraining) {
  auto many_steps = trainer(100, 1);
  Videos videos(1, [](int64_t step, Batch& batch) {
    if (step == 3 || step >= 6) batch.images.fill_(kNaN);
  });
  const auto message =
      message_of<DivergedError>([&] { TrainLoop(*many_steps, videos, options("run", 1, 1)).run(); });
  EXPECT_CONTAINS(message, "diverged at step 8: gen_");
  EXPECT_CONTAINS(message, " is nan (bad step 3 in a row)");
  EXPECT_CONTAINS(message, "the last good checkpoint is " + (folder_ / "run/model-4.safetensors").string());
  EXPECT_EQ(saved("run"), (Steps{4, 5})) << "none in the middle of bad steps";
}

// Outputs are clipped, so that losses look harmless.
TEST_F(TrainLoopTest, AbsurdWeightsEndTrainingAndAreNeverSaved) {
  for (const double size : {50.0, 1e6, 1e30}) {
    const auto run = concat("run", size);
    auto many_steps = trainer(100, 1);
    Videos videos(1, [&](int64_t step, Batch& /*batch*/) {
      if (step != 6) return;
      for (const auto& [name, tensor] : many_steps->state())
        if (name.starts_with("generator/") && tensor.requires_grad()) tensor.detach().fill_(size);
    });
    const auto message =
        message_of<DivergedError>([&] { TrainLoop(*many_steps, videos, options(run, 0, 2)).run(); });
    EXPECT_CONTAINS(message, "diverged at step 6: generator weights are ");
    EXPECT_CONTAINS(message,
                    "the last good checkpoint is " + (folder_ / run / "model-4.safetensors").string());
    EXPECT_EQ(saved(run), (Steps{2, 4}));
  }
}

TEST_F(TrainLoopTest, WeightsThatAreNotFiniteAreNeverSaved) {
  auto many_steps = trainer(100, 1);
  Videos videos(1, [&](int64_t step, Batch& /*batch*/) {
    if (step == 2) many_steps->state().front().second.detach().fill_(std::numeric_limits<float>::infinity());
  });
  const auto message =
      message_of<DivergedError>([&] { TrainLoop(*many_steps, videos, options("run", 0, 2)).run(); });
  EXPECT_CONTAINS(message, "weights are not finite; no checkpoint was saved before");
  EXPECT_TRUE(saved("run").empty());
}

TEST_F(TrainLoopTest, ALaterLineOfAnEarlierRunIsReplaced) {
  write("run/metrics.jsonl", "{\"step\":1,\"g_loss\":7}\n{\"step\":2,\"g_loss\":7}\n{\"step\":3,\"g_lo");
  auto last_step = trainer(2, 1);
  last_step->set_global_step(1);
  auto from_one = batches(1);
  TrainLoop(*last_step, from_one, options("run", 1, 0)).run();
  EXPECT_EQ(steps_of("run"), (Steps{1, 2}));
  EXPECT_EQ(lines("run")[0]["g_loss"], 7);
  EXPECT_NE(lines("run")[1]["g_loss"], 7);
}

TEST_F(TrainLoopTest, ATrainedRunDoesNothingMore) {
  auto done = trainer(2, 1);
  done->set_global_step(2);
  Videos videos(1, [](int64_t, Batch&) { FAIL() << "no step is left"; });
  TrainLoop(*done, videos, options("run", 1, 1)).run();
}

TEST_F(TrainLoopTest, DrawsOfAnotherDeviceStartAnew) {
  auto saved_one = trainer(2, 1);
  auto state = saved_one->state();
  for (auto& [name, tensor] : state)
    if (name == "noise_state") tensor = torch::zeros({16}, torch::kByte);
  const auto file = save_checkpoint(folder_, 0, state, {});
  auto other = trainer(2, 2);
  resume(*other, VariableSource::open(file));
  EXPECT_CONTAINS(told(), "they start anew");
  EXPECT_TRUE(torch::equal(other->state()[0].second, state[0].second));
}

// A new run has draws of its own, also with the seed of the old one's.
TEST_F(TrainLoopTest, ANewRunStartsFromWeightsAlone) {
  auto trained = trainer(2, 1);
  trained->set_global_step(7);
  auto state = trained->state();
  std::erase_if(state, [](const auto& named) {
    return named.first.starts_with("discriminator/") || named.first.ends_with("_power");
  });
  auto fresh = trainer(9, 2), untouched = trainer(9, 2);
  start_from(*fresh, VariableSource::of(state, "theirs"));
  EXPECT_CONTAINS(told(), "weights from theirs; not there, so fresh: discriminator/");
  EXPECT_EQ(fresh->global_step(), 7);
  const auto expected = untouched->state(), weights = trained->state(), actual = fresh->state();
  for (size_t i = 0; i < actual.size(); ++i) {
    const bool taken_over =
        part_of(actual[i].first).kind == Part::Kind::kGenerator || actual[i].first == kGlobalStep;
    EXPECT_TRUE(torch::equal(actual[i].second, (taken_over ? weights : expected)[i].second))
        << actual[i].first;
  }
}

TEST_F(TrainLoopTest, TheNewestCheckpointsAreKept) {
  auto four_steps = trainer(4, 1);
  Videos videos(1);
  auto loop = options("run", 0, 1);
  loop.retention.newest = 3;
  TrainLoop(*four_steps, videos, std::move(loop)).run();
  EXPECT_EQ(saved("run"), (Steps{2, 3, 4}));
}

TEST_F(TrainLoopTest, ACheckpointOfAnotherNetworkIsRefused) {
  const auto file = save_checkpoint(folder_, 0, trainer(2, 1)->state(), {});
  auto wider = trainer(2, 1, /*ngf=*/4);
  EXPECT_CONTAINS(message_of<DataError>([&] { resume(*wider, VariableSource::open(file)); }),
                  "other shape: generator/");
}

}  // namespace
}  // namespace savp
