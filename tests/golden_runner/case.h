// A recorded case of the reference: a folder with case.json and tensors.safetensors or batches.safetensors.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace savp::golden {

// Where cases are computed; the CPU unless set before the first one runs.
at::Device& device();

using at::Tensor;
using Json = nlohmann::json;

// Throws DataError.
Json read_json(const std::string& path);

class Case {
 public:
  // Throws DataError.
  static Case load(const std::string& folder);

  const std::string& name() const { return name_; }
  const std::string& folder() const { return folder_; }
  const Json& json() const { return json_; }
  int64_t steps() const { return json_.value("num_steps", int64_t{0}); }

  bool has(const std::string& key) const { return tensors_.contains(key); }
  // float32, int32 or uint8, as recorded; throws DataError if there is none.
  const Tensor& tensor(const std::string& key) const;
  // A recorded scalar, which has the shape [1].
  double scalar(const std::string& key) const;
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  // What follows "<group>/" in the keys of a group at a step: step 0 has no suffix, step k has "@k", which is
  // cut off.
  std::vector<std::string> names(const std::string& group, int64_t step = 0) const;

  // Another value of a tensor that there is.
  void replace(const std::string& key, Tensor value) { tensors_.at(key) = std::move(value); }
  // From now on the variables are those of the tensors, where a checkpoint has them, too.
  void leave_checkpoint() { json_["checkpoint"] = nullptr; }

 private:
  std::string name_, folder_;
  Json json_;
  std::map<std::string, Tensor> tensors_;
};

// The elements that stand for a whole tensor in the groups "..._sample".
Tensor sampled(const Tensor& value);

// "@k" for step k > 0, nothing for the first.
std::string step_suffix(int64_t step);

// A variable that is computed instead of stored: value i = offset + scale * (2 u_i - 1) with u_i from
// splitmix64, seeded by the variable's name (FNV-1a) and the case's seed.
Tensor formula_variable(const std::string& name, uint64_t case_seed, at::IntArrayRef shape, double scale,
                        double offset);

}  // namespace savp::golden
