#include "cli/predicting.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "core/device.h"
#include "io/image.h"
#include "support/futures.h"
#include "support/scratch_test.h"
#include "support/untrained_model.h"
#include "support/written_arrays.h"

namespace savp::cli {
namespace {

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

constexpr VideoShape kShape{.channels = 3, .height = 32, .width = 32};

// A small model's run with weights that were never trained: "tiny/model-7.safetensors" and what lies
// beside it.
class PredictingTest : public testing::Test {
 protected:
  PredictingTest() {
    save_run(kShape);
    options_.checkpoint = (folder_ / "tiny").string();
    options_.input_dir = kBair;
    options_.mode = Split::kTest;
  }

  void save_run(const VideoShape& shape) {
    trainer_ = write_untrained_model(folder_ / "tiny", {.shape = shape, .device = device_named("auto")});
  }

  // The pictures of all samples of all videos, [F, S, B, C, H, W].
  Tensor samples(int64_t count, int64_t at_once) {
    auto run = Predicting::open_dataset(options_);
    std::vector<Tensor> videos;
    while (const auto batch = run.next_batch()) {
      std::vector<Tensor> portions;
      run.sample(*batch, count, at_once, [&](const Tensor& images) {
        portions.push_back(images.cpu().unflatten(1, {-1, batch->batch_size()}));
      });
      videos.push_back(torch::cat(portions, 1));
    }
    return torch::cat(videos, 2);
  }

