// The draws of a part of a batch. The draws of the whole batch are made, and the part takes its own: parts
// computed one after the other, or by several processes whose noise stands at the same place, see what the
// whole batch would.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/noise.h"

namespace savp {

// Of so many videos `count` ones: first, first + stride ...
struct BatchPart {
  int64_t whole = 1, first = 0, stride = 1, count = 1;
  bool is_all() const { return count == whole; }
};

class PartNoise : public Noise {
 public:
  explicit PartNoise(std::shared_ptr<Noise> source) : source_(std::move(source)) {}

  // What is drawn from now on is new.
  void begin_step() { drawn_.clear(); }
  // Whose draws are asked for next. Each part of a step, and a second pass over it, gets the same ones by
  // the same name.
  void take(const BatchPart& part) { part_ = part; }

  at::Tensor normal(const std::string& name, at::IntArrayRef shape) override;
  at::Tensor uniform(const std::string& name, at::IntArrayRef shape) override;
  at::Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) override;
  at::Tensor permutation(const std::string& name, int64_t count) override;
  at::Tensor choice(const std::string& name, int64_t count, const at::Tensor& share) override;

  at::Tensor state() const override { return source_->state(); }
  void load(const at::Tensor& state) override { source_->load(state); }
  at::Generator generator() const override { return source_->generator(); }

 private:
  template <class Draw>
  at::Tensor part_of(const std::string& name, at::IntArrayRef shape, const Draw& draw);
  at::Tensor own(const at::Tensor& whole, int64_t axis) const;

  std::shared_ptr<Noise> source_;
  BatchPart part_;
  std::map<std::string, at::Tensor> drawn_;  // of whole batches, in this step
};

}  // namespace savp
