#include "inference/traced_rollout.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_pooling.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <sstream>

#include "core/instructions.h"

namespace savp {
namespace {

using torch::jit::Stack;

constexpr std::pair<const char*, Tensor RolloutInputs::*> kInputs[] = {{"frames", &RolloutInputs::frames},
                                                                       {"actions", &RolloutInputs::actions},
                                                                       {"states", &RolloutInputs::states},
                                                                       {"noise", &RolloutInputs::noise}};

// The draws of a prediction, kept: together they are the noise that a program takes.
class KeptDraws : public RolloutNoise {
 public:
  using RolloutNoise::RolloutNoise;
  Tensor normal(const std::string& name, at::IntArrayRef shape) override {
    kept_.push_back(RolloutNoise::normal(name, shape));
    return kept_.back();
  }
  Tensor together() const { return kept_.empty() ? Tensor() : at::cat(kept_); }

 private:
  std::vector<Tensor> kept_;
};

// Given noise in the place of draws, each of which takes its part along the first axis.
class GivenNoise : public RolloutNoise {
 public:
  GivenNoise(const Tensor& noise, int64_t videos)
      : RolloutNoise(at::kCPU, /*seed=*/0,
                     {.videos = videos, .samples = noise.defined() ? noise.size(1) / videos : 1}),
        noise_(noise) {}
  Tensor normal(const std::string& /*name*/, at::IntArrayRef shape) override {
    const auto part = noise_.narrow(0, used_, shape[0]);
    used_ += shape[0];
    return part;
  }
  Tensor uniform(const std::string& name, at::IntArrayRef /*shape*/) override { return refuse(name); }
  Tensor integers(const std::string& name, int64_t /*high*/, at::IntArrayRef /*shape*/) override {
    return refuse(name);
  }

 private:
  static Tensor refuse(const std::string& name) {
    TORCH_CHECK(false, "a program takes normal noise only, and the model draws ", name);
  }

  Tensor noise_;
  int64_t used_ = 0;
};

Tensor imagined(const OpenModel& model, const RolloutInputs& inputs, RolloutNoise& noise) {
  const at::NoGradGuard no_grad;
  const int64_t context = model.hparams->context_frames;
  const int64_t length = model.hparams->sequence_length - context;
  const Batch batch{inputs.frames, inputs.actions, inputs.states, {}};
  const auto commands = inputs.actions.defined() ? inputs.actions.narrow(0, context - 1, length) : Tensor();
  return model.predictor->start(batch, context)->imagine(commands, length, noise).images.clamp(0, 1);
}

Stack stack_of(const RolloutInputs& inputs) {
  Stack stack;
  for (const auto& [name, tensor] : named_inputs(inputs)) stack.emplace_back(tensor);
  return stack;
}

// Of values in the place of those in `example`.
RolloutInputs inputs_from(const Stack& stack, const RolloutInputs& example) {
  RolloutInputs inputs;
  auto next = stack.begin();
  for (const auto& [name, member] : kInputs)
    if ((example.*member).defined()) inputs.*member = (next++)->toTensor();
  return inputs;
}

std::shared_ptr<torch::jit::Graph> recorded(const OpenModel& model, const RolloutInputs& example,
                                            torch::jit::Module& program) {
  for (auto& weight : dynamic_cast<Generator&>(*model.predictor).parameters())
    weight.set_requires_grad(false);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : named_inputs(example)) names.push_back(name);
  const PlainInstructions recordable;
  auto graph =
      torch::jit::tracer::trace(
          stack_of(example),
          [&](const Stack& given) -> Stack { return {predicted_frames(model, inputs_from(given, example))}; },
          [](const Tensor& /*value*/) { return std::string(); }, /*strict=*/true,
          /*force_outplace=*/false, &program, names)
          .first->graph;
  torch::jit::ConstantPropagation(graph);  // weights as convolutions apply them, first states
  torch::jit::EliminateDeadCode(graph);
  torch::jit::ConstantPooling(graph);
  return graph;
}

// Nothing of the example may have become a part of the program.
void check(const std::string& file, const OpenModel& model, const RolloutInputs& inputs) {
  const at::NoGradGuard no_grad;
  const torch::jit::GraphOptimizerEnabledGuard as_written(false);  // optimizing takes longer than one run
  std::istringstream stream(file);
  const auto frames = torch::jit::load(stream, at::kCPU).forward(stack_of(inputs)).toTensor();
  const PlainInstructions as_recorded;
  const auto expected = predicted_frames(model, inputs);
  TORCH_CHECK(at::allclose(frames, expected, /*rtol=*/0, /*atol=*/1e-4, /*equal_nan=*/true),
              "the recorded program differs from the model by ",
              (frames - expected).abs().max().item<float>());
}

}  // namespace

std::vector<std::pair<std::string, Tensor>> named_inputs(const RolloutInputs& inputs) {
  std::vector<std::pair<std::string, Tensor>> named;
  for (const auto& [name, member] : kInputs)
    if ((inputs.*member).defined()) named.emplace_back(name, inputs.*member);
  return named;
}

RolloutInputs random_inputs(const OpenModel& model, int64_t videos, int64_t futures, uint64_t seed) {
  const auto& [channels, height, width, actions, states, pix_distribs] = model.shape;
  const int64_t context = model.hparams->context_frames, length = model.hparams->sequence_length;
  DeviceNoise random(at::kCPU, seed);
  RolloutInputs inputs{.frames = random.uniform("frames", {context, videos, channels, height, width})};
  if (actions > 0) inputs.actions = random.normal("actions", {length - 1, videos, actions});
  if (states > 0) inputs.states = random.normal("states", {context, videos, states});
  KeptDraws draws(at::kCPU, seed, {.videos = videos, .samples = futures});
  imagined(model, inputs, draws);
  inputs.noise = draws.together();
  return inputs;
}

Tensor predicted_frames(const OpenModel& model, const RolloutInputs& inputs) {
  GivenNoise noise(inputs.noise, inputs.frames.size(1));
  return imagined(model, inputs, noise);
}

std::string traced_rollout(const OpenModel& model, const RolloutInputs& example,
                           const std::string& description) {
  torch::jit::Module program(c10::QualifiedName("__torch__.savp.Rollout"));
  const auto graph = recorded(model, example, program);
  program.type()->addMethod(program._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*program.type()->name(), "forward"), graph));
  std::ostringstream file;
  program.save(file, {{"savp.json", description}});
  constexpr uint64_t kOther = 1;
  const int64_t videos = example.frames.size(1);
  const int64_t futures = example.noise.defined() ? example.noise.size(1) / videos : 1;
  check(file.str(), model, random_inputs(model, videos, futures, kOther));
  return file.str();
}

}  // namespace savp
