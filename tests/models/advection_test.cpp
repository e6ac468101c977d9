#include "models/advection.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"
#include "models/models.h"
#include "models/sv2p.h"
#include "support/futures.h"

namespace savp {
namespace {

constexpr VideoShape kShape{
    .channels = 3, .height = 32, .width = 40, .actions = 4, .states = 3, .pix_distribs = 1};
constexpr int64_t kContext = 2, kLength = 5;

Batch random_batch(const VideoShape& shape, int64_t frames, int64_t videos) {
  torch::manual_seed(5);
  Batch batch;
  batch.images = torch::rand({frames, videos, shape.channels, shape.height, shape.width});
  if (shape.actions > 0) batch.actions = torch::rand({frames - 1, videos, shape.actions});
  if (shape.states > 0) batch.states = torch::rand({frames, videos, shape.states});
  if (shape.pix_distribs > 0) {
    batch.pix_distribs = torch::rand({frames, videos, shape.pix_distribs, shape.height, shape.width});
    batch.pix_distribs = batch.pix_distribs / batch.pix_distribs.sum({3, 4}, /*keepdim=*/true);
  }
  return batch;
}

std::shared_ptr<Generator> make(const std::string& model, const std::string& hparams = "",
                                const VideoShape& shape = kShape) {
  torch::manual_seed(1);
  const auto& entry = find_model(model);
  const auto hp = entry.make_hparams();
  hp->context_frames = kContext;
  hp->sequence_length = kLength;
  auto view = entry.view(*hp);
  view.override_from_text("num_masks=3", "test");
  view.override_from_text(hparams, "test");
  return entry.make_generator(*hp, shape);
}

Tensor predicted(const std::string& model, const std::string& hparams, const Batch& batch,
                 int64_t samples = 1) {
  return futures(*make(model, hparams, batch.shape()), batch,
                 {.shown = kContext, .length = kLength - kContext, .samples = samples})
      .images;
}

TEST(Advection, EveryModelComposesFramesInEveryWay) {
  const auto batch = random_batch(kShape, /*frames=*/7, 2);
  for (const std::string model : {"dna", "sna", "sv2p"}) {
    for (const std::string way :
         {"transformation=cdna", "transformation=stp", "transformation=dna,num_masks=1"}) {
      const auto all = futures(*make(model, way), batch, {.shown = kContext, .length = 5, .samples = 3});
      ASSERT_EQ(all.images.sizes(), (std::vector<int64_t>{5, 6, 3, 32, 40})) << model << way;
      EXPECT_GE(all.images.min().item<double>(),
                0.0);  // masks and kernels sum to 1
      EXPECT_LE(all.images.max().item<double>(), 1.0 + 1e-5);
      EXPECT_EQ(all.states.sizes(), (std::vector<int64_t>{5, 6, 3}));
      EXPECT_NEAR(all.pix_distribs.sum({2, 3, 4}).max().item<double>(), 1.0, 1e-5);
    }
  }
}

// Frames behind the length asked for, or behind the context, must not matter.
TEST(Advection, OnlyTheContextIsLookedAt) {
  for (const std::string model : {"dna", "sna", "sv2p"}) {
    auto batch = random_batch(kShape, kLength, 1);
    const auto before = predicted(model, "", batch);
    batch.images.slice(0, kContext).zero_();
    batch.states.slice(0, 1).zero_();
    EXPECT_TRUE(torch::equal(predicted(model, "", batch), before)) << model;
    batch.images[0].zero_();
    EXPECT_FALSE(torch::allclose(predicted(model, "", batch), before)) << model;
  }
}

TEST(Advection, ActionsChangeTheFutureAndMayBeMissing) {
  for (const std::string model : {"dna", "sna", "sv2p"}) {
    auto batch = random_batch(kShape, kLength, 1);
    const auto before = predicted(model, "", batch);
    batch.actions = batch.actions + 1.0;
    EXPECT_FALSE(torch::allclose(predicted(model, "", batch), before)) << model;
    batch.actions = batch.states = Tensor();
    EXPECT_EQ(predicted(model, "", batch).size(0), kLength - kContext) << model;
  }
}

TEST(Advection, OptionsOfSnaChangeWhatFramesAreComposedFrom) {
  const auto batch = random_batch(kShape, kLength, 1);
  DeviceNoise noise(at::kCPU, 3);
  StepContext now{.noise = noise};
  now.details = true;
  const auto candidates = [&](const std::string& hparams) {
    return make("sna", hparams)->forward(batch, now).prior.transformed_images;
  };
  EXPECT_EQ(candidates("").size(2), 5);
  EXPECT_EQ(candidates("generate_scratch_image=false").size(2), 4);
  EXPECT_EQ(candidates("transformation=dna,num_masks=1").size(2), 2);
  EXPECT_TRUE(torch::equal(candidates("")[3].select(1, 0), batch.images[0]));
  EXPECT_FALSE(torch::equal(candidates("first_image_background=false")[3].select(1, 0), batch.images[0]));
  const auto parameters = [&](const std::string& hparams) {
    return make("sna", hparams)->parameters().size();
  };
  EXPECT_EQ(parameters("ngf=4"), parameters("ngf=8"));
  EXPECT_NE(predicted("sna", "kernel_size=[3,7]", batch).size(0), 0);
}

// Draws that put the batch's elements in the given order at each step.
class Ordered : public DeviceNoise {
 public:
  explicit Ordered(std::vector<int64_t> order) : DeviceNoise(at::kCPU, 0), order_(std::move(order)) {}
  Tensor permutation(const std::string&, int64_t) override { return torch::tensor(order_); }

