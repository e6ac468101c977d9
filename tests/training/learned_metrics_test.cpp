// The real networks against values of other implementations; SAVP_METRIC_WEIGHTS names their folder.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "checkpoints/metric_networks.h"
#include "core/model_hparams.h"
#include "evaluation/metric_choice.h"
#include "evaluation/pictures.h"
#include "io/array_file.h"
#include "io/image.h"
#include "losses/losses.h"
#include "metrics/i3d.h"
#include "training/perceptual.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

const fs::path kFolder = SAVP_TEST_DATA "/golden/learned_metrics";

std::string weights() {
  const char* folder = std::getenv("SAVP_METRIC_WEIGHTS");
  return folder != nullptr ? folder : metric_weights_folder().string();
}

Tensor stored(const char* file, const char* name) {
  const ArrayFile arrays(kFolder / file);
  auto reader = arrays.open(name);
  const auto shape = reader.header().shape;
  const auto values = reader.read_floats(reader.header().values());
  return torch::tensor(values).view(shape);
}

// [T, B, C, H, W] in 0..1.
Tensor videos(const char* name) {
  return (stored("videos.npz", name) * (1.0F / 255.0F)).permute({1, 0, 4, 2, 3}).contiguous();
}

nlohmann::json expected() { return nlohmann::json::parse(std::ifstream(kFolder / "expected.json")); }

MetricSet chosen(std::vector<MetricName> names) {
  return choose_metrics({std::move(names), weights()},
                        {.height = 64, .width = 64, .frames = 9, .videos = 10, .samples = 2}, at::kCPU);
}

void expect_logits(const Tensor& logits, const Tensor& wanted) {
  ASSERT_EQ(logits.sizes(), wanted.sizes());
  EXPECT_LT((logits - wanted).abs().max().item<double>(), 1e-4 * wanted.abs().max().item<double>());
}

TEST(LearnedMetrics, FvdIsThatOfOthers) {
  const auto set = chosen({MetricName::kFvd, MetricName::kKvd});
  const auto a = videos("a"), b = videos("b");
  FeatureSets sets{set.features(a), set.features(b).unsqueeze(1)};
  expect_logits(sets.truth, stored("i3d_logits.npz", "a"));
  expect_logits(sets.predicted.squeeze(1), stored("i3d_logits.npz", "b"));
  ASSERT_EQ(set.per_set.size(), 2U);
  const auto fvd = set.per_set[0].finish(sets);
  const double wanted = expected()["fvd"];
  EXPECT_NEAR(fvd.value, wanted, 1e-4 * wanted);
  EXPECT_LT(fvd.low, fvd.value);
  EXPECT_GT(set.per_set[1].finish(sets).value, 0.0);
}

// The published outputs of the original network for black frames, and those of white ones.
TEST(LearnedMetrics, I3dSaysOfBlackAndWhiteWhatTheOriginalSays) {
  const auto set = chosen({MetricName::kFvd});
  const auto videos = torch::zeros({15, 2, 3, 64, 64});
  videos.select(1, 1).fill_(1);
  const auto logits = set.features(videos);
  expect_logits(logits.slice(1, 0, 4), torch::tensor({0.742208, 2.829724, 0.399937, 0.962590, 1.699111,
                                                      2.275852, -0.005992, 0.628075})
                                           .to(at::kFloat)
                                           .view({2, 4}));
  const auto many = [&](int64_t which) { return logits.slice(0, which, which + 1).expand({16, -1}); };
  EXPECT_NEAR(frechet_distance(many(0), many(1)), 133.908, 133.908e-4);
}

TEST(LearnedMetrics, LpipsIsThatOfOthers) {
  const auto set = chosen({MetricName::kLpips, MetricName::kLpipsVgg});
  const auto a = videos("a"), b = videos("b");
  const auto all = expected();
  const std::pair<const char*, size_t> nets[] = {{"alexnet", 0}, {"vgg16", 1}};
  for (const auto& [name, row] : nets) {
    const auto values = -set.per_frame.at(row).measure(a[0], b[b.size(0) / 2]);
    const std::vector<double> wanted = all["lpips"][name];
    for (size_t i = 0; i < wanted.size(); ++i)
      EXPECT_NEAR(values[i].item<double>(), wanted[i], 1e-5) << name << i;
  }
}

// The example that the authors of LPIPS publish with their code: 0.722 and 0.138 by AlexNet.
TEST(LearnedMetrics, LpipsOfItsOwnExampleIsAsPublished) {
  const char* folder = std::getenv("SAVP_LPIPS_PICTURES");
  if (folder == nullptr)
    GTEST_SKIP() << "SAVP_LPIPS_PICTURES names no folder with ex_ref.png, ex_p0.png and ex_p1.png, which are "
                    "imgs/ of github.com/richzhang/PerceptualSimilarity";
  const auto picture = [&](const char* name) { return to_video({read_image(fs::path(folder) / name)}); };
  const auto set = chosen({MetricName::kLpips, MetricName::kLpipsVgg});
  const auto truth = picture("ex_ref.png");
  const std::pair<const char*, std::pair<double, double>> rows[] = {{"ex_p0.png", {0.7219, 0.5686}},
                                                                    {"ex_p1.png", {0.1376, 0.4217}}};
  for (const auto& [name, values] : rows) {
    const auto with = [&](size_t net) {
      return -set.per_frame.at(net).measure(truth, picture(name)).item<double>();
    };
    EXPECT_NEAR(with(0), values.first, 6e-5) << name;  // known to four decimals
    EXPECT_NEAR(with(1), values.second, 6e-5) << name;
  }
}

// vgg_cdist_weight with the real network: nearer pictures have the smaller loss.
TEST(LearnedMetrics, TheSameVggServesThePerceptualLoss) {
  TrainHparams hparams;
  hparams.vgg_cdist_weight = 1;
  hparams.vgg_weights = (fs::path(weights()) / "vgg16.safetensors").string();
  const auto vgg = load_vgg(hparams, at::kCPU);
  const auto a = videos("a")[0], b = videos("b")[0];
  const auto near = losses::perceptual(*vgg, a, 0.98 * a).item<double>(),
             far = losses::perceptual(*vgg, a, b).item<double>();
  EXPECT_GT(near, 0.0);
  EXPECT_LT(near, 0.5 * far);
}

}  // namespace
}  // namespace savp
