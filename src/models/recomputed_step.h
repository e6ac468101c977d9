// A step of a rollout whose activations are made again in backward.
#pragma once

#include <vector>

#include "kernels/prepared_conv.h"
#include "models/unroll.h"
#include "nn/recomputed.h"

namespace savp {

using TensorPlaces = std::vector<Tensor*>;

TensorPlaces joined(const std::vector<TensorPlaces>& parts);
TensorPlaces tensors_of(const std::vector<kernels::PreparedConv*>& convs);
nn::Tensors values_at(const TensorPlaces& places);
void put(const TensorPlaces& places, const nn::Tensors& values);

// All that a step reads, and what it makes.
template <class Inputs, class Carried>
struct StepValues {
  Scene images, pixels;
  Inputs inputs;
  Carried carried;
  NextFrame next = {};

  TensorPlaces read() {
    return joined({images.tensors(), pixels.tensors(), inputs.tensors(), carried.tensors(),
                   tensors_of(carried.convs())});
  }
  TensorPlaces written() { return joined({next.tensors(), carried.tensors()}); }
};

// step(now, inputs, carried), which moves on what is carried, by nn::recomputed(). Inputs and Carried have
// tensors(), the places of all that changes from step to step, the same number before and after; Carried has
// convs() as well, the convolutions of all steps, which PreparedConv::prepare() was called for. weights: what
// else the step uses.
template <class Inputs, class Carried, class Step>
NextFrame recomputed_step(const RolloutStep& now, const Inputs& inputs, Carried& carried,
                          const nn::Tensors& weights, const Step& step) {
  StepValues<Inputs, Carried> values{now.images, now.pixels != nullptr ? *now.pixels : Scene{}, inputs,
                                     carried};
  const auto function = [values, step, number = now.step, feed_truth = now.feed_truth, copies = now.copies,
                         widened = now.widened,
                         with_pixels = now.pixels != nullptr](const nn::Tensors& given) {
    auto own = values;
    put(own.read(), given);
    auto* pixels = with_pixels ? &own.pixels : nullptr;
    const RolloutStep again{number, feed_truth, copies, widened, own.images, pixels};
    own.next = step(again, own.inputs, own.carried);
    return values_at(own.written());
  };
  put(values.written(), nn::recomputed(function, values_at(values.read()), weights));
  put(carried.tensors(), values_at(values.carried.tensors()));
  return values.next;
}

}  // namespace savp
