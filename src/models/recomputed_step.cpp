#include "models/recomputed_step.h"

#include <ATen/core/Tensor.h>

namespace savp {

TensorPlaces joined(const std::vector<TensorPlaces>& parts) {
  TensorPlaces all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TensorPlaces tensors_of(const std::vector<kernels::PreparedConv*>& convs) {
  std::vector<TensorPlaces> parts;
  for (auto* conv : convs) parts.push_back(conv->tensors());
  return joined(parts);
}

nn::Tensors values_at(const TensorPlaces& places) {
  nn::Tensors values;
  for (const auto* place : places) values.push_back(*place);
  return values;
}

void put(const TensorPlaces& places, const nn::Tensors& values) {
  for (size_t i = 0; i < places.size(); ++i) *places[i] = values[i];
}

}  // namespace savp
