// Activations made again in backward: the same step for less memory.
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>

#include "core/operator_count.h"
#include "kernels/prepared_conv.h"
#include "nn/layers.h"
#include "nn/recomputed.h"
#include "support/tensor_memory.h"
#include "support/threads_together.h"
#include "training/trainer.h"

namespace savp {
namespace {

TEST(Recomputed, GivesTheValuesAndGradientsOfTheFunction) {
  const auto weight = torch::randn({3, 3}, torch::requires_grad());
  const auto other = torch::randn({3}, torch::requires_grad());  // not used
  const auto x = torch::randn({2, 3}, torch::requires_grad());
  int calls = 0;
  const auto function = [&](const nn::Tensors& in) -> nn::Tensors {
    ++calls;
    const auto y = torch::tanh(torch::mm(in[0], weight)) * in[2];
    return {y, {}, y.sum(), in[0].detach() + 1};
  };
  const auto scale = torch::full({2, 3}, 2.0);
  const auto grads = [&](const nn::Tensors& out) {
    return torch::autograd::grad({(out[0] * out[0]).sum() + 3 * out[2]}, {x, weight});
  };
  const auto plain = function({x, {}, scale});
  const auto expected = grads(plain);
  calls = 0;
  const auto again = nn::recomputed(function, {x, {}, scale}, {weight, other});
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(torch::equal(again[0], plain[0]));
  EXPECT_FALSE(again[1].defined());
  EXPECT_FALSE(again[3].requires_grad());
  const auto found = grads(again);
  EXPECT_EQ(calls, 2);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(torch::allclose(found[i], expected[i], 1e-6, 1e-7));
  EXPECT_THROW(grads(again), c10::Error) << "what was kept is gone";
}

TEST(Recomputed, IsTheFunctionWhereNoGradientIsWanted) {
  const auto weight = torch::randn({3}, torch::requires_grad());
  const auto x = torch::randn({3});
  const auto function = [&](const nn::Tensors& in) { return nn::Tensors{in[0] * weight}; };
  const torch::NoGradGuard no_grad;
  const auto y = nn::recomputed(function, {x}, {weight})[0];
  EXPECT_FALSE(y.requires_grad());
  EXPECT_TRUE(torch::equal(y, x * weight));
}

// A weight's gradient over several uses is summed before it is transformed back, as without.
TEST(Recomputed, UsesOfAPreparedConvolutionShareItsGradient) {
  torch::manual_seed(3);
  const auto weight = torch::randn({16, 16, 3, 3}, torch::requires_grad());
  const auto folded = weight * 0.1;
  const auto x = torch::randn({4, 16, 16, 16}, torch::requires_grad());
  const auto gradients = [&](bool again) {
    kernels::PreparedConv conv(folded, {.padding = 1, .uses = 3});
    if (again) conv.prepare();
    Tensor y = x;
    for (int i = 0; i < 3; ++i) {
      const auto step = [conv](const nn::Tensors& in) {
        auto own = conv;
        const auto places = own.tensors();
        for (size_t k = 0; k < places.size(); ++k) *places[k] = in[k + 1];
        return nn::Tensors{torch::relu(own(in[0]))};
      };
      auto read = conv;
      nn::Tensors in = {y};
      for (const auto* place : read.tensors()) in.push_back(*place);
      y = again ? nn::recomputed(step, in, {})[0] : torch::relu(conv(y));
    }
    return torch::autograd::grad({y.sum()}, {x, weight}, {}, /*retain_graph=*/true);
  };
  const auto expected = gradients(false), found = gradients(true);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(torch::equal(found[i], expected[i])) << i;
}

TEST(Recomputed, MovesTheAveragesOfABatchNormOnce) {
  const auto x = torch::randn({4, 2, 5, 5}, torch::requires_grad());
  const auto step = [&](bool again) {
    const auto norm = nn::make_norm(nn::NormLayer::kBatchTrained, 2);
    const auto function = [&](const nn::Tensors& in) { return nn::Tensors{norm->forward(in[0])}; };
    const auto y = again ? nn::recomputed(function, {x}, norm->parameters()) : function({x});
    const auto found = torch::autograd::grad({y[0].pow(3).sum()}, {x})[0];
    nn::Tensors all = {found};
    for (const auto& buffer : norm->buffers()) all.push_back(buffer);
    return all;
  };
  const auto expected = step(false), found = step(true);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(torch::equal(found[i], expected[i])) << i;
}

constexpr int64_t kVideos = 4;

struct Setting {
  const char* name;
  const char* model;
  const char* hparams;
  bool robot = false;  // with actions and states
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

constexpr char kFull[] =
    "ngf=4,nef=4,ndf=4,nz=2,clip_length=4,l1_weight=100,video_sn_gan_weight=0.1,video_sn_vae_gan_weight=0.1,"
    "vae_gan_feature_cdist_weight=10,gan_feature_cdist_weight=10,kl_weight=1,kl_anneal=none";

const Setting kSettings[] = {
    {"savp", "savp", kFull},
    // Of Winograd's sizes.
    {"savp_wide", "savp", "ngf=16,nef=4,nz=2,kl_weight=1,kl_anneal=none,l1_weight=100"},
    {"savp_learned_prior", "savp",
     "ngf=4,nef=4,nz=2,learn_prior=true,learn_initial_state=true,kl_weight=1,kl_anneal=none,clip_length=4,"
     "images_sn_gan_weight=0.1,ndf=4,conv_rnn=gru,transformation=dna"},
    {"savp_robot", "savp",
     "ngf=4,nef=4,ndf=4,nz=0,clip_length=4,image_sn_gan_weight=0.1,state_weight=1,last_frames=2,"
     "use_tile_concat=false",
     true},
    {"savp_flow_batch_norm", "savp",
     "ngf=4,nef=4,nz=2,transformation=flow,tv_weight=0.1,l2_weight=1,norm_layer=batch_trained,"
     "context_images_background=true"},
    {"dna", "dna", "num_masks=2"},
    {"dna_robot", "dna", "transformation=dna,num_masks=1,state_weight=1", true},
    {"sna", "sna", "ngf=4"},
    {"sna_stp", "sna", "ngf=4,transformation=stp,num_masks=2", true},
    {"sv2p", "sv2p", "kl_weight=0.1,kl_anneal=none,num_iterations_1st_stage=0,multi_latent=true", true},
};

struct TinyRun {
  std::unique_ptr<ModelHparams> hparams;
  std::unique_ptr<Trainer> trainer;
};

TinyRun make_run(const Setting& setting, TrainerOptions options, int64_t frames = 6) {
  const auto& entry = find_model(setting.model);
  TinyRun run{entry.make_hparams(), nullptr};
  auto view = entry.view(*run.hparams);
  view.override_from_text(setting.hparams, "test");
  view.set("context_frames", 2);
  view.set("sequence_length", frames);
  const VideoShape shape{.channels = 3,
                         .height = 32,
                         .width = 32,
                         .actions = setting.robot ? 2 : 0,
                         .states = setting.robot ? 3 : 0};
  options.seed = 3;
  run.trainer =
      std::make_unique<Trainer>(entry, dynamic_cast<const TrainHparams&>(*run.hparams), shape, options);
  run.trainer->set_global_step(6100);  // half of the frames fed are true ones
  return run;
}

Batch batch_of(const Setting& setting, int64_t first = 0, int64_t stride = 1, int64_t frames = 6) {
  torch::manual_seed(5);
  const auto own = [&](const Tensor& x) { return x.slice(1, first, x.size(1), stride).contiguous(); };
  Batch batch;
  batch.images = own(torch::rand({frames, kVideos, 3, 32, 32}));
  if (setting.robot) {
    batch.actions = own(torch::rand({frames - 1, kVideos, 2}));
    batch.states = own(torch::rand({frames, kVideos, 3}));
  }
  return batch;
}

// Losses, gradients and buffers of a step.
using Given = std::map<std::string, Tensor>;
Given step(Trainer& trainer, const Batch& batch) {
  const auto report = trainer.step(batch, {.report = true});
  Given given;
  for (const auto* scalars : {&report.d_losses, &report.g_losses_post})
    for (const auto& [name, value] : *scalars) given["loss " + name] = value;
  for (const auto& [name, gradient] : trainer.gradients()) given["gradient of " + name] = gradient;
  for (const auto& buffer : trainer.generator().named_buffers())
    given["buffer " + buffer.key()] = buffer.value().clone();
  return given;
}

// Of the generator's gradients a few are added in another order. Of what a norm takes away again, such as a
// bias in front of it, the gradient is rounding alone, of sums as large as others' gradients.
void expect_same(const Given& given, const Given& expected, double tolerance) {
  ASSERT_EQ(given.size(), expected.size());
  const auto size = [](const Tensor& x) { return x.norm().item<double>(); };
  double largest = 0;
  for (const auto& [name, value] : expected)
    if (value.defined() && name.starts_with("gradient")) largest = std::max(largest, size(value));
  for (const auto& [name, value] : expected) {
    const auto& other = given.at(name);
    ASSERT_EQ(other.defined(), value.defined()) << name;
    if (!value.defined()) continue;
    if (name.starts_with("gradient of generator"))
      EXPECT_LE(size(other - value), tolerance * (size(value) + 0.1 * largest)) << name;
    else
      EXPECT_TRUE(torch::equal(other, value)) << name;
  }
}

class Recompute : public testing::TestWithParam<Setting> {};

constexpr double kRounding = 2e-6;

TEST_P(Recompute, GivesTheSameStep) {
  const auto& setting = GetParam();
  const auto batch = batch_of(setting);
  for (const int64_t parts : {1, 2}) {
    auto plain = make_run(setting, {.accumulate_steps = parts});
    auto again = make_run(setting, {.accumulate_steps = parts, .recompute = true});
    expect_same(step(*again.trainer, batch), step(*plain.trainer, batch), kRounding);
    EXPECT_TRUE(torch::equal(again.trainer->state().back().second, plain.trainer->state().back().second))
        << "the draws stand at the same place";
  }
}

TEST_P(Recompute, GivesTheSameStepInBfloat16) {
  const auto& setting = GetParam();
  const auto batch = batch_of(setting);
  auto plain = make_run(setting, {.precision = Precision::kBf16});
  auto again = make_run(setting, {.precision = Precision::kBf16, .recompute = true});
  expect_same(step(*again.trainer, batch), step(*plain.trainer, batch), 2e-2);  // sums are rounded to 8 bits
}

TEST_P(Recompute, GivesTheSameStepInTwoProcesses) {
  const auto& setting = GetParam();
  const Batch batches[] = {batch_of(setting, 0, 2), batch_of(setting, 1, 2)};
  std::vector<Given> given[2];
  for (const bool recompute : {false, true}) {
    const auto place = std::make_shared<MeetingPlace>(2);
    std::vector<TinyRun> runs;
    for (int64_t rank = 0; rank < 2; ++rank)
      runs.push_back(make_run(setting, {.recompute = recompute,
                                        .communicator = std::make_shared<ThreadCommunicator>(place, rank)}));
    given[recompute].resize(2);
    run_together(2, [&](int64_t rank) { given[recompute][rank] = step(*runs[rank].trainer, batches[rank]); });
  }
  for (size_t rank = 0; rank < 2; ++rank) expect_same(given[1][rank], given[0][rank], kRounding);
}

INSTANTIATE_TEST_SUITE_P(All, Recompute, testing::ValuesIn(kSettings),
                         [](const auto& info) { return std::string(info.param.name); });

// Each time step's operators are dispatched twice, and nothing else.
TEST_P(Recompute, ComputesTheStepsAgain) {
  const auto& setting = GetParam();
  const auto batch = batch_of(setting);
  const auto operators = [&](bool recompute) {
    auto run = make_run(setting, {.recompute = recompute});
    run.trainer->step(batch);
    const OperatorCount count;
    run.trainer->step(batch);
    int64_t all = 0;
    for (const auto& [name, calls] : count.computing()) all += calls;
    return static_cast<double>(all);
  };
  const auto plain = operators(false), again = operators(true);
  EXPECT_GT(again, 1.1 * plain);
  EXPECT_LT(again, 1.6 * plain);
}

// Steps of a rollout cost what goes into them, and one of them its activations.
TEST(RecomputeMemory, IsMuchLess) {
  const auto peak = [](bool recompute) {
    constexpr int64_t kMany = 16;
    const Setting& setting = kSettings[1];
    const auto batch = batch_of(setting, 0, 1, kMany);
    auto run = make_run(setting, {.recompute = recompute}, kMany);
    run.trainer->step(batch);
    const TensorMemory memory;
    run.trainer->step(batch);
    return memory.peak_bytes();
  };
  const auto plain = peak(false), again = peak(true);
  EXPECT_GT(again, 0);
  EXPECT_LT(again, plain / 2);
}

}  // namespace
}  // namespace savp
