// A program that was recorded gives what its model gives, of frames, commands and draws that it was not
// recorded with.
#include "inference/torch_script_conversion.h"

#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <set>

#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "inference/open_model.h"
#include "support/scratch.h"

namespace savp {
namespace {

constexpr int64_t kContext = 2, kLength = 6;

struct Case {
  std::string name, model, hparams;
  bool with_actions = false;
  int64_t videos = 1, futures = 1;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// A run with weights that were never trained.
std::string write_run(const std::filesystem::path& folder, const Case& c) {
  const auto& entry = find_model(c.model);
  auto hparams = entry.make_hparams();
  auto view = entry.view(*hparams);
  view.override_from_text(concat("context_frames=", kContext, ",sequence_length=", kLength, c.hparams),
                          "test");
  VideoShape shape{.channels = 3, .height = 32, .width = 32};
  if (c.with_actions) shape.actions = 4, shape.states = 3;
  torch::manual_seed(1);
  const auto generator = entry.make_generator(*hparams, shape);
  auto variables = named_parameters(kGeneratorScope, *generator);
  for (auto& buffer : named_buffers(kGeneratorScope, *generator)) variables.push_back(buffer);
  std::filesystem::create_directories(folder);
  save_checkpoint(folder, 7, variables, {shape_metadata(shape)});
  write_description(folder, {{{"dataset", "bair"}, {"model", c.model}}, Json::object(), view.to_json()});
  return folder.string();
}

// What a prediction draws, kept.
class KeptNoise : public RolloutNoise {
 public:
  using RolloutNoise::RolloutNoise;
  Tensor normal(const std::string& name, at::IntArrayRef shape) override {
    draws.push_back(RolloutNoise::normal(name, shape));
    return draws.back();
  }
  std::vector<Tensor> draws;
};

float difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<float>(); }

struct Program {
  explicit Program(const std::string& file) {
    torch::jit::ExtraFilesMap extra{{"savp.json", ""}};
    module = torch::jit::load(file, at::kCPU, extra);
    about = Json::parse(extra["savp.json"]);
  }
  Tensor operator()(const std::vector<Tensor>& inputs) {
    const torch::NoGradGuard no_grad;
    const torch::jit::GraphOptimizerEnabledGuard as_written(false);  // optimizing takes longer than one run
    return module.forward({inputs.begin(), inputs.end()}).toTensor();
  }

  torch::jit::Module module;
  Json about;
};

class TorchScript : public testing::TestWithParam<Case> {
 protected:
  // Of a run that was written before.
  TorchScriptConversionOptions options() const {
    TorchScriptConversionOptions options;
    options.checkpoint = (folder_ / "run").string();
    options.output = (folder_ / "program.pt").string();
    return options;
  }
  // The error's exit code and message.
  static std::pair<ExitCode, std::string> refusal(const TorchScriptConversionOptions& options) {
    try {
      convert_to_torch_script(options);
    } catch (const Error& error) {
      return {error.code(), error.what()};
    }
    return {ExitCode::kOk, ""};
  }

