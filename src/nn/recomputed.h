// Activations that are made again in backward instead of being kept until then (Chen et al. 2016, arXiv
// 1604.06174): memory for one more forward pass.
#pragma once

#include <functional>
#include <vector>

#include "core/video.h"

namespace savp::nn {

using Tensors = std::vector<Tensor>;

// function(inputs), of which nothing is kept but the inputs. Backward calls it once more, in the same
// precision, and goes through the graph of that call; it can do so once.
//
// The function gives the same at each call: it draws nothing and remembers nothing, unless it asks
// recomputing(). Its inputs, and what it returns, may be undefined tensors, at each call the same ones.
// weights: all other tensors that it uses and that have a gradient: parameters, and what was made of them
// beforehand; some that it does not use do no harm. Where no gradient is wanted, this is function(inputs).
Tensors recomputed(const std::function<Tensors(const Tensors&)>& function, const Tensors& inputs,
                   const Tensors& weights);

// Whether this thread is calling a function for backward: what its first call changed must not change again.
bool recomputing();

}  // namespace savp::nn
