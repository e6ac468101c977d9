#include "evaluation/metric_choice.h"

#include <torch/script.h>
#include <torch/types.h>

#include <map>

#include "checkpoints/metric_networks.h"
#include "core/error.h"
#include "io/sha256.h"
#include "metrics/i3d.h"
#include "metrics/lpips.h"
#include "nn/alex_net.h"
#include "support/scratch_test.h"
#include "support/written_torch.h"

namespace savp {
namespace {

constexpr MeasuredVideos kVideos{.height = 64, .width = 64, .frames = 10, .videos = 4, .samples = 5};

std::vector<std::string> names_of(const MetricSet& set) {
  std::vector<std::string> names;
  for (const auto& metric : set.per_frame) names.push_back(metric.name);
  for (const auto& metric : set.per_video) names.push_back(metric.name);
  for (const auto& metric : set.per_set) names.push_back(metric.name);
  return names;
}

class Choice : public ScratchTest {
 protected:
  MetricSet choose(std::vector<MetricName> names, const MeasuredVideos& videos = kVideos) const {
    return choose_metrics({std::move(names), folder_.string()}, videos, at::kCPU);
  }
  template <class ErrorType>
  std::string refusal(MetricName name, const MeasuredVideos& videos = kVideos) const {
    return message_of<ErrorType>([&] { choose({name}, videos); });
  }
  // Random weights, as a file.
  void write_alex() const {
    torch::manual_seed(0);
    auto variables = Lpips(std::make_shared<nn::AlexNet>()).variables();
    for (auto& variable : variables) variable.second = torch::rand_like(variable.second) * 0.05;
    write_variables(folder_ / "lpips_alex.safetensors", variables, {});
  }
};

TEST_F(Choice, WithoutNetworksTheUsualOnesAreThoseThatNeedNone) {
  EXPECT_EQ(names_of(choose({})),
            (std::vector<std::string>{"psnr", "mse", "ssim", "pixel_diversity", "sharpness", "coverage"}));
  auto videos = kVideos;
  videos.height = 10;
  videos.samples = 1;
  EXPECT_EQ(names_of(choose({}, videos)), (std::vector<std::string>{"psnr", "mse", "sharpness"}));
}

TEST_F(Choice, WhatIsThereIsMeasured) {
  write_alex();
  EXPECT_EQ(names_of(choose({})), (std::vector<std::string>{"psnr", "mse", "ssim", "lpips", "diversity",
                                                            "pixel_diversity", "sharpness", "coverage"}));
  EXPECT_EQ(names_of(choose({MetricName::kLpips, MetricName::kMse})),
            (std::vector<std::string>{"mse", "lpips"}));
}

// As the original has it: negated, so that the largest is the best.
TEST_F(Choice, LpipsIsNegated) {
  write_alex();
  const auto set = choose({MetricName::kLpips});
  EXPECT_TRUE(set.per_frame.at(0).higher_is_better);
  const auto a = torch::rand({2, 3, 32, 32});
  EXPECT_EQ(set.per_frame[0].measure(a, a).max().item<double>(), 0.0);
  EXPECT_LT(set.per_frame[0].measure(a, torch::rand_like(a)).max().item<double>(), 0.0);
}

TEST_F(Choice, AMissingNetworkIsNamedWithTheCommandThatGetsIt) {
  for (const auto name : {MetricName::kLpips, MetricName::kLpipsVgg, MetricName::kFvd, MetricName::kKvd}) {
    EXPECT_CONTAINS(refusal<DataError>(name), "scripts/fetch_metric_weights.sh");
    EXPECT_CONTAINS(refusal<DataError>(name), folder_.string());
  }
}

TEST_F(Choice, ADamagedNetworkIsAnError) {
  write("lpips_alex.safetensors", "nonsense");
  EXPECT_CONTAINS(refusal<DataError>(MetricName::kLpips), "lpips_alex.safetensors");
}

// --- Files that others publish, under their names

class Published : public Choice {
 protected:
  Published() : variables_(Lpips(std::make_shared<nn::AlexNet>()).variables()) {
    torch::manual_seed(1);
    for (auto& variable : variables_) variable.second = torch::rand_like(variable.second) * 0.05;
  }
  std::vector<WrittenTensor> part(bool linear) const {
    std::vector<WrittenTensor> tensors;
    for (const auto& [name, value] : variables_)
      if (name.starts_with("lin") == linear)
        tensors.push_back(
            {name, value.sizes().vec(), {value.data_ptr<float>(), value.data_ptr<float>() + value.numel()}});
    return tensors;
  }
  // How far two pictures are apart.
  double distance() const {
    const auto a = torch::linspace(0, 1, 3 * 32 * 32).view({1, 3, 32, 32});
    return choose({MetricName::kLpips}).per_frame.at(0).measure(a, 1 - a).item<double>();
  }
  void write_script(const std::string& name) const {
    torch::jit::Module network("AlexNet"), features("Features");
    std::map<std::string, torch::jit::Module> layers;
    for (const auto& [variable, value] : variables_) {
      if (!variable.starts_with("features.")) continue;
      const auto end = variable.rfind('.');
      const auto layer = variable.substr(9, end - 9);
      layers.try_emplace(layer, "Layer" + layer)
          .first->second.register_parameter(variable.substr(end + 1), value, false);
    }
    for (const auto& [layer, module] : layers) features.register_module(layer, module);
    network.register_module("features", features);
    network.save((folder_ / name).string());
  }
  NamedTensors variables_;
};

TEST_F(Published, WeightsOfTorchvisionAndLpipsAreTaken) {
  write_variables(folder_ / "lpips_alex.safetensors", variables_, {});
  const auto expected = distance();
  EXPECT_LT(expected, 0);
  std::filesystem::remove(folder_ / "lpips_alex.safetensors");
  write("alex.pth", old_torch_file(part(/*linear=*/true)));
  EXPECT_CONTAINS(refusal<DataError>(MetricName::kLpips), "scripts/fetch_metric_weights.sh");

  auto convolutions = part(/*linear=*/false);
  convolutions.push_back({"classifier.1.weight", {2, 2}, {1, 2, 3, 4}});
  write_torch_archive(folder_ / "alexnet-owt-7be5be79.pth", convolutions);
  EXPECT_EQ(distance(), expected);
  EXPECT_EQ(choose({MetricName::kLpips}).networks.begin()->first, "alexnet-owt-7be5be79.pth + alex.pth");

  std::filesystem::remove(folder_ / "alexnet-owt-7be5be79.pth");
  write_script("alexnet.pt");
  EXPECT_EQ(distance(), expected);
}

// Of networks whose names begin alike only the one that is meant.
TEST_F(Published, WeightsOfOtherNetworksAreNotTaken) {
  const auto vgg = [&] { return find_network(folder_, Network::kVgg16).name(); };
  for (const char* other : {"vgg16_bn-6c64b313.pth", "vgg16_features-amdegroot-88682ab5.pth", "vgg160.pt",
                            "vgg16-397923af.txt", "vgg.pth"})
    write(other, "");
  EXPECT_EQ(vgg(), "");
  write("vgg16-397923af.pth", "");
  EXPECT_EQ(vgg(), "vgg16-397923af.pth");
  EXPECT_EQ(find_network(folder_, Network::kLpipsVgg).name(), "vgg16-397923af.pth + vgg.pth");
  std::filesystem::remove(folder_ / "vgg16-397923af.pth");
  write("vgg16.pt", "");
  EXPECT_EQ(vgg(), "vgg16.pt");
}

TEST_F(Published, AMissingTensorIsNamedWithItsFile) {
  auto linear = part(/*linear=*/true);
  linear.erase(linear.begin() + 3);
  write("alex.pth", old_torch_file(linear));
  write_script("alexnet.pt");
  const auto message = refusal<DataError>(MetricName::kLpips);
  EXPECT_CONTAINS(message, "alex.pth");
  EXPECT_CONTAINS(message, "lin3.model.1.weight");
  EXPECT_CONTAINS(message, "scripts/fetch_metric_weights.sh downloads sound weights");
  write("alexnet.pt", "nonsense");
  EXPECT_CONTAINS(refusal<DataError>(MetricName::kLpips), "alexnet.pt: is no file of torch.save()");
}

// It is called as its authors call it, so that it need not be known what is in it.
TEST_F(Published, TheI3dOfStyleganIsRunAsItIs) {
  torch::jit::Module network("I3D");
  const auto weight = torch::rand({400});
  network.register_parameter("weight", weight, false);
  network.define(R"(
def forward(self, x, rescale: bool = True, resize: bool = True, return_features: bool = False):
    assert not rescale
    assert not resize
    assert return_features
    return x.mean([1, 2, 3, 4]).unsqueeze(1) * self.weight.unsqueeze(0)
)");
  network.save((folder_ / "i3d_torchscript.pt").string());
  const auto set = choose({MetricName::kFvd});
  EXPECT_EQ(set.networks.begin()->first, "i3d_torchscript.pt");
  const auto videos = torch::rand({10, 2, 3, 16, 16});
  const auto expected = i3d_input(videos).mean({1, 2, 3, 4}).unsqueeze(1) * weight.unsqueeze(0);
  EXPECT_TRUE(torch::allclose(set.features(videos), expected, 1e-5, 1e-6));

  torch::jit::Module other("Other");
  other.define("def forward(self, x):\n    return x\n");
  other.save((folder_ / "i3d_torchscript.pt").string());
  EXPECT_CONTAINS(message_of<DataError>([&] { choose({MetricName::kFvd}).features(videos); }),
                  "i3d_torchscript.pt: cannot be used as the I3D of StyleGAN-V");
}

TEST_F(Choice, VideosThatCannotBeMeasuredAreRefused) {
  auto videos = kVideos;
  videos.frames = 8;
  EXPECT_CONTAINS(refusal<UsageError>(MetricName::kFvd, videos), "at least 9 frames");
  videos = kVideos;
  videos.videos = 1;
  EXPECT_CONTAINS(refusal<UsageError>(MetricName::kKvd, videos), "at least 2 sequences");
  videos = kVideos;
  videos.width = 30;
  EXPECT_CONTAINS(refusal<UsageError>(MetricName::kLpips, videos), "31x31");
  videos.samples = 1;
  for (const auto name : {MetricName::kPixelDiversity, MetricName::kCoverage})
    EXPECT_CONTAINS(refusal<UsageError>(name, videos), "2 futures");
}

TEST_F(Choice, FactsNameNetworksAndDefinitions) {
  write_alex();
  const auto set = choose({MetricName::kPsnr, MetricName::kLpips, MetricName::kDiversity});
  const auto digest = sha256_of_file(folder_ / "lpips_alex.safetensors");
  EXPECT_EQ(set.networks, (std::map<std::string, std::string>{{"lpips_alex.safetensors", digest}}));
  const auto facts = facts_of(set);
  ASSERT_EQ(facts.size(), 3U);
  EXPECT_EQ(facts[0].unit, "dB");
  EXPECT_EQ(facts[0].network, "");
  EXPECT_EQ(facts[1].network, digest);
  EXPECT_EQ(facts[1].kind, "frame");
  EXPECT_EQ(facts[2].kind, "video");
  EXPECT_EQ(facts[2].better, "none");
  for (const auto& fact : facts) EXPECT_FALSE(fact.definition.empty());
}

// What fvd and kvd depend on stands in their definitions, which make their fingerprints.
TEST_F(Choice, DefinitionsOfFvdTellAllThatSetsItsVideos) {
  NamedTensors variables;
  I3d network;
  for (const auto& item : network.named_parameters()) variables.emplace_back(item.key(), item.value());
  write_variables(folder_ / "i3d_kinetics400.safetensors", variables, {});
  const auto definition = [&](const MetricDefinitions& how) {
    const MetricChoice choice{{MetricName::kFvd}, folder_.string(), 0, how};
    return facts_of(choose_metrics(choice, kVideos, at::kCPU)).at(0).definition;
  };
  EXPECT_CONTAINS(definition({}), "predicted frames; 1 future of each sequence");
  EXPECT_CONTAINS(definition({.fvd_samples = 3}), "predicted frames; 3 futures of each sequence");
  EXPECT_CONTAINS(definition({.fvd_context = true}), "context and predicted frames; 1 future");
  EXPECT_NE(definition({.fvd = FvdInput::kUnrounded}), definition({}));
}

}  // namespace
}  // namespace savp