  ScratchFolder folder_;
};

TEST_P(TorchScript, GivesWhatTheModelGives) {
  const auto& c = GetParam();
  write_run(folder_ / "run", c);
  auto wished = options();
  wished.num_stochastic_samples = c.futures;
  wished.batch_size = c.videos;
  convert_to_torch_script(wished);
  Program program(wished.output);

  auto origin = Origin::find(wished.checkpoint, {});
  const auto shape = *origin.trained_shape();
  const auto model = open_model(std::move(origin), {.shape = shape});
  torch::manual_seed(2);
  Batch batch;
  batch.images = torch::rand({kContext, c.videos, 3, 32, 32});
  std::vector<Tensor> inputs = {batch.images};
  Tensor commands;
  if (c.with_actions) {
    batch.actions = torch::randn({kLength - 1, c.videos, shape.actions});
    batch.states = torch::randn({kContext, c.videos, shape.states});
    commands = batch.actions.slice(0, kContext - 1);
    inputs.insert(inputs.end(), {batch.actions, batch.states});
  }
  KeptNoise noise(at::kCPU, 3, {.videos = c.videos, .samples = c.futures});
  const auto scene = model.predictor->start(batch, kContext);
  const auto expected = scene->imagine(commands, kLength - kContext, noise).images.clamp(0, 1);
  if (!noise.draws.empty()) inputs.push_back(torch::cat(noise.draws));

  const auto predicted = program(inputs);
  ASSERT_EQ(predicted.sizes(), expected.sizes());
  const float apart = difference(predicted, expected);
  RecordProperty("difference", concat(apart));
  EXPECT_LT(apart, 1e-4);
  // Each input matters, so that one that was recorded would be seen.
  for (auto& input : inputs) {
    const auto kept = std::exchange(input, torch::rand_like(input));
    EXPECT_GT(difference(program(inputs), predicted), 1e-3) << "without input " << kept.sizes();
    input = kept;
  }

  // The device is where it is loaded to.
  EXPECT_EQ(program.module.get_method("forward").graph()->toString().find("Device"), std::string::npos);
  EXPECT_EQ(program.about["model"], c.model);
  EXPECT_EQ(program.about["context_frames"], kContext);
  EXPECT_EQ(program.about["sequence_length"], kLength);
  EXPECT_EQ(program.about["checkpoint"], wished.checkpoint + "/model-7.safetensors");
  ASSERT_EQ(program.about["inputs"].size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(program.about["inputs"][i]["shape"], Json(inputs[i].sizes().vec()));
    EXPECT_EQ(program.module.get_method("forward").function().getSchema().arguments()[i + 1].name(),
              program.about["inputs"][i]["name"]);
  }
  EXPECT_EQ(program.about["outputs"][0]["shape"], Json(predicted.sizes().vec()));
}

const std::string kTiny = ",ngf=4,nef=4,nz=2";
const Case kCases[] = {
    {"savp", "savp", kTiny, false, 1, 3},
    {"savp_actions", "savp", kTiny, true, 2, 2},
    {"savp_deterministic", "savp", ",ngf=4,nef=4,nz=0", true, 2},
    {"savp_wide", "savp", ",ngf=16,nef=8,nz=2", false, 1, 4},  // enough for Winograd's way
    {"savp_dna", "savp", kTiny + ",transformation=dna,kernel_size=[3,3]"},
    {"savp_flow", "savp", kTiny + ",transformation=flow,last_frames=2,context_images_background=true"},
    {"savp_learned_prior", "savp", kTiny + ",learn_prior=true,rnn=gru,conv_rnn=gru", true},
    {"savp_recurrent_encoder", "savp", kTiny + ",use_e_rnn=true,learn_initial_state=true"},
    {"savp_backgrounds", "savp",
     kTiny + ",last_image_background=true,last_context_image_background=true,dilation_rate=[2,2]"},
    {"savp_without_norms", "savp", kTiny + ",norm_layer=none,conv_rnn_norm_layer=none,use_tile_concat=false"},
    {"savp_batch_norm", "savp", kTiny + ",norm_layer=batch,conv_rnn_norm_layer=layer,activation_layer=elu"},
    {"savp_plain_layers", "savp", kTiny + ",downsample_layer=conv2d,upsample_layer=deconv2d"},
    {"savp_ablated", "savp", kTiny + ",ablation_rnn=true"},
    {"dna", "dna", "", true, 2},
    {"dna_by_dna", "dna", ",transformation=dna,num_masks=1"},
    {"dna_by_stp", "dna", ",transformation=stp"},
    {"sna", "sna", ",ngf=4", true},
    {"sv2p", "sv2p", "", true, 1, 2},
    {"sv2p_time_variant", "sv2p", ",multi_latent=true", false, 2, 2},
    {"sv2p_deterministic", "sv2p", ",stochastic_model=false"},
};
INSTANTIATE_TEST_SUITE_P(All, TorchScript, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(TorchScriptCases, AreAllModelsWithWeights) {
  std::set<std::string> tried, known;
  for (const auto& c : kCases) tried.insert(c.model);
  for (const auto& entry : models())
    if (entry.trainable) known.insert(entry.name);
  EXPECT_EQ(tried, known);
}

using TorchScriptOptions = TorchScript;

TEST_F(TorchScriptOptions, TheExampleIsWhatTheModelPredicts) {
  write_run(folder_ / "run", kCases[1]);
  auto wished = options();
  wished.sequence_length = 4;
  wished.example = (folder_ / "example.safetensors").string();
  convert_to_torch_script(wished);
  Program program(wished.output);
  const auto example = VariableSource::open(*wished.example);
  std::vector<Tensor> inputs;
  for (const auto& input : program.about["inputs"]) inputs.push_back(example.tensor(input["name"]));
  EXPECT_EQ(inputs.size(), 4);
  EXPECT_LT(difference(program(inputs), example.tensor("predicted")), 1e-4);
  EXPECT_EQ(example.tensor("predicted").size(0), 4 - kContext);
}

TEST_F(TorchScriptOptions, WhatCannotBeIsRefusedByName) {
  write_run(folder_ / "run", kCases[2]);
  auto wished = options();
  wished.num_stochastic_samples = 2;
  EXPECT_EQ(
      refusal(wished),
      std::pair(ExitCode::kUsage,
                std::string("--num_stochastic_samples 2: model savp is deterministic with these weights, "
                            "its futures are all alike: leave the flag out")));
  wished = options();
  wished.sequence_length = kContext;
  EXPECT_EQ(refusal(wished),
            std::pair(ExitCode::kUsage, std::string("context_frames=2, sequence_length=2: at least one frame "
                                                    "must be given and one predicted")));
  for (const auto& entry : models()) {
    if (entry.trainable) continue;
    wished = options();
    wished.model = entry.name;
    EXPECT_EQ(
        refusal(wished),
        std::pair(ExitCode::kUsage, concat("model ", entry.name,
                                           " has no weights and computes nothing: there is no program to "
                                           "make of it")));
  }
  wished = options();
  wished.checkpoint = (folder_ / "none").string();
  EXPECT_EQ(refusal(wished).first, ExitCode::kData);
  wished = options();
  wished.output = (folder_ / "none/program.pt").string();
  EXPECT_EQ(refusal(wished).first, ExitCode::kData);
  EXPECT_FALSE(std::filesystem::exists(options().output));
}

// As TensorFlow's checkpoints.
TEST_F(TorchScriptOptions, SizesAreAskedForWhereNothingTellsThem) {
  write_run(folder_ / "run", kCases[0]);
  const auto file = folder_ / "run/model-7.safetensors";
  const auto source = VariableSource::open(file);
  NamedTensors variables;
  for (const auto& name : source.names()) variables.emplace_back(name, source.tensor(name));
  write_variables(file, variables, {});
  EXPECT_EQ(refusal(options()),
            std::pair(ExitCode::kUsage,
                      options().checkpoint +
                          ": nothing tells the size of its frames: give --frame_size HEIGHT WIDTH (and "
                          "--channels, --actions, --states where they are not 3, 0 and 0)"));
  auto wished = options();
  wished.frame_size = {32, 32};
  convert_to_torch_script(wished);
  EXPECT_EQ(Program(wished.output).about["frame_size"], Json({32, 32}));
}

}  // namespace
}  // namespace savp
