// Which side of a kink a case is on. The gradient of a network with ReLUs jumps where a value in front of one
// is zero. Where such a value is zero but for rounding, the order in which a machine adds up decides its
// side, and a case has recorded one of the sides.
//
// So a case whose forward values agree, but not its gradients or what follows from them, is run again with
// inputs, draws and variables changed by a few roundings, each time otherwise. It passes "on a kink" if
//   - one of these runs agrees with the recording in everything, within the ordinary tolerance; and
//   - another is as far from the recording as the unchanged one, so that both sides are real: what comes of
//     one input alone, or of a race, is not; and
//   - the two are apart by more than half of a tolerance. That is a jump: a tolerance is at least ten times
//     what changes of 1e-7 do, so that the changes here, of 5e-7 at most, move what does not jump by less.
// An error of ours is as large beside a kink as on it, so that it fails as it does elsewhere; so does a value
// between the two sides.
#pragma once

#include <functional>

#include "golden_runner/case.h"
#include "golden_runner/comparison.h"

namespace savp::golden {

// Compares what a case's step gives with what is recorded.
using CompareStep = std::function<void(const Case&, Comparison&)>;

// Compares, and looks for a kink where only gradients and what follows from them are out of tolerance.
void compare_across_kinks(const Case& recorded, const CompareStep& compare, Comparison& comparison);

// The case with each float of its inputs, draws and variables changed by up to so many roundings (2^-24 of
// itself), and the variables after the steps by as much as those before. The draw is the seed.
Case nudged(const Case& recorded, uint64_t draw, int64_t roundings);

}  // namespace savp::golden
