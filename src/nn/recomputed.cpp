#include "nn/recomputed.h"

#include <torch/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/precision.h"

namespace savp::nn {
namespace {

using torch::autograd::variable_list;

thread_local bool calling_again = false;

class CallingAgain {
 public:
  CallingAgain() : before_(std::exchange(calling_again, true)) {}
  ~CallingAgain() { calling_again = before_; }
  CallingAgain(const CallingAgain&) = delete;
  CallingAgain& operator=(const CallingAgain&) = delete;

 private:
  bool before_;
};

// The same values at the start of a graph of their own.
Tensors as_leaves(const Tensors& tensors) {
  Tensors leaves;
  for (const auto& x : tensors)
    leaves.push_back(x.defined() ? x.detach().set_requires_grad(x.requires_grad()) : x);
  return leaves;
}

bool any_gradient(const Tensors& tensors) {
  return std::any_of(tensors.begin(), tensors.end(),
                     [](const Tensor& x) { return x.defined() && x.requires_grad(); });
}

at::Device device_of(const Tensors& tensors) {
  for (const auto& x : tensors)
    if (x.defined()) return x.device();
  return at::kCPU;
}

// A node of the graph, because torch::autograd::Function would keep the function until the graph is gone, and
// with it what the function holds. Its inputs are given, then the weights.
class Again : public torch::autograd::Node {
 public:
  Again(std::function<Tensors(const Tensors&)> function, const Tensors& inputs, const Tensors& weights)
      : function_(std::move(function)),
        given_(inputs),
        inputs_(inputs.size()),
        device_(device_of(inputs)),
        reduced_(reduced_forward(device_)) {
    given_.insert(given_.end(), weights.begin(), weights.end());
    set_next_edges(torch::autograd::collect_next_edges(given_));
  }

  std::string name() const override { return "Recomputed"; }

  void release_variables() override {
    function_ = nullptr;
    given_.clear();
  }

  // The values of a first call, as outputs of this node where they depend on what was given.
  static Tensors call(const std::shared_ptr<Again>& node, const Tensors& inputs) {
    auto values = node->function_(as_leaves(inputs));
    for (auto& value : values) {
      const bool differentiable = value.defined() && value.requires_grad();
      if (value.defined()) value = value.variable_data();
      node->places_.push_back(differentiable ? std::optional(node->num_inputs()) : std::nullopt);
      if (differentiable) torch::autograd::create_gradient_edge(value, node);
    }
    return values;
  }

  // The thread of a backward pass knows nothing of the precision of the forward pass.
  variable_list apply(variable_list&& gradients) override {
    TORCH_CHECK(function_, "a second backward pass through a graph that is made again in the first");
    const Tensors inputs = as_leaves({given_.begin(), given_.begin() + static_cast<int64_t>(inputs_)});
    Tensors sources;
    std::vector<size_t> edges;
    for (size_t i = 0; i < given_.size(); ++i) {
      const auto& x = i < inputs_ ? inputs[i] : given_[i];
      if (!x.defined() || !x.requires_grad() || !task_should_compute_output(i)) continue;
      sources.push_back(x);
      edges.push_back(i);
    }
    const auto found = gradients_of(made_again(inputs), gradients, sources);
    variable_list all(given_.size());
    for (size_t i = 0; i < found.size(); ++i) all[edges[i]] = found[i];
    return all;
  }

 private:
  Tensors made_again(const Tensors& inputs) const {
    const CallingAgain mark;
    const torch::AutoGradMode with_graph(true);
    std::optional<FloatForward> exact;
    if (!reduced_) exact.emplace();
    const ReducedForward reduced(reduced_ ? Precision::kBf16 : Precision::kFp32, device_);
    return function_(inputs);
  }

  Tensors gradients_of(const Tensors& values, const variable_list& gradients, const Tensors& sources) const {
    Tensors ends, from;
    for (size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i] || !gradients[*places_[i]].defined()) continue;
      ends.push_back(values[i]);
      from.push_back(gradients[*places_[i]]);
    }
    if (ends.empty() || sources.empty()) return {};
    return torch::autograd::grad(ends, sources, from, /*retain_graph=*/false, /*create_graph=*/false,
                                 /*allow_unused=*/true);
  }

  std::function<Tensors(const Tensors&)> function_;
  Tensors given_;
  size_t inputs_;
  at::Device device_;
  bool reduced_;
  std::vector<std::optional<uint32_t>> places_;  // of each value, among this node's outputs
};

}  // namespace

Tensors recomputed(const std::function<Tensors(const Tensors&)>& function, const Tensors& inputs,
                   const Tensors& weights) {
  if (!torch::GradMode::is_enabled() || !(any_gradient(inputs) || any_gradient(weights)))
    return function(inputs);
  // Not delete: a chain of nodes is deleted link by link, without recursion.
  const std::shared_ptr<Again> node(new Again(function, inputs, weights), torch::autograd::deleteNode);
  return Again::call(node, inputs);
}

bool recomputing() { return calling_again; }

}  // namespace savp::nn
