// How a batch of training is divided: among processes, and of each into parts whose gradients add up.
#pragma once

#include <cstdint>
#include <string>

namespace savp {

struct BatchDivision {
  int64_t processes = 1, parts = 1;

  // Sequences of a batch that a process computes, and those of them at once. Throw UsageError where the batch
  // cannot be divided.
  int64_t of_process(int64_t batch_size) const;
  int64_t at_once(int64_t batch_size) const { return of_process(batch_size) / parts; }

  // ", divided among 4 processes and into 2 parts each", or nothing.
  std::string text() const;
};

}  // namespace savp
