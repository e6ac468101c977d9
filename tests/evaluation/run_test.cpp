#include "savp/evaluation/run.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "savp/checkpoints/tensors.h"
#include "savp/checkpoints/video_shape.h"
#include "savp/io/image.h"
#include "savp/kernels/device.h"
#include "savp/training/trainer.h"
#include "support/scratch.h"

namespace savp {
namespace {

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

constexpr VideoShape kShape{.channels = 3, .height = 32, .width = 32};

// A small model's run with weights that were never trained: "tiny/model-7.safetensors" and what lies beside
// it.
// Inside it savp::Run is hidden by a function of the test framework, hence the full name.
class RunTest : public testing::Test {
 protected:
  RunTest() {
    const auto& entry = find_model("savp");
    auto hparams = entry.make_hparams();
    auto view = entry.view(*hparams);
    view.override_from_text("context_frames=2,sequence_length=6,ngf=4,nef=4,nz=2,schedule_sampling=none",
                            "test");
    trainer_ = std::make_unique<Trainer>(entry, dynamic_cast<const TrainHparams&>(*hparams), kShape,
                                         default_device(), 3);
    save(kShape);
    const Json dataset_hparams = {
        {"context_frames", 2}, {"sequence_length", 6}, {"scale_size", 32}, {"use_state", false}};
    write_description(folder_ / "tiny",
                      {{{"dataset", "bair"}, {"model", "savp"}}, dataset_hparams, view.to_json()});
    options_.checkpoint = (folder_ / "tiny").string();
    options_.input_dir = kBair;
    options_.mode = Split::kTest;
  }

  void save(const VideoShape& shape) {
    std::filesystem::create_directories(folder_ / "tiny");
    save_checkpoint(folder_ / "tiny", 7, trainer_->state(), {shape_metadata(shape)});
  }

  // The pictures of all samples of the first batch, [T - 1, S * B, C, H, W].
  Tensor samples(int64_t count, int64_t at_once) {
    savp::Run run(options_, open_dataset_input(options_));
    std::vector<Tensor> portions;
    run.sample(*run.next_batch(), count, at_once,
               [&](const Tensor& images) { portions.push_back(images.cpu()); });
    return torch::cat(portions, 1);
  }

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
  RunOptions options_;
};

TEST_F(RunTest, TakesEverythingFromTheCheckpoint) {
  savp::Run run(options_, open_dataset_input(options_));
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

TEST_F(RunTest, PredictsWithTheSavedWeights) {
  savp::Run run(options_, open_dataset_input(options_));
  const auto batch = *run.next_batch();
  Tensor ours;
  run.sample(batch, 3, 3, [&](const Tensor& images) { ours = images; });
  DeviceNoise noise(default_device(), static_cast<uint64_t>(options_.seed));
  const auto expected = trainer_->generator().predict(batch, 6, 3, noise).images;
  EXPECT_EQ(ours.sizes(), (at::IntArrayRef{5, 6, 3, 32, 32}));
  EXPECT_TRUE(torch::allclose(ours, expected, 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(ours.narrow(1, 0, 2), ours.narrow(1, 2, 2), 1e-5, 1e-6))
      << "samples are the same";
}

TEST_F(RunTest, SameSeedSameFutures) {
  const auto first = samples(3, 2);
  EXPECT_EQ(first.size(1), 6);
  EXPECT_TRUE(torch::equal(first, samples(3, 2)));
  options_.seed = 8;
  EXPECT_FALSE(torch::equal(first, samples(3, 2)));
}

TEST_F(RunTest, FlagsWinOverTheCheckpoint) {
  options_.dataset_hparams = "sequence_length=8";
  options_.model_hparams = "context_frames=3";
  savp::Run run(options_, open_dataset_input(options_));
  EXPECT_EQ(run.sequence_length(), 8);
  EXPECT_EQ(run.context_frames(), 3);
}

TEST_F(RunTest, CutsAClipToTheSizeOfTraining) {
  auto input = open_clip_input(options_, {.path = clip(6), .start_frame = 3});
  savp::Run run(options_, std::move(input), /*sequence_length=*/9);
  const auto batch = *run.next_batch();
  EXPECT_EQ(batch.images.sizes(), (at::IntArrayRef{2, 1, 3, 32, 32}));
  EXPECT_NEAR(batch.images[0].mean().item<float>(), 80.0 / 255, 1e-6);  // the fourth frame
  Tensor images;
  run.sample(batch, 2, 2, [&](const Tensor& portion) { images = portion; });
  EXPECT_EQ(images.sizes(), (at::IntArrayRef{8, 2, 3, 32, 32}));
  EXPECT_TRUE(images.isfinite().all().item<bool>());
}

TEST_F(RunTest, RefusesPicturesOfAnotherSize) {
  options_.dataset_hparams = "scale_size=64";
  try {
    open_dataset_input(options_);
    FAIL() << "64x64 pixels were accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("32x32 pixels of 3 channels, the data has 64x64"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(RunTest, RefusesAClipForAModelOfActions) {
  save({.channels = 3, .height = 32, .width = 32, .actions = 4, .states = 3});
  try {
    open_clip_input(options_, {.path = clip(6)});
    FAIL() << "a clip without actions was accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("has no actions or states"), std::string::npos) << error.what();
  }
}

TEST_F(RunTest, NamesWeightsThatDoNotFit) {
  options_.model_hparams = "ngf=8";
  try {
    savp::Run(options_, open_dataset_input(options_));
    FAIL() << "weights of ngf=4 were taken for ngf=8";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("model-7.safetensors"), std::string::npos) << error.what();
  }
}

TEST_F(RunTest, AModelWithWeightsNeedsACheckpoint) {
  options_.checkpoint.reset();
  options_.model = "savp";
  EXPECT_THROW(savp::Run(options_, open_dataset_input(options_)), UsageError);
}

}  // namespace
}  // namespace savp
