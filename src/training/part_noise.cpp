#include "training/part_noise.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace savp {
namespace {

// Where a draw's shape counts the videos, by the end of its name; from the back where negative.
struct VideosAxis {
  const char* name;
  int64_t axis;
};
constexpr VideosAxis kVideosAxes[] = {
    {"_eps", -2},          // [steps, B, nz], [steps, samples, B, nz]
    {"_z", -2},            // the same
    {"_u", 0},             // [B, steps], [samples * B, steps]
    {"/t_sample", 0},      // [B]
    {"/t_start", 0},       // [B]
    {"latent_prior", -4},  // [B, h, w, Z], [steps, B, h, w, Z]
    {"latent_posterior", -4},
};

int64_t videos_axis(const std::string& name, size_t dimensions) {
  for (const auto& [end, axis] : kVideosAxes)
    if (name.ends_with(end)) return axis < 0 ? static_cast<int64_t>(dimensions) + axis : axis;
  throw std::logic_error("where the draw " + name + " counts its videos is not said in kVideosAxes");
}

}  // namespace

// Copies of the batch side by side count as another axis.
at::Tensor PartNoise::own(const at::Tensor& whole, int64_t axis) const {
  const auto copies = whole.size(axis) / part_.whole;
  const auto end = part_.first + part_.stride * (part_.count - 1) + 1;
  return whole.unflatten(axis, {copies, part_.whole})
      .slice(axis + 1, part_.first, end, part_.stride)
      .flatten(axis, axis + 1)
      .contiguous();
}

template <class Draw>
at::Tensor PartNoise::part_of(const std::string& name, at::IntArrayRef shape, const Draw& draw) {
  if (part_.is_all()) return draw(shape);
  const auto axis = videos_axis(name, shape.size());
  TORCH_CHECK(shape[axis] % part_.count == 0, "a draw ", name, " of shape ", shape, " for ", part_.count,
              " videos");
  auto& whole = drawn_[name];
  if (!whole.defined()) {
    auto sizes = shape.vec();
    sizes[axis] = sizes[axis] / part_.count * part_.whole;
    whole = draw(sizes);
  }
  return own(whole, axis);
}

at::Tensor PartNoise::normal(const std::string& name, at::IntArrayRef shape) {
  return part_of(name, shape, [&](at::IntArrayRef sizes) { return source_->normal(name, sizes); });
}

at::Tensor PartNoise::uniform(const std::string& name, at::IntArrayRef shape) {
  return part_of(name, shape, [&](at::IntArrayRef sizes) { return source_->uniform(name, sizes); });
}

at::Tensor PartNoise::integers(const std::string& name, int64_t high, at::IntArrayRef shape) {
  return part_of(name, shape, [&](at::IntArrayRef sizes) { return source_->integers(name, high, sizes); });
}

at::Tensor PartNoise::permutation(const std::string& name, int64_t count) {
  if (part_.is_all()) return source_->permutation(name, count);
  throw std::logic_error("the permutation " + name + " of a part of a batch means nothing: ask for a choice");
}

at::Tensor PartNoise::choice(const std::string& name, int64_t count, const at::Tensor& share) {
  if (part_.is_all()) return source_->choice(name, count, share);
  auto& whole = drawn_[name];
  if (!whole.defined()) whole = source_->choice(name, part_.whole, share);
  return own(whole, 0);
}

}  // namespace savp
