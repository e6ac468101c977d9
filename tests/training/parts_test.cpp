// A batch in parts, one after the other or by several processes, is worth what the whole batch is.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <functional>
#include <map>

#include "support/futures.h"
#include "support/threads_together.h"
#include "training/averaged_weights.h"
#include "training/gradient_average.h"
#include "training/part_noise.h"
#include "training/trainer.h"

namespace savp {
namespace {

constexpr int64_t kContext = 2, kFrames = 6, kVideos = 4;

struct Setting {
  const char* name;
  const char* model;
  const char* hparams;
  bool robot = false;
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

const Setting kSettings[] = {
    {"savp", "savp",
     "ngf=4,nef=4,ndf=4,nz=2,clip_length=4,l1_weight=100,video_sn_gan_weight=0.1,video_sn_vae_gan_weight=0.1,"
     "vae_gan_feature_cdist_weight=10,kl_weight=1,kl_anneal=none"},
    {"savp_learned_prior", "savp",
     "ngf=4,nef=4,nz=2,learn_prior=true,kl_weight=1,kl_anneal=none,clip_length=4,images_sn_gan_weight=0.1,"
     "ndf=4"},
    {"savp_robot", "savp", "ngf=4,nef=4,ndf=4,nz=0,clip_length=4,image_sn_gan_weight=0.1,state_weight=1",
     true},
    {"sna", "sna", "ngf=4"},
    {"sv2p", "sv2p", "kl_weight=0.1,kl_anneal=none,num_iterations_1st_stage=0,multi_latent=true", true},
};

struct TinyRun {
  std::unique_ptr<ModelHparams> hparams;
  std::unique_ptr<Trainer> trainer;
};

TinyRun make_run(const Setting& setting, const TrainerOptions& options, const std::string& more = "") {
  const auto& entry = find_model(setting.model);
  TinyRun run{entry.make_hparams(), nullptr};
  auto view = entry.view(*run.hparams);
  view.override_from_text(setting.hparams + more, "test");
  view.set("context_frames", kContext);
  view.set("sequence_length", kFrames);
  const VideoShape shape{.channels = 3,
                         .height = 32,
                         .width = 32,
                         .actions = setting.robot ? 2 : 0,
                         .states = setting.robot ? 3 : 0};
  run.trainer =
      std::make_unique<Trainer>(entry, dynamic_cast<const TrainHparams&>(*run.hparams), shape, options);
  run.trainer->set_global_step(6100);  // half of the frames fed are true ones
  return run;
}

Batch batch_of(const Setting& setting, uint64_t seed = 5) {
  torch::manual_seed(seed);
  Batch batch;
  batch.images = torch::rand({kFrames, kVideos, 3, 32, 32});
  if (setting.robot) {
    batch.actions = torch::rand({kFrames - 1, kVideos, 2});
    batch.states = torch::rand({kFrames, kVideos, 3});
  }
  return batch;
}

// Videos rank, rank + size ... of a batch.
Batch share_of(const Batch& batch, int64_t rank, int64_t size) {
  const auto own = [&](const Tensor& x) {
    return x.defined() ? x.slice(1, rank, x.size(1), size).contiguous() : x;
  };
  return {own(batch.images), own(batch.actions), own(batch.states), {}};
}

// What a step gave.
struct Given {
  std::map<std::string, double> losses;
  std::map<std::string, Tensor> gradients;
};
Given step(Trainer& trainer, const Batch& batch) {
  const auto report = trainer.step(batch, {.report = true});
  Given given;
  for (const auto* scalars : {&report.d_losses, &report.g_losses, &report.g_losses_post})
    for (const auto& [name, value] : *scalars)
      given.losses[name + (scalars == &report.g_losses_post ? "_post" : "")] = value.item<double>();
  EXPECT_EQ(report.bad_steps.item<float>(), 0);
  for (const auto& [name, gradient] : trainer.gradients())
    if (gradient.defined()) given.gradients[name] = gradient.clone();
  return given;
}

// How far the gradients are apart, as a share of their size; all else must be the same.
double distance(const Given& given, const Given& whole) {
  EXPECT_EQ(given.losses.size(), whole.losses.size());
  for (const auto& [name, value] : whole.losses)
    EXPECT_NEAR(given.losses.at(name), value, 1e-4 * std::abs(value) + 1e-7) << name;
  EXPECT_EQ(given.gradients.size(), whole.gradients.size());
  double difference = 0, size = 0;
  for (const auto& [name, gradient] : whole.gradients) {
    difference += (given.gradients.at(name) - gradient).square().sum().item<double>();
    size += gradient.square().sum().item<double>();
  }
  return std::sqrt(difference / size);
}

// Rounding may carry a number across the kink of a ReLU, and with it the gradients behind: then another batch
// decides. `apart` gives the largest distance that it finds with a batch.
void expect_same(const Setting& setting, const std::function<double(const Batch&)>& apart) {
  std::vector<double> found;
  for (const uint64_t seed : {5, 6, 7}) {
    found.push_back(apart(batch_of(setting, seed)));
    if (found.back() < 1e-4) return;
  }
  ADD_FAILURE() << "gradients are apart by " << testing::PrintToString(found);
}

class Parts : public testing::TestWithParam<Setting> {};

TEST_P(Parts, OneAfterTheOtherEqualTheWholeBatch) {
  const auto& setting = GetParam();
  expect_same(setting, [&](const Batch& batch) {
    auto whole = make_run(setting, {.seed = 3});
    const auto expected = step(*whole.trainer, batch);
    double farthest = 0;
    for (const int64_t parts : {2, 4}) {
      auto run = make_run(setting, {.seed = 3, .accumulate_steps = parts});
      farthest = std::max(farthest, distance(step(*run.trainer, batch), expected));
      EXPECT_TRUE(torch::equal(run.trainer->state().back().second, whole.trainer->state().back().second))
          << "the draws stand at the same place";
    }
    return farthest;
  });
}

// One step of each process on its share of the batch.
std::vector<Given> steps_together(const Setting& setting, const Batch& batch, int64_t processes,
                                  int64_t parts) {
  const auto place = std::make_shared<MeetingPlace>(processes);
  std::vector<TinyRun> runs;
  for (int64_t rank = 0; rank < processes; ++rank)
    runs.push_back(make_run(setting, {.seed = 3,
                                      .accumulate_steps = parts,
                                      .communicator = std::make_shared<ThreadCommunicator>(place, rank)}));
  std::vector<Given> given(processes);
  run_together(processes, [&](int64_t rank) {
    given[rank] = step(*runs[rank].trainer, share_of(batch, rank, processes));
  });
  for (size_t i = 0; i < runs[0].trainer->state().size(); ++i)
    EXPECT_TRUE(torch::equal(runs[0].trainer->state()[i].second, runs[1].trainer->state()[i].second))
        << runs[0].trainer->state()[i].first << " after the step";
  return given;
}

TEST_P(Parts, OfSeveralProcessesEqualTheWholeBatch) {
  const auto& setting = GetParam();
  expect_same(setting, [&](const Batch& batch) {
    auto whole = make_run(setting, {.seed = 3});
    const auto expected = step(*whole.trainer, batch);
    double farthest = 0;
    const std::pair<int64_t, int64_t> ways[] = {{2, 1}, {2, 2}, {4, 1}};
    for (const auto& [processes, parts] : ways)
      for (const auto& one : steps_together(setting, batch, processes, parts))
        farthest = std::max(farthest, distance(one, expected));
    return farthest;
  });
}

INSTANTIATE_TEST_SUITE_P(All, Parts, testing::ValuesIn(kSettings),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Processes, SkipAStepTogetherAndShareWeights) {
  const auto place = std::make_shared<MeetingPlace>(2);
  std::vector<TinyRun> runs;
  for (int64_t rank = 0; rank < 2; ++rank)  // other weights and draws
    runs.push_back(
        make_run(kSettings[0], {.seed = static_cast<uint64_t>(rank),
                                .communicator = std::make_shared<ThreadCommunicator>(place, rank)}));
  auto batch = batch_of(kSettings[0]);
  batch.images[3][1] = NAN;  // of rank 1
  const auto next = batch_of(kSettings[0]);
  run_together(2, [&](int64_t rank) {
    auto& trainer = *runs[rank].trainer;
    trainer.share();
    const auto report = trainer.step(share_of(batch, rank, 2));
    EXPECT_EQ(report.bad_steps.item<float>(), 1) << "rank " << rank;
    EXPECT_TRUE(std::isnan(report.g_loss_post.item<float>()));
    trainer.step(share_of(next, rank, 2));
  });
  const auto first = runs[0].trainer->state(), second = runs[1].trainer->state();
  for (size_t i = 0; i < first.size(); ++i)
    EXPECT_TRUE(torch::equal(first[i].second, second[i].second)) << first[i].first;
}

TEST(GradientAverage, AveragesInBucketsOfAnySize) {
  for (const int64_t bytes : {4, 100, 4 << 20}) {
    const auto place = std::make_shared<MeetingPlace>(2);
    std::vector<Tensor> means(2);
    std::vector<size_t> buckets(2);
    run_together(2, [&](int64_t rank) {
      NamedTensors parameters;
      for (const int64_t size : {3, 5, 7, 2})
        parameters.emplace_back("w", torch::ones({size}, torch::requires_grad()));
      GradientAverage average(parameters, std::make_shared<ThreadCommunicator>(place, rank), bytes);
      Tensor loss = torch::zeros({});
      for (size_t i = 0; i + 1 < parameters.size(); ++i)  // the last one has no gradient
        loss = loss + (parameters[i].second * static_cast<double>(i + 1 + 10 * rank)).sum();
      average.start();
      loss.backward();
      average.finish();
      EXPECT_FALSE(parameters[3].second.grad().defined());
      std::vector<Tensor> all;
      for (size_t i = 0; i < 3; ++i) all.push_back(parameters[i].second.grad().flatten());
      means[rank] = torch::cat(all);
      buckets[rank] = average.buckets();
    });
    const auto expected = torch::cat({torch::full({3}, 6.0), torch::full({5}, 7.0), torch::full({7}, 8.0)});
    EXPECT_TRUE(torch::equal(means[0], expected)) << means[0];
    EXPECT_TRUE(torch::equal(means[1], expected));
    EXPECT_EQ(buckets[0], bytes == 4 ? 4 : 1);
  }
}

TEST(PartNoise, GivesEachVideoTheDrawsOfTheWhole) {
  const auto source = std::make_shared<DeviceNoise>(at::kCPU, 1);
  DeviceNoise same(at::kCPU, 1);
  const auto eps = same.normal("posterior_eps", {3, 6, 2});
  const auto u = same.uniform("sched_samples_u", {2 * 6, 4});
  PartNoise noise(source);
  noise.begin_step();
  for (const int64_t first : {1, 0}) {  // in any order
    noise.take({.whole = 6, .first = first, .stride = 2, .count = 3});
    EXPECT_TRUE(torch::equal(noise.normal("posterior_eps", {3, 3, 2}), eps.slice(1, first, 6, 2)));
    EXPECT_TRUE(torch::equal(noise.uniform("sched_samples_u", {2 * 3, 4}),
                             u.view({2, 6, 4}).slice(1, first, 6, 2).flatten(0, 1)));
  }
  noise.begin_step();
  EXPECT_FALSE(torch::equal(noise.normal("posterior_eps", {3, 3, 2}), eps.slice(1, 0, 6, 2)));
  EXPECT_THROW(noise.normal("something_new", {3}), std::logic_error);
}

TEST(AveragedWeights, FollowTheWeights) {
  const auto w = torch::ones({2});
  AveragedWeights average({{"w", w}}, 0.75);
  w.fill_(5.0);
  average.update();
  EXPECT_EQ(average.state().front().first, "w/ExponentialMovingAverage");
  EXPECT_TRUE(torch::equal(average.state().front().second, torch::full({2}, 2.0)));
  average.restart();
  EXPECT_TRUE(torch::equal(average.state().front().second, w));
  EXPECT_TRUE(AveragedWeights({{"w", w}}, 0.0).state().empty());
}

TEST(AveragedWeights, PredictAndAreNotLearntFrom) {
  const auto batch = batch_of(kSettings[0]);
  auto run = make_run(kSettings[0], {.seed = 3}, ",ema_decay=0.5");
  auto& trainer = *run.trainer;
  for (int i = 0; i < 2; ++i) trainer.step(batch);
  const auto predict = [&] {
    return futures(trainer.generator(), batch, {.shown = kContext, .length = kFrames - kContext}).images;
  };
  NamedTensors averages, before;
  for (const auto& [name, value] : trainer.state()) {
    before.emplace_back(name, value.detach().clone());
    if (is_average(name)) averages.emplace_back(name.substr(0, name.rfind('/')), value.clone());
  }
  Tensor predicted;
  {
    const Trainer::Predicting predicting(trainer);
    predicted = predict();
  }
  const auto raw = predict();
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(torch::equal(trainer.state()[i].second, before[i].second)) << before[i].first;
  torch::NoGradGuard no_grad;
  for (const auto& [name, average] : averages)
    for (const auto& [variable, weight] : trainer.state())
      if (variable == name) weight.detach().copy_(average);
  EXPECT_TRUE(torch::equal(predict(), predicted));
  EXPECT_FALSE(torch::equal(raw, predicted));
}

TEST(AveragedWeights, AreSavedAndContinued) {
  const auto batch = batch_of(kSettings[0]);
  auto with = make_run(kSettings[0], {.seed = 3}, ",ema_decay=0.5");
  auto without = make_run(kSettings[0], {.seed = 3});
  with.trainer->step(batch);
  without.trainer->step(batch);
  const auto averages = [](Trainer& trainer) {
    std::map<std::string, Tensor> all;
    for (const auto& [name, value] : trainer.state())
      if (is_average(name)) all[name] = value.clone();
    return all;
  };
  EXPECT_FALSE(averages(*with.trainer).empty());
  auto continued = make_run(kSettings[0], {.seed = 9}, ",ema_decay=0.5");
  continued.trainer->load(VariableSource::of(with.trainer->state(), "with"), Trainer::Load::kContinue);
  for (const auto& [name, value] : averages(*with.trainer))
    EXPECT_TRUE(torch::equal(averages(*continued.trainer)[name], value)) << name;
  // switched on later: from the weights as they are; switched off: left out
  continued.trainer->load(VariableSource::of(without.trainer->state(), "without"), Trainer::Load::kContinue);
  for (const auto& [name, value] : without.trainer->state())
    if (name.starts_with("generator/") && value.requires_grad()) {
      EXPECT_TRUE(torch::equal(averages(*continued.trainer)[average_name(name)], value)) << name;
    }
  without.trainer->load(VariableSource::of(with.trainer->state(), "with"), Trainer::Load::kContinue);
  without.trainer->load(VariableSource::of(with.trainer->state(), "with"), Trainer::Load::kStart);
  const auto restored =
      continued.trainer->load(VariableSource::of(without.trainer->state(), "without"), Trainer::Load::kStart);
  EXPECT_EQ(restored.fresh, std::vector<std::string>{"the averaged weights"});
}

}  // namespace
}  // namespace savp
