// The public face: what it promises, against what the rooms give.
#include "savp/predictor.h"

#include <thread>

#include "cli/predicting.h"
#include "face/predictor_fixture.h"
#include "savp/dataset.h"
#include "savp/error.h"
#include "savp/tensor_predictor.h"
#include "savp/version.h"
#include "savp/video.h"
#include "support/written_arrays.h"

namespace savp {
namespace {

TEST_F(PredictorTest, TellsWhatTheModelTakes) {
  const auto model = open();
  EXPECT_EQ(model.model(), "savp");
  EXPECT_EQ(model.context_frames(), kContext);
  EXPECT_TRUE(model.stochastic());
  EXPECT_EQ(model.sizes().height, kSide);
  EXPECT_EQ(model.sizes().actions, kActions);
  EXPECT_EQ(model.sizes().states, kStates);
  EXPECT_NE(std::string(version()), "");
}

TEST_F(PredictorTest, ImaginesWhatGenerateMakesOfTheSameVideo) {
  const auto file = (folder_ / "episode.npz").string();
  const auto floats = [](const std::vector<float>& values) { return bytes_of(values); };
  write_npz(file, {{"images", npy("|u1", {1, kFrames, kSide, kSide, 3}, {bytes_.begin(), bytes_.end()})},
                   {"actions", npy("<f4", {1, kFrames, kActions}, floats(actions_))},
                   {"states", npy("<f4", {1, kFrames, kStates}, floats(states_))}});
  cli::PredictOptions options;
  options.checkpoint = run();
  options.device = "cpu";
  auto generate = cli::Predicting::open_clip(options, {.path = file});
  Tensor expected;
  generate.sample(*generate.next_batch(), 3, 3, [&](const Tensor& images) { expected = images; });

  auto scene = start(open());
  const auto futures = imagined(scene, kContext, static_cast<uint64_t>(options.seed));
  EXPECT_EQ(futures.frames.count, 3);
  EXPECT_EQ(futures.frames.size, (VideoSize{kFrames - kContext, kSide, kSide, 3}));
  const auto pixels = expected.clamp(0, 1).permute({1, 0, 3, 4, 2}).contiguous();
  const auto* first = pixels.const_data_ptr<float>();
  EXPECT_LT(apart(futures.frames.pixels, {first, first + pixels.numel()}), 1e-5);
  EXPECT_EQ(futures.states.size(), 3 * (kFrames - kContext) * kStates);
}

TEST_F(PredictorTest, AFrameObservedIsAsGoodAsOneShownAtTheStart) {
  const auto model = open();
  auto scene = start(model);
  imagined(scene);
  for (int64_t shown = kContext + 1; shown < kFrames; ++shown) {
    scene.observe(frames(shown - 1, 1), with(shown - 1, 1, /*led=*/1));
    EXPECT_EQ(scene.frames(), shown);
    auto longer = start(model, shown);
    expect_same(imagined(scene, shown), imagined(longer, shown));
  }
}

TEST_F(PredictorTest, TheSeedDecides) {
  auto scene = start(open()), again = start(open());
  const auto first = imagined(scene);
  EXPECT_EQ(first.frames.pixels, imagined(scene).frames.pixels);
  EXPECT_EQ(first.frames.pixels, imagined(again).frames.pixels);
  EXPECT_GT(apart(first.frames.pixels, imagined(scene, kContext, 8).frames.pixels), 1e-4);
}

TEST_F(PredictorTest, PlansAndSamplesDoNotTouchEachOther) {
  auto scene = start(open());
  const int64_t length = 3;
  std::vector<float> plans(2 * length * kActions, 0.5F);
  std::fill(plans.begin() + length * kActions, plans.end(), -2.0F);
  const auto all =
      scene.imagine({.actions = {plans, kActions}, .samples = 3, .length = length, .seed = 1}).frames;
  ASSERT_EQ(all.count, 6);
  const auto part = [&](int64_t number) {
    const auto view = all.video(number);
    return std::vector<float>(view.floats, view.floats + view.size.values());
  };
  for (int64_t number = 0; number < 6; ++number) {
    const auto alone =
        scene.imagine({.actions = {plans.data() + number / 3 * length * kActions, length, kActions},
                       .samples = 1,
                       .length = length,
                       .seed = 1,
                       .first_sample = number % 3});
    EXPECT_LT(apart(alone.frames.pixels, part(number)), 1e-5) << number;
  }
  EXPECT_GT(apart(part(0), part(3)), 1e-4) << "the plans make no difference";
  EXPECT_GT(apart(part(0), part(1)), 1e-4) << "the samples make no difference";
}

TEST_F(PredictorTest, ScenesMayRunInDifferentThreads) {
  const auto model = open();
  std::vector<Futures> expected(3), found(3);
  const auto one = [&](uint64_t seed) {
    auto scene = start(model);
    scene.observe(frames(kContext, 1), with(kContext, 1, 1));
    return imagined(scene, kContext + 1, seed);
  };
  for (uint64_t seed = 0; seed < 3; ++seed) expected[seed] = one(seed);
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 3; ++seed) threads.emplace_back([&, seed] { found[seed] = one(seed); });
  for (auto& thread : threads) thread.join();
  for (uint64_t seed = 0; seed < 3; ++seed) expect_same(expected[seed], found[seed]);
}

TEST_F(PredictorTest, MovesDistributionsOverPixels) {
  std::vector<float> pixels(kContext * 2 * kSide * kSide, 0.0F);
  for (int64_t map = 0; map < kContext * 2; ++map) pixels[map * kSide * kSide + 40] = 1;
  auto shown = with(0, kContext);
  shown.pixels = {pixels.data(), 2};
  auto scene = open().start(frames(0, kContext), shown);  // outlives its model
  const auto futures = imagined(scene);
  ASSERT_EQ(futures.pixels.size(), 3 * (kFrames - kContext) * 2 * kSide * kSide);
  double sum = 0;
  for (int64_t i = 0; i < kSide * kSide; ++i) sum += futures.pixels[i];
  EXPECT_NEAR(sum, 1, 1e-3);
}

TEST_F(PredictorTest, BytesAndFloatsAreTheSame) {
  std::vector<float> floats;
  for (const auto byte : bytes_) floats.push_back(static_cast<float>(byte) / 255);
  const auto model = open();
  auto by_bytes = start(model);
  auto by_floats = model.start(VideoView(floats.data(), {kContext, kSide, kSide, 3}), with(0, kContext));
  expect_same(imagined(by_bytes), imagined(by_floats));
}

TEST_F(PredictorTest, TensorsGiveTheSame) {
  const auto model = open();
  auto plain = start(model);
  auto bytes = bytes_;
  TensorFrames shown;
  shown.images = torch::from_blob(bytes.data(), {kFrames, 1, kSide, kSide, 3}, torch::kByte)
                     .slice(0, 0, kContext)
                     .permute({0, 1, 4, 2, 3})
                     .to(torch::kFloat) /
                 255;
  const auto actions = torch::tensor(actions_).view({kFrames, 1, kActions});
  shown.actions = actions.slice(0, 0, kContext - 1);
  shown.states = torch::tensor(states_).view({kFrames, 1, kStates}).slice(0, 0, kContext);
  const TensorPredictor tensors(model);
  EXPECT_TRUE(tensors.device().is_cpu());
  auto scene = tensors.start(shown);
  const auto futures = scene.imagine({.actions = actions.slice(0, kContext - 1, kFrames - 1),
                                      .samples = 3,
                                      .length = kFrames - kContext,
                                      .seed = 7});
  const auto pixels = futures.images.clamp(0, 1).permute({1, 0, 3, 4, 2}).contiguous();
  const auto* first = pixels.const_data_ptr<float>();
  EXPECT_LT(apart(imagined(plain).frames.pixels, {first, first + pixels.numel()}), 1e-6);
}

TEST_F(PredictorTest, OpensCheckpointsOfTensorflow) {
  const auto refused = message<UsageError>([] { Predictor::open(kTensorflow); });
  EXPECT_NE(refused.find("give PredictorOptions::sizes"), std::string::npos) << refused;
  const auto model = Predictor::open(
      kTensorflow, {.device = "cpu", .sizes = PredictorSizes{.height = kSide, .width = kSide}});
  EXPECT_FALSE(model.stochastic());
  auto scene = model.start(frames(0, 2));
  const auto futures = scene.imagine({.samples = 2, .length = 3});
  EXPECT_EQ(futures.frames.count, 2);
  EXPECT_EQ(futures.frames.bytes(0), futures.frames.bytes(1));
}

TEST_F(PredictorTest, OpensModelsWithoutWeights) {
  const auto model = Predictor::open("", {.model = "repeat",
                                          .model_hparams = "context_frames=2",
                                          .sizes = PredictorSizes{.height = kSide, .width = kSide}});
  auto scene = model.start(frames(0, 2));
  scene.observe(frames(2, 1));
  const auto futures = scene.imagine({.length = 2});
  const std::vector<uint8_t> last(bytes_.begin() + 2 * kSide * kSide * 3,
                                  bytes_.begin() + 3 * kSide * kSide * 3);
  auto twice = last;
  twice.insert(twice.end(), last.begin(), last.end());
  EXPECT_EQ(futures.frames.bytes(0), twice);
}

TEST_F(PredictorTest, RefusesWhatDoesNotFit) {
  const auto model = open();
  auto scene = start(model);
  const auto nan = std::vector<float>(kContext * kSide * kSide * 3, NAN);
  const auto bright = std::vector<float>(kContext * kSide * kSide * 3, 2.0F);
  const VideoSize size{kContext, kSide, kSide, 3};
  const std::pair<const char*, std::function<void()>> rows[] = {
      {"context_frames", [&] { start(model, 1); }},
      {"the model takes [2, 1, 3, 32, 32]",
       [&] {
         model.start(VideoView(bytes_.data(), {kContext, 16, kSide, 3}), with(0, kContext));
       }},
      {"no frames are given", [&] { model.start({}, with(0, kContext)); }},
      {"not finite", [&] { model.start(VideoView(nan.data(), size), with(0, kContext)); }},
      {"from 0 to 1", [&] { model.start(VideoView(bright.data(), size), with(0, kContext)); }},
      {"takes actions of 4 numbers",
       [&] { model.start(frames(0, kContext), {.states = with(0, 2).states}); }},
      {"takes states of 3 numbers",
       [&] { model.start(frames(0, kContext), {.actions = with(0, 2).actions}); }},
      {"one is observed at a time", [&] { scene.observe(frames(2, 2), with(2, 2)); }},
      {"takes actions of 4 numbers", [&] { scene.observe(frames(2, 1), {.states = with(2, 1).states}); }},
      {"4 numbers for each of the 6 frames",
       [&] {
         scene.imagine({.actions = {actions_.data(), 5, 4}, .length = 6});
       }},
      {"0 actions of 0 numbers", [&] { scene.imagine({.length = 6}); }},
      {"samples=0", [&] { scene.imagine({.actions = plan(), .samples = 0, .length = 6}); }},
      {"device gpu", [&] { Predictor::open(run(), {.device = "gpu"}); }},
      {"did you mean ngf", [&] { Predictor::open(run(), {.model_hparams = "ngff=3"}); }}};
  for (const auto& [text, call] : rows)
    EXPECT_NE(message<UsageError>(call).find(text), std::string::npos)
        << text << ": " << message<UsageError>(call);
  // A program has no flags.
  for (const auto& device : {"gpu", "cuda:99"})
    EXPECT_EQ(message<UsageError>([&] { Predictor::open(run(), {.device = device}); }).find("--device"),
              std::string::npos);
  EXPECT_NE(message<UsageError>([] { Predictor::open(""); }).find("a checkpoint must be given"),
            std::string::npos);
  EXPECT_EQ(scene.frames(), kContext);
  EXPECT_NE(message<DataError>([&] { Predictor::open(run() + "x"); }).find("no such folder or checkpoint"),
            std::string::npos);
  EXPECT_NE(message<DataError>([&] { Predictor::open(run(), {.model_hparams = "ngf=8"}); }).find("model-7"),
            std::string::npos);
}

TEST_F(PredictorTest, VideosComeAndGoAsFiles) {
  Videos videos{.count = 2, .size = {3, 16, 24, 3}, .pixels = {}};
  videos.pixels.assign(2 * videos.size.values(), 0.25F);
  std::fill(videos.pixels.begin() + videos.size.values(), videos.pixels.end(), 0.75F);
  const auto file = (folder_ / "both.gif").string();
  save_gif(file, videos);
  const auto read = load_video(file);
  EXPECT_EQ(read.count, 1);
  EXPECT_EQ(read.size, (VideoSize{3, 16, 48, 3}));
  EXPECT_NEAR(read.pixels.front(), 0.25, 0.02);
  EXPECT_NEAR(read.pixels.back(), 0.75, 0.02);
  EXPECT_EQ(load_video(file, {2, 8, 8, 1}).size, (VideoSize{2, 8, 8, 1}));
  EXPECT_THROW(load_video(file, {4, 0, 0, 3}), DataError);
  EXPECT_THROW(load_video((folder_ / "none.gif").string()), DataError);
  EXPECT_THROW(load_video(file, {.channels = 4}), UsageError);
  EXPECT_THROW(save_gif(file, {}), UsageError);
  EXPECT_THROW(videos.video(2), UsageError);
  EXPECT_EQ(videos.video(1, 2).size.frames, 1);
  EXPECT_EQ(videos.video(1, 2).floats[0], 0.75F);
  EXPECT_EQ(videos.bytes(0)[0], 63);
}

TEST(DatasetReader, ReadsBatches) {
  DatasetReader data(kBair,
                     {.split = "test", .hparams = "sequence_length=5,use_state=true", .batch_size = 2});
  EXPECT_EQ(data.name(), "bair");
  EXPECT_EQ(data.sequences(), 2);
  EXPECT_EQ(data.size(), (VideoSize{5, 64, 64, 3}));
  const auto batch = data.next();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->frames.count, 2);
  EXPECT_EQ(batch->frames.pixels.size(), 2 * batch->frames.size.values());
  EXPECT_EQ(batch->action_size, 4);
  EXPECT_EQ(batch->actions.size(), 2 * 4 * 4);
  EXPECT_EQ(batch->states.size(), 2 * 5 * 3);
  EXPECT_FALSE(data.next().has_value());
  EXPECT_THROW(DatasetReader(kBair, {.split = "tset"}), UsageError);
  EXPECT_THROW(DatasetReader("no/such/folder"), DataError);
}

}  // namespace
}  // namespace savp