  // What opening data and model complains of; empty where it does not.
  std::string complaint() const {
    try {
      auto run = Predicting::open_dataset(options_);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  // The run anew, with actions and states.
  void train_on_actions() { save_run(kShapeWithActions); }

  // Frames of one gray level each, `width` x 40 pixels.
  std::string clip(int frames, int64_t width = 60) {
    for (int t = 1; t <= frames; ++t) {
      const std::vector<uint8_t> pixels(40 * width * 3, static_cast<uint8_t>(20 * t));
      write_png(folder_ / ("clip/" + std::to_string(t) + ".png"), {40, width, 3, pixels});
    }
    return (folder_ / "clip").string();
  }

  ScratchFolder folder_;
  std::unique_ptr<Trainer> trainer_;
  PredictOptions options_;
};

TEST_F(PredictingTest, TakesEverythingFromTheCheckpoint) {
  auto run = Predicting::open_dataset(options_);
  EXPECT_EQ(run.name(), "tiny");
  EXPECT_EQ(run.context_frames(), 2);
  EXPECT_EQ(run.sequence_length(), 6);
  EXPECT_TRUE(run.stochastic());
  const auto batch = run.next_batch();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->images.sizes(), (at::IntArrayRef{6, 2, 3, 32, 32}));
  EXPECT_FALSE(run.next_batch().has_value());
  const auto description = run.description({{"seed", 7}, {"model", nullptr}});
  EXPECT_EQ(description.options["model"], "savp");
  EXPECT_EQ(description.options["dataset"], "bair");
  EXPECT_EQ(description.options["batch_size"], 2);
  EXPECT_EQ(description.dataset_hparams["scale_size"], 32);
  EXPECT_EQ(description.model_hparams["ngf"], 4);
}

TEST_F(PredictingTest, PredictsWithTheSavedWeights) {
  auto run = Predicting::open_dataset(options_);
  const auto batch = *run.next_batch();
  Tensor ours;
  run.sample(batch, 3, 3, [&](const Tensor& images) { ours = images; });
  const WantedFutures how{
      .shown = 2, .length = 4, .samples = 3, .seed = static_cast<uint64_t>(options_.seed)};
  const auto expected = futures(trainer_->generator(), batch, how).images;
  EXPECT_EQ(ours.sizes(), (at::IntArrayRef{4, 6, 3, 32, 32}));
  EXPECT_TRUE(torch::allclose(ours, expected, 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(ours.narrow(1, 0, 2), ours.narrow(1, 2, 2), 1e-5, 1e-6))
      << "samples are the same";
}

TEST_F(PredictingTest, SameSeedSameFutures) {
  const auto first = samples(3, 2);
  EXPECT_EQ(first.sizes(), (at::IntArrayRef{4, 3, 2, 3, 32, 32}));
  EXPECT_TRUE(torch::equal(first, samples(3, 2)));
  options_.seed = 8;
  EXPECT_FALSE(torch::equal(first, samples(3, 2)));
}

// Each future has its own draws: batches and portions only divide the work.
TEST_F(PredictingTest, FuturesDoNotDependOnHowTheyAreDivided) {
  const auto together = samples(3, 3);
  for (const int64_t at_once : {1, 2})
    EXPECT_TRUE(torch::allclose(together, samples(3, at_once), 1e-5, 1e-6)) << at_once << " at once";
  options_.batch_size = 1;
  EXPECT_TRUE(torch::allclose(together, samples(3, 3), 1e-5, 1e-6)) << "one video at a time";
  options_.data_threads = 0;
  EXPECT_TRUE(torch::allclose(together, samples(3, 3), 1e-5, 1e-6)) << "without threads";
  EXPECT_FALSE(torch::allclose(together.select(2, 0), together.select(2, 1), 1e-3, 1e-3))
      << "the videos are the same, and the test shows nothing";
  options_.num_samples = 1;
  EXPECT_TRUE(torch::allclose(together.narrow(2, 0, 1), samples(3, 3), 1e-5, 1e-6)) << "the first alone";
}

TEST_F(PredictingTest, OneFutureIsTheSameAloneAsAmongMany) {
  const auto together = samples(3, 3);
  auto run = Predicting::open_dataset(options_);
  Tensor alone;
  run.sample(
      *run.next_batch(), 1, 1, [&](const Tensor& images) { alone = images.cpu(); }, /*first_sample=*/2);
  EXPECT_TRUE(torch::allclose(alone, together.select(1, 2), 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(alone, together.select(1, 0), 1e-3, 1e-3));
}

TEST_F(PredictingTest, ABatchNeedNotDivideTheSequences) {
  options_.num_epochs = 3;  // of two sequences
  options_.batch_size = 4;
  auto run = Predicting::open_dataset(options_);
  EXPECT_EQ(run.next_batch()->batch_size(), 4);
  EXPECT_EQ(run.next_batch()->batch_size(), 2);
  EXPECT_FALSE(run.next_batch().has_value());
}

TEST_F(PredictingTest, BothWaysToSayTheLengthAreTheSame) {
  options_.sequence_length = 9;
  const auto by_flag = samples(1, 1);
  options_.sequence_length.reset();
  options_.dataset_hparams = "sequence_length=9";
  EXPECT_EQ(by_flag.size(0), 7);
  EXPECT_TRUE(torch::equal(by_flag, samples(1, 1)));
}

TEST_F(PredictingTest, GoesBeyondTheTrueFramesOnlyWhereItMay) {
  options_.sequence_length = 40;  // the records hold 30
  EXPECT_NE(complaint().find("sequence_length=40: true frames are needed"), std::string::npos) << complaint();
  auto run = Predicting::open_dataset(options_, Reach::kBeyond);
  EXPECT_EQ(run.sequence_length(), 40);
  EXPECT_EQ(run.true_frames(), 30);
}

TEST_F(PredictingTest, WithActionsItGoesAsFarAsThey) {
  train_on_actions();
  options_.sequence_length = 31;
  for (const Reach reach : {Reach::kTrueFrames, Reach::kBeyond}) try {
      Predicting::open_dataset(options_, reach);
      FAIL() << "31 frames have 30 actions, there are 29";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("sequence_length=31"), std::string::npos) << message;
      if (reach == Reach::kBeyond)
        EXPECT_NE(message.find("has them for 30 frames only"), std::string::npos) << message;
    }
  options_.sequence_length = 30;
  auto run = Predicting::open_dataset(options_, Reach::kBeyond);
  Tensor images;
  run.sample(*run.next_batch(), 1, 1, [&](const Tensor& portion) { images = portion; });
  EXPECT_EQ(images.size(0), 28);
  options_.model_hparams = "sequence_length=31";
  EXPECT_THROW(Predicting::open_dataset(options_), UsageError);
}

// The actions after those that the data has are the caller's.
TEST_F(PredictingTest, WithOtherActionsItGoesBeyondThoseOfTheData) {
  train_on_actions();
  options_.sequence_length = 40;
  auto run = Predicting::open_dataset(options_, Reach::kBeyondActions);
  EXPECT_EQ(run.true_frames(), 30);
  auto batch = *run.next_batch();
  const auto more = torch::ones({20, batch.actions.size(1), 4}, batch.actions.options());
  batch.actions = torch::cat({batch.actions.slice(0, 0, 20), more});
  Tensor images;
  run.sample(batch, 1, 1, [&](const Tensor& portion) { images = portion; });
  EXPECT_EQ(images.size(0), 38);
}

// One sequence of `frames` frames; its actions are all `action`.
std::string write_episode(const ScratchFolder& folder, int64_t frames, float action) {
  const auto path = folder / concat("episode_", action, ".npz");
  std::string pixels;
  for (int64_t i = 0; i < frames * 32 * 32 * 3; ++i) pixels += static_cast<char>(i % 200);
  write_npz(path, {{"images", npy("|u1", {1, frames, 32, 32, 3}, pixels)},
                   {"actions", npy("<f4", {1, frames, 4}, bytes_of(std::vector<float>(frames * 4, action)))},
                   {"states", npy("<f4", {1, frames, 3}, bytes_of(std::vector<float>(frames * 3, 0.5F)))}});
  return path.string();
}

TEST_F(PredictingTest, ContinuesAnEpisodeWithItsActionsAndStates) {
  train_on_actions();
  const auto continued = [&](float action, int64_t length) {
    options_.sequence_length = length;
    auto run = Predicting::open_clip(options_, {.path = write_episode(folder_, 9, action), .start_frame = 1});
    const auto batch = *run.next_batch();
    EXPECT_EQ(batch.actions.sizes(), (at::IntArrayRef{7, 1, 4}));
    EXPECT_EQ(batch.actions[0][0][0].item<float>(), action);
    EXPECT_EQ(batch.states.sizes(), (at::IntArrayRef{8, 1, 3}));
    Tensor images;
    run.sample(batch, 1, 1, [&](const Tensor& portion) { images = portion; });
    return images;
  };
  const auto still = continued(0, 8), moved = continued(5, 8);
  EXPECT_EQ(still.size(0), 6);
  EXPECT_FALSE(torch::allclose(still, moved, 1e-4, 1e-4)) << "the actions make no difference";
  EXPECT_TRUE(torch::equal(still, continued(0, 8)));
  try {
    continued(0, 9);
    FAIL() << "8 frames from the second on have no 8 actions";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("sequence_length=9: the model takes actions"), std::string::npos)
        << error.what();
  }
}

// In a table beside it, and of frames that are skipped as in training.
TEST_F(PredictingTest, ContinuesAVideoWithTheActionsBesideIt) {
  train_on_actions();
  const auto path = clip(9);
  std::string table = "action_0,action_1,action_2,action_3,state_0,state_1,state_2\n";
  for (int t = 0; t < 9; ++t) table += concat(t, ",0,0,0,", -t, ",0,0\n");
  folder_.write("clip.csv", table);
  options_.sequence_length = 8;
  auto run = Predicting::open_clip(options_, {.path = path, .start_frame = 1});
  const auto batch = *run.next_batch();
  ASSERT_EQ(batch.actions.sizes(), (at::IntArrayRef{7, 1, 4}));
  ASSERT_EQ(batch.states.sizes(), (at::IntArrayRef{8, 1, 3}));
  EXPECT_EQ(batch.actions[6][0][0].item<float>(), 7);
  EXPECT_EQ(batch.states[7][0][0].item<float>(), -8);
  EXPECT_NEAR(batch.images[0].mean().item<float>(), 40.0 / 255, 1e-6);
  const auto complaint = [&](const StartingClip& clip) {
    return message_of<Error>([&] { Predicting::open_clip(options_, clip); });
  };
  EXPECT_CONTAINS(complaint({.path = path, .fps = 5}), "--video_fps and fps must be 0");
  folder_.write("clip.csv", "action_0,state_0\n1,2\n");
  EXPECT_CONTAINS(complaint({.path = path}), "clip.csv: holds 1 action, but");
  folder_.write("clip.csv",
                table + "9,0,0,0,-9,0,0\n");  // of a longer video, though enough for what is shown
  EXPECT_CONTAINS(complaint({.path = path}), "clip.csv: holds 10 actions, but " + path + " has 9 frames");
  folder_.write("clip.csv", "pos\n1\n");
  EXPECT_CONTAINS(complaint({.path = path}),
                  "clip.csv: holds no actions and no states, which the model was trained with");
}

TEST_F(PredictingTest, SkipsFramesOfAClipAsInTraining) {
  options_.dataset_hparams = "frame_skip=2";
  options_.sequence_length = 3;
  auto run = Predicting::open_clip(options_, {.path = clip(9), .start_frame = 1});
  const auto images = run.next_batch()->images;
  ASSERT_EQ(images.size(0), 3);
  for (int64_t t = 0; t < 3; ++t)
    EXPECT_NEAR(images[t].mean().item<float>(), (40.0 + 60.0 * static_cast<double>(t)) / 255, 1e-6);
}

TEST_F(PredictingTest, RefusesMoreContextThanThereIs) {
  options_.model_hparams = "context_frames=7,sequence_length=20";
  EXPECT_NE(complaint().find("tfrecords: has only 6 true frames of each sequence, and context_frames=7"),
            std::string::npos)
      << complaint();
}

TEST_F(PredictingTest, ChecksHyperparametersBeforeTheData) {
  options_.input_dir = "no/such/folder";
  options_.model_hparams = "ngff=3";
  EXPECT_NE(complaint().find("did you mean ngf"), std::string::npos) << complaint();
  options_.model_hparams.reset();
  options_.dataset_hparams = "scale_size=1000000000";
  EXPECT_NE(complaint().find("scale_size=1000000000 must be from 0 to 4096"), std::string::npos)
      << complaint();
}

TEST_F(PredictingTest, SaysThatThereIsNoSuchCheckpoint) {
  options_.checkpoint = (folder_ / "nope").string();
  EXPECT_NE(complaint().find("nope: no such folder or checkpoint"), std::string::npos) << complaint();
}

TEST_F(PredictingTest, FlagsWinOverTheCheckpoint) {
  options_.dataset_hparams = "sequence_length=8";
  options_.model_hparams = "context_frames=3";
  auto run = Predicting::open_dataset(options_);
  EXPECT_EQ(run.sequence_length(), 8);
  EXPECT_EQ(run.context_frames(), 3);
}

TEST_F(PredictingTest, CutsAClipToTheSizeOfTraining) {
  options_.sequence_length = 9;
  auto run = Predicting::open_clip(options_, {.path = clip(6), .start_frame = 3});
  const auto batch = *run.next_batch();
  EXPECT_EQ(batch.images.sizes(), (at::IntArrayRef{3, 1, 3, 32, 32})) << "two given, one that followed";
  EXPECT_NEAR(batch.images[0].mean().item<float>(), 80.0 / 255, 1e-6);  // the fourth frame
  Tensor images;
  run.sample(batch, 2, 2, [&](const Tensor& portion) { images = portion; });
  EXPECT_EQ(images.sizes(), (at::IntArrayRef{7, 2, 3, 32, 32}));
  EXPECT_TRUE(images.isfinite().all().item<bool>());
  Batch given = batch;
  given.images = batch.images.slice(0, 0, 2);
  run.sample(given, 2, 2, [&](const Tensor& portion) {
    EXPECT_TRUE(torch::equal(portion, images)) << "what followed was looked at";
  });
}

TEST_F(PredictingTest, RefusesPicturesOfAnotherSize) {
  options_.dataset_hparams = "scale_size=64";
  try {
    Predicting::open_dataset(options_);
    FAIL() << "64x64 pixels were accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("32x32 pixels of 3 channels, the data has 64x64"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(PredictingTest, RefusesAClipForAModelOfActions) {
  save_checkpoint(folder_ / "tiny", 7, trainer_->state(), {shape_metadata(kShapeWithActions)});
  try {
    Predicting::open_clip(options_, {.path = clip(6)});
    FAIL() << "a clip without actions was accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("has no actions or states"), std::string::npos) << error.what();
  }
}

TEST_F(PredictingTest, NamesWeightsThatDoNotFit) {
  options_.model_hparams = "ngf=8";
  try {
    Predicting::open_dataset(options_);
    FAIL() << "weights of ngf=4 were taken for ngf=8";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("model-7.safetensors"), std::string::npos) << error.what();
  }
}

TEST_F(PredictingTest, AModelWithWeightsNeedsACheckpoint) {
  options_.checkpoint.reset();
  options_.model = "savp";
  EXPECT_THROW(Predicting::open_dataset(options_), UsageError);
}

}  // namespace
}  // namespace savp::cli
