// Gives back the draws that a case recorded, by name.
#pragma once

#include "core/noise.h"
#include "golden_runner/case.h"

namespace savp::golden {

class RecordedNoise : public Noise {
 public:
  explicit RecordedNoise(const Case& of) : case_(of) {}

  // Draws of this step from now on ("posterior_eps@1").
  void set_step(int64_t step) { step_ = step; }

  // Throw DataError for a draw that was not recorded, or that has another shape.
  Tensor normal(const std::string& name, at::IntArrayRef shape) override {
    return recorded(name, shape).to(device());
  }
  Tensor uniform(const std::string& name, at::IntArrayRef shape) override {
    return recorded(name, shape).to(device());
  }
  Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) override;
  Tensor permutation(const std::string& name, int64_t count) override {
    return integers(name, count, {count});
  }

 private:
  const Tensor& recorded(const std::string& name, at::IntArrayRef shape) const;

  const Case& case_;
  int64_t step_ = 0;
};

}  // namespace savp::golden
