#include "making/video_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace savp {
namespace {

// Fisher and Yates' shuffle, written out since std::shuffle differs between libraries.
template <class T>
void shuffle(std::vector<T>& items, uint64_t seed) {
  std::mt19937_64 lot(seed);
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[lot() % i]);
}

}  // namespace

std::array<int64_t, 3> split_sizes(int64_t count, const SplitShares& shares) {
  const auto wanted = [count](double share) {
    return share > 0 ? std::max<int64_t>(1, std::llround(share * static_cast<double>(count))) : 0;
  };
  const int64_t kept_for_val = shares.val > 0 && count > 2 ? 1 : 0;
  const int64_t test =
      std::clamp<int64_t>(wanted(shares.test), 0, std::max<int64_t>(0, count - 1 - kept_for_val));
  const int64_t val = std::clamp<int64_t>(wanted(shares.val), 0, std::max<int64_t>(0, count - 1 - test));
  return {count - val - test, val, test};
}

bool enough_to_split(int64_t count, const SplitShares& shares) {
  return count >= 1 + (shares.val > 0 ? 1 : 0) + (shares.test > 0 ? 1 : 0);
}

std::vector<int> split_in_order(int64_t count, const SplitShares& shares) {
  std::vector<int> splits;
  const auto sizes = split_sizes(count, shares);
  for (int split = 0; split < 3; ++split)
    splits.insert(splits.end(), static_cast<size_t>(sizes[static_cast<size_t>(split)]), split);
  return splits;
}

std::vector<int> split_by_lot(int64_t count, const SplitShares& shares, uint64_t seed) {
  std::vector<int> splits = split_in_order(count, shares);
  shuffle(splits, seed);
  return splits;
}

std::vector<size_t> shuffled_order(size_t count, uint64_t seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, seed);
  return order;
}

}  // namespace savp
