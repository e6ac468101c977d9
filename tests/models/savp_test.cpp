#include "models/savp.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"
#include "models/models.h"
#include "support/futures.h"

namespace savp {
namespace {

constexpr VideoShape kShape{.channels = 3, .height = 32, .width = 48};

SavpHparams tiny() {
  SavpHparams hp;
  hp.ngf = hp.nef = hp.ndf = 2;
  hp.nz = 3;
  hp.context_frames = 2;
  hp.sequence_length = 6;
  return hp;
}

Batch random_batch(const VideoShape& shape, int64_t frames, int64_t videos) {
  torch::manual_seed(5);
  Batch batch;
  batch.images = torch::rand({frames, videos, shape.channels, shape.height, shape.width});
  if (shape.actions > 0) batch.actions = torch::rand({frames - 1, videos, shape.actions});
  if (shape.states > 0) batch.states = torch::rand({frames, videos, shape.states});
  return batch;
}

std::shared_ptr<SavpGenerator> make(const SavpHparams& hp, const VideoShape& shape = kShape) {
  torch::manual_seed(1);
  return std::make_shared<SavpGenerator>(hp, shape);
}

TEST(SavpGenerator, PredictsAnyLengthAndCountOfSamplesFromContextAlone) {
  auto generator = make(tiny());
  const auto prediction =
      futures(*generator, random_batch(kShape, 2, 2), {.shown = 2, .length = 7, .samples = 3});
  EXPECT_EQ(prediction.images.sizes(), (std::vector<int64_t>{7, 6, 3, 32, 48}));
  EXPECT_TRUE(torch::isfinite(prediction.images).all().item<bool>());
}

TEST(SavpGenerator, SamplesDifferAndDeterministicOnesDoNot) {
  auto hp = tiny();
  const auto spread = [&](SavpGenerator& generator) {
    const auto images =
        futures(generator, random_batch(kShape, 2, 1), {.shown = 2, .length = 4, .samples = 2}).images;
    return (images.select(1, 0) - images.select(1, 1)).abs().max().item<double>();
  };
  EXPECT_GT(spread(*make(hp)), 1e-4);
  hp.nz = 0;
  EXPECT_EQ(spread(*make(hp)), 0.0);
}

TEST(SavpGenerator, ActionsChangeTheFuture) {
  auto hp = tiny();
  hp.nz = 0;
  const VideoShape shape{.channels = 3, .height = 32, .width = 32, .actions = 4, .states = 3};
  auto generator = make(hp, shape);
  auto batch = random_batch(shape, 6, 1);
  const WantedFutures how{.shown = 2, .length = 4};
  const auto still = futures(*generator, batch, how);
  batch.actions = batch.actions + 1.0;
  const auto moved = futures(*generator, batch, how);
  EXPECT_EQ(still.states.sizes(), (std::vector<int64_t>{4, 1, 3}));
  EXPECT_FALSE(torch::allclose(still.images, moved.images));
  EXPECT_FALSE(torch::allclose(still.states, moved.states));
}

// Rollouts run as one batch and share their first steps: each must be what it would be alone.
TEST(SavpGenerator, RolloutsOfOneBatchDoNotTouchEachOther) {
  auto hp = tiny();
  hp.context_frames = 3;
  auto generator = make(hp);
  const auto batch = random_batch(kShape, 6, 2);
  const auto run = [&](bool prior, int64_t samples) {
    DeviceNoise noise(at::kCPU, 9);
    StepContext now{.noise = noise};
    now.prior = prior;
    now.samples = samples;
    return generator->forward(batch, now);
  };
  const auto alone = run(false, 0), all = run(true, 2);
  EXPECT_TRUE(torch::allclose(alone.posterior->images, all.posterior->images, 1e-4, 1e-6));
  EXPECT_TRUE(
      torch::allclose(all.posterior->images.slice(0, 0, 2), all.prior.images.slice(0, 0, 2), 1e-4, 1e-6));
  EXPECT_FALSE(torch::allclose(all.posterior->images[4], all.prior.images[4]));
  EXPECT_EQ(all.samples.sizes(), (std::vector<int64_t>{5, 2, 2, 3, 32, 48}));
  EXPECT_FALSE(torch::allclose(all.samples[4][0], all.samples[4][1]));
}

TEST(SavpGenerator, TrueFramesAreFedWithTheGivenProbability) {
  auto hp = tiny();
  hp.nz = 0;
  auto generator = make(hp);
  const auto batch = random_batch(kShape, 6, 2);
  const auto images = [&](Tensor probability) {
    DeviceNoise noise(at::kCPU, 9);
    StepContext now{.noise = noise};
    now.ground_truth_sampling = std::move(probability);
    return generator->forward(batch, now).prior;
  };
  const auto never = images({}), always = images(torch::ones({})), barely = images(torch::full({}, 0.0009));
  EXPECT_TRUE(torch::equal(never.images, barely.images));
  EXPECT_FALSE(torch::allclose(never.images[4], always.images[4]));
  EXPECT_EQ(always.ground_truth_sampling_mean.item<float>(), 1.0F);
}

TEST(SavpGenerator, SizesItCannotTakeAreRefused) {
  const auto message = [](int64_t height, int64_t width) -> std::string {
    try {
      make(tiny(), {.channels = 3, .height = height, .width = width});
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(16, 64).find("at least 32"), std::string::npos);
  EXPECT_NE(message(64, 68).find("multiples of 8"), std::string::npos);
  EXPECT_EQ(message(32, 36), "");
}

TEST(Models, ClipsLongerThanThePredictionAreRefused) {
  auto hp = tiny();
  hp.video_sn_gan_weight = 1.0;
  hp.clip_length = 6;
  EXPECT_THROW(find_model("savp").make_discriminators(hp, kShape), UsageError);
  hp.clip_length = 5;
  EXPECT_FALSE(find_model("savp").make_discriminators(hp, kShape)->empty());
}

TEST(Models, UnknownNamesComeWithNearMisses) {
  try {
    find_model("sapv");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean savp?"), std::string::npos);
  }
  EXPECT_EQ(find_model("SAVPVideoPredictionModel").name, "savp");
}

}  // namespace
}  // namespace savp