 private:
  std::vector<int64_t> order_;
};

TEST(Advection, ExactlyTheSampledShareOfABatchIsFedTruth) {
  auto generator = make("sna");
  auto batch = random_batch(kShape, kLength, 4);
  const auto images = [&](double share) {
    Ordered noise({2, 0, 3, 1});
    StepContext now{.noise = noise};
    now.ground_truth_sampling = torch::full({}, share);
    return generator->forward(batch, now).prior.images[kLength - 2];
  };
  const auto own = images(0.0), truth = images(1.0),
             half = images(0.45);  // 1.8 of 4 elements: two
  for (const int64_t element : {0, 1, 2, 3}) {
    const bool fed = element == 2 || element == 0;
    EXPECT_TRUE(torch::allclose(half[element], (fed ? truth : own)[element])) << element;
    EXPECT_FALSE(torch::allclose(truth[element], own[element])) << element;
  }
  EXPECT_NEAR(generator->ground_truth_sampling(0), 900.0 / 901.0, 1e-9);
  EXPECT_EQ(make("sna", "schedule_sampling_k=-1")->ground_truth_sampling(0), 0.0);
}

// Kernels of 5x5 spread a point by 2 pixels a step, from one frame's prediction to the next, in
// training, too.
TEST(Advection, PointsMoveOn) {
  auto generator = make("sna", "num_masks=1,first_image_background=false,generate_scratch_image=false");
  auto batch = random_batch(kShape, kLength, 1);
  batch.pix_distribs.zero_();
  batch.pix_distribs.index_put_({torch::indexing::Slice(), 0, 0, 16, 20}, 1.0);
  for (const auto& share : {Tensor(), torch::full({}, 0.5)}) {
    DeviceNoise noise(at::kCPU, 3);
    StepContext now{.noise = noise};
    now.ground_truth_sampling = share;
    const auto points = generator->forward(batch, now).prior.pix_distribs;
    for (int64_t step = 0; step < kLength - 1; ++step) {
      const auto columns = points[step][0][0].sum(0).nonzero();
      const auto width = columns.max().item<int64_t>() - columns.min().item<int64_t>() + 1;
      EXPECT_EQ(width, 5 + 4 * std::max<int64_t>(0, step - kContext + 1)) << step;
    }
  }
}

// The published network has them, so that its checkpoints do.
TEST(Sv2p, EstimatesAMotionThatIsNotUsed) {
  const auto generator = make("sv2p", "num_masks=1");
  EXPECT_EQ(generator->named_parameters()["cdna_params.weights"].size(-1), 25);
  EXPECT_EQ(predicted("sv2p", "num_masks=1", random_batch(kShape, kLength, 1)).size(0), kLength - kContext);
}

TEST(Advection, WhatCannotWorkIsRefused) {
  EXPECT_THROW(make("sna", "transformation=dna"), UsageError);
  EXPECT_THROW(make("dna", "transformation=flow"), UsageError);
  EXPECT_THROW(make("sv2p", "", {.channels = 3, .height = 36, .width = 32}), UsageError);
}

GeneratorOutput train(Sv2pGenerator& generator, double step, int64_t videos = 2) {
  DeviceNoise noise(at::kCPU, 3);
  StepContext now{.noise = noise};
  now.global_step = torch::full({}, step);
  return generator.forward(random_batch(kShape, kLength, videos), now);
}

TEST(Sv2p, SamplesDifferUnlessItIsDeterministic) {
  const auto batch = random_batch(kShape, kContext, 1);
  const auto spread = [&](const std::string& hparams) {
    const auto images = predicted("sv2p", hparams, random_batch(kShape, kLength, 1), 2);
    return (images.select(1, 0) - images.select(1, 1)).abs().max().item<double>();
  };
  EXPECT_GT(spread(""), 1e-5);
  EXPECT_GT(spread("multi_latent=true,latent_channels=2"), 1e-5);
  EXPECT_EQ(spread("stochastic_model=false"), 0.0);
}

TEST(Sv2p, ThePosteriorIsUsedFromTheSecondStageOn) {
  auto generator = std::dynamic_pointer_cast<Sv2pGenerator>(make("sv2p", "num_iterations_1st_stage=100"));
  const auto reaches_posterior = [&](double step) {
    generator->zero_grad();
    const auto output = train(*generator, step);
    EXPECT_EQ(output.q->mu.sizes(), (std::vector<int64_t>{2, 4, 5, 1}));
    output.posterior->images.sum().backward();
    const auto gradient = generator->named_parameters()["latent_conv1.weights"].grad();
    return gradient.defined() && gradient.any().item<bool>();
  };
  EXPECT_FALSE(reaches_posterior(99));
  EXPECT_TRUE(reaches_posterior(100));
}

TEST(Sv2p, LatentsOfEachStepAreItsOwnOnlyWhenTimeVariant) {
  class Recorder : public RolloutNoise {
   public:
    Recorder() : RolloutNoise(at::kCPU, 0, {.samples = 3}) {}
    Tensor normal(const std::string& name, at::IntArrayRef shape) override {
      last = shape.vec();
      return RolloutNoise::normal(name, shape);
    }
    std::vector<int64_t> last;
  } noise;
  const auto batch = random_batch(kShape, kLength, 1);
  const auto imagine = [&](const std::string& hparams) {
    const auto generator = make("sv2p", hparams);
    generator->start(batch, kContext)->imagine(batch.actions.slice(0, kContext - 1), 2, noise);
    return noise.last;
  };
  EXPECT_EQ(imagine("latent_channels=2"), (std::vector<int64_t>{1, 3, 4, 5, 2}));
  EXPECT_EQ(imagine("multi_latent=true"), (std::vector<int64_t>{3, 3, 4, 5, 1}));
}

TEST(Sv2p, OnlyItsPosteriorDependsOnTheLengthOfTraining) {
  const auto generator = make("sv2p");
  const auto names = generator->training_only();
  EXPECT_EQ(names.size(), 15u);  // weights, beta and gamma of five layers
  EXPECT_TRUE(make("sv2p", "stochastic_model=false")->training_only().empty());
  EXPECT_TRUE(make("sna")->training_only().empty());
  generator->eval();
  DeviceNoise noise(at::kCPU, 3);
  EXPECT_FALSE(generator->forward(random_batch(kShape, kLength, 1), {.noise = noise}).posterior.has_value());
}

TEST(Sv2p, TheLeastVarianceIsAdded) {
  const auto log_variance = [](const std::string& hparams) {
    auto generator = std::dynamic_pointer_cast<Sv2pGenerator>(make("sv2p", hparams));
    return train(*generator, 1e6).q->log_sigma_sq;
  };
  EXPECT_TRUE(torch::allclose(log_variance("latent_std_min=-9") + 4.0, log_variance("latent_std_min=-5")));
}

}  // namespace
}  // namespace savp
