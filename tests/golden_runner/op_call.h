// One recorded function: arguments, inputs and variables in, outputs and new values of variables out.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "golden_runner/case.h"
#include "golden_runner/comparison.h"

namespace savp::golden {

class OpCall {
 public:
  OpCall(const Case& recorded, const Json& op);

  const std::string& name() const { return name_; }
  const Json& args() const { return args_; }
  template <class T>
  T arg(const char* key, T fallback) const {
    return args_.value(key, fallback);
  }
  // An argument that may be given as one number for height and width.
  std::array<int64_t, 2> size_arg(const char* key, int64_t fallback) const;

  bool has_input(const std::string& name) const { return inputs_.contains(name); }
  // As recorded (channels last), and with the channels moved to axis 1; gradients are compared.
  const Tensor& input(const std::string& name) const;
  Tensor channels_first(const std::string& name) const { return input(name).movedim(-1, 1); }
  // image0, image1, ...
  std::vector<Tensor> pictures(const std::string& stem) const;

  // A variable "op/<name>" in our layout; gradients are compared.
  bool has_variable(const std::string& name) const { return variables_.contains(name); }
  const Tensor& variable(const std::string& name) const;
  // Gives a module the variables below a scope; throws where one is left over or missing.
  void load(torch::nn::Module& module, const std::string& scope);

  void output(const std::string& name, const Tensor& value) { outputs_[name] = value; }
  // out0, out1, ...
  void output_list(const std::vector<Tensor>& values);
  // A new value for the variable "op/<name>".
  void update(const std::string& name, const Tensor& value) { updates_[name] = value; }

  // Outputs, gradients for the recorded cotangents and updates.
  void compare(Comparison& comparison);

 private:
  std::string key(const std::string& group, const std::string& name) const {
    return "op/" + name_ + "/" + group + name;
  }
  void compare_gradients(Comparison& comparison);

  const Case& case_;
  std::string name_;
  Json args_;
  bool has_gradient_;
  double relative_, absolute_, gradients_relative_;
  std::map<std::string, Tensor> inputs_, variables_, outputs_, updates_;
};

// A function of the reference and ours that does its work. `run` throws where ours cannot do what is asked.
struct OpRow {
  std::string function;
  void (*run)(OpCall& call);
};
const std::vector<OpRow>& layer_ops();
const std::vector<OpRow>& network_ops();
const std::vector<OpRow>& pixel_ops();
const std::vector<OpRow>& measure_ops();
const std::vector<OpRow>& further_ops();

// Channels last again.
inline Tensor channels_last(const Tensor& x) { return x.movedim(1, -1); }

}  // namespace savp::golden
