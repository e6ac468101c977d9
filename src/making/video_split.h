// Which videos (or clips) are for training, validation and test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace savp {

struct SplitShares {
  double val = 0.1, test = 0.1;  // the rest is for training
};

// How many of `count` things fall to each split. Every split with a share gets at least one, as far as they
// reach: training first, then test, then validation.
std::array<int64_t, 3> split_sizes(int64_t count, const SplitShares& shares);

// Whether split_sizes() leaves no split empty that has a share.
bool enough_to_split(int64_t count, const SplitShares& shares);

// The split (index into kSplitNames) of each of `count` things, chosen pseudo-randomly.
std::vector<int> split_by_lot(int64_t count, const SplitShares& shares, uint64_t seed);

// The same without a draw: the first are for training, the last for test. For clips of one video, where
// neighbours are alike.
std::vector<int> split_in_order(int64_t count, const SplitShares& shares);

// 0 .. count - 1 in random order.
std::vector<size_t> shuffled_order(size_t count, uint64_t seed);

}  // namespace savp
