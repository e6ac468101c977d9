// Random whole numbers that are the same on every machine (SplitMix64).
#pragma once

#include <cstdint>

namespace savp {

class Draws {
 public:
  // Streams of one seed are independent of each other.
  explicit Draws(uint64_t seed, uint64_t stream = 0) : state_(seed) {
    state_ = bits() ^ (stream * 0xd1342543de82ef95U);
  }

  // From 0 to n - 1; the bias of the remainder is below n / 2^64.
  int64_t below(int64_t n) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(n)); }

  uint64_t bits() {
    auto z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

 private:
  uint64_t state_;
};

}  // namespace savp
