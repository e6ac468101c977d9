// Prediction gives what a rollout of training gives: frames shown later are as good as frames shown first,
// plans and samples do not touch each other.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <thread>

#include "models/models.h"

namespace savp {
namespace {

constexpr int64_t kContext = 2, kLength = 6, kVideos = 2,
                  kSamples = 3;  // frames, of which the first are shown
constexpr uint64_t kSeed = 11;

struct Case {
  std::string name, model, hparams;
  bool with_actions = false, with_pixels = false;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class ContinuationTest : public testing::TestWithParam<Case> {
 protected:
  ContinuationTest() {
    const VideoShape shape{.channels = 3,
                           .height = 32,
                           .width = 32,
                           .actions = GetParam().with_actions ? 4 : 0,
                           .states = GetParam().with_actions ? 3 : 0};
    const auto& entry = find_model(GetParam().model);
    auto hparams = entry.make_hparams();
    entry.view(*hparams).override_from_text(
        concat("context_frames=", kContext, ",sequence_length=", kLength, GetParam().hparams), "test");
    torch::manual_seed(1);
    predictor_ = entry.trainable ? std::shared_ptr<VideoPredictor>(entry.make_generator(*hparams, shape))
                                 : entry.make_predictor(*hparams);
    batch_.images = torch::rand({kLength, kVideos, 3, 32, 32});
    if (shape.actions > 0) batch_.actions = torch::rand({kLength - 1, kVideos, shape.actions});
    if (shape.states > 0) batch_.states = torch::rand({kLength, kVideos, shape.states});
    if (GetParam().with_pixels) {
      batch_.pix_distribs = torch::rand({kLength, kVideos, 2, 32, 32});
      batch_.pix_distribs /= batch_.pix_distribs.sum({3, 4}, true);
    }
  }

  static RolloutNoise noise(uint64_t seed = kSeed) {
    return {at::kCPU, seed, {.videos = kVideos, .samples = kSamples}};
  }

  // The frame after the first `t`, as observe() takes it.
  Batch frame(int64_t t) const {
    const auto part = [&](const Tensor& x, int64_t first) { return x.defined() ? x.narrow(0, first, 1) : x; };
    return {part(batch_.images, t), part(batch_.actions, t - 1), part(batch_.states, t),
            part(batch_.pix_distribs, t)};
  }

  Prediction imagined(Continuation& scene, int64_t shown, uint64_t seed = kSeed) const {
    auto draws = noise(seed);
    const auto actions = batch_.actions.defined() ? batch_.actions.slice(0, shown - 1) : Tensor();
    return scene.imagine(actions, kLength - shown, draws);
  }

  std::unique_ptr<Continuation> start(int64_t shown) const { return predictor_->start(batch_, shown); }

  static void expect_same(const Prediction& a, const Prediction& b) {
    const std::pair<Tensor, Tensor> parts[] = {
        {a.images, b.images}, {a.states, b.states}, {a.pix_distribs, b.pix_distribs}};
    for (const auto& [x, y] : parts) {
      ASSERT_EQ(x.defined(), y.defined());
      if (!x.defined()) continue;
      ASSERT_EQ(x.sizes(), y.sizes());
      EXPECT_TRUE(torch::allclose(x, y, 1e-4, 1e-5)) << (x - y).abs().max().item<double>();
    }
  }

  std::shared_ptr<VideoPredictor> predictor_;
  Batch batch_;
};

// Latents that serve all steps have no axis for these in training.
class NoiseOfTraining : public RolloutNoise {
 public:
  using RolloutNoise::RolloutNoise;
  Tensor normal(const std::string& name, at::IntArrayRef shape) override {
    if (shape[1] == rollouts().samples * rollouts().videos) return RolloutNoise::normal(name, shape);
    auto sizes = shape.vec();
    sizes.insert(sizes.begin(), 1);
    return RolloutNoise::normal(name, sizes)[0];
  }
};

TEST_P(ContinuationTest, ImaginesWhatTrainingRollsOut) {
  auto* generator = dynamic_cast<Generator*>(predictor_.get());
  if (generator == nullptr) GTEST_SKIP() << "has nothing to learn";
  torch::NoGradGuard no_grad;
  generator->eval();
  NoiseOfTraining draws(at::kCPU, kSeed, {.videos = kVideos, .samples = kSamples});
  const auto copies = [](const Tensor& x) {
    if (!x.defined()) return x;
    std::vector<int64_t> times(x.dim(), 1);
    times[1] = kSamples;
    return x.repeat(times);
  };
  const Batch batch{copies(batch_.images), copies(batch_.actions), copies(batch_.states),
                    copies(batch_.pix_distribs)};
  auto whole = generator->forward(batch, {.noise = draws}).prior;
  for (auto* part : {&whole.images, &whole.states, &whole.pix_distribs})
    if (part->defined()) *part = part->slice(0, kContext - 1);
  const auto scene = start(kContext);
  const auto first = imagined(*scene, kContext);
  expect_same(first, whole);
  EXPECT_EQ(predictor_->stochastic(), !torch::allclose(first.images.narrow(1, 0, kVideos),
                                                       first.images.narrow(1, kVideos, kVideos), 1e-6, 1e-6))
      << "whether two samples differ";
}

TEST_P(ContinuationTest, AFrameObservedIsAsGoodAsOneShownAtTheStart) {
  const auto scene = start(kContext);
  imagined(*scene, kContext);
  for (int64_t shown = kContext + 1; shown < kLength; ++shown) {
    scene->observe(frame(shown - 1));
    expect_same(imagined(*scene, shown), imagined(*start(shown), shown));
  }
}

// What is kept of the last draws must not leak into others.
TEST_P(ContinuationTest, EachCallIsItsOwn) {
  const auto scene = start(kContext);
  const auto first = imagined(*scene, kContext, 1), second = imagined(*scene, kContext, 2);
  EXPECT_TRUE(torch::equal(first.images, imagined(*scene, kContext, 1).images));
  EXPECT_TRUE(torch::equal(second.images, imagined(*scene, kContext, 2).images));
  EXPECT_EQ(predictor_->stochastic(), !torch::equal(first.images, second.images));
}

TEST_P(ContinuationTest, EachPlanIsItsOwn) {
  if (!batch_.actions.defined()) GTEST_SKIP() << "without actions there are no plans";
  const auto scene = start(kContext);
  const auto one = batch_.actions.slice(0, kContext - 1), other = one + 1.0;
  const auto alone = [&](const Tensor& actions) {
    auto draws = noise();
    return scene->imagine(actions, kLength - kContext, draws).images;
  };
  const auto together = alone(torch::cat({one, other}, 1));
  EXPECT_TRUE(torch::allclose(together, torch::cat({alone(one), alone(other)}, 1), 1e-4, 1e-5));
  EXPECT_FALSE(torch::allclose(alone(one), alone(other), 1e-3, 1e-4)) << "the plans make no difference";
}

TEST_P(ContinuationTest, ScenesOfOneModelMayRunInDifferentThreads) {
  std::vector<Tensor> expected(3), found(3);
  for (uint64_t seed = 0; seed < 3; ++seed)
    expected[seed] = imagined(*start(kContext), kContext, seed).images;
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 3; ++seed)
    threads.emplace_back([&, seed] { found[seed] = imagined(*start(kContext), kContext, seed).images; });
  for (auto& thread : threads) thread.join();
  for (uint64_t seed = 0; seed < 3; ++seed)
    EXPECT_TRUE(torch::allclose(expected[seed], found[seed], 1e-5, 1e-6)) << seed;
}

const std::string kSmall = ",ngf=2,nef=2", kTiny = kSmall + ",nz=3";

INSTANTIATE_TEST_SUITE_P(
    All, ContinuationTest,
    testing::Values(
        Case{"savp", "savp", kTiny}, Case{"savp_actions", "savp", kTiny, true, true},
        Case{"savp_deterministic", "savp", kSmall + ",nz=0", true},
        Case{"savp_learned_prior", "savp", kTiny + ",learn_prior=true,rnn=gru,conv_rnn=gru", true},
        Case{"savp_recurrent_encoder", "savp", kTiny + ",use_e_rnn=true,learn_initial_state=true"},
        Case{"savp_many_frames", "savp",
             kTiny + ",last_frames=2,context_images_background=true,transformation=flow"},
        Case{"savp_last_context", "savp",
             kTiny + ",last_image_background=true,last_context_image_background=true"},
        Case{"dna", "dna", "", true, true}, Case{"sna", "sna", ",ngf=4"}, Case{"sv2p", "sv2p", "", true},
        Case{"sv2p_time_variant", "sv2p", ",multi_latent=true"}, Case{"repeat", "repeat", "", false, true},
        Case{"ground_truth", "ground_truth", ""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace savp
