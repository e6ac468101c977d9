// What the CPU's part of the work is computed with: results differ in their last digits from set to set.
#pragma once

#include <string>
#include <vector>

namespace savp {

struct InstructionSet {
  const char* library;   // "savp", "LibTorch", "oneDNN"
  std::string name;      // "avx2"; "up to avx2" of a library that tells only its limit
  const char* variable;  // of the environment, which chooses a lesser set
};
std::vector<InstructionSet> instruction_sets();

}  // namespace savp
