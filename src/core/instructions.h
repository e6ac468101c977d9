// The instruction sets that some loops are compiled for beside plain C++.
#pragma once

#include "core/hparams.h"

namespace savp {

enum class Instructions { kPlain, kAvx2, kAvx512 };
template <>
struct EnumNames<Instructions> {
  static constexpr std::pair<Instructions, const char*> kTable[] = {
      {Instructions::kPlain, "plain"}, {Instructions::kAvx2, "avx2"}, {Instructions::kAvx512, "avx512"}};
};

// The best set that this CPU has and the build knows, but at most what SAVP_INSTRUCTIONS in the environment
// names, which is read once. Throws UsageError where it names none.
Instructions instructions();

// While it lives, instructions() are plain in this thread: models are computed by LibTorch's operators alone,
// which can be recorded as a program.
class PlainInstructions {
 public:
  PlainInstructions();
  ~PlainInstructions();
  PlainInstructions(const PlainInstructions&) = delete;
  PlainInstructions& operator=(const PlainInstructions&) = delete;

 private:
  bool before_;
};

// Whether products of bfloat16 are faster here than those of float: the CPU has AVX512-BF16 or AMX, and
// ONEDNN_MAX_CPU_ISA in the environment leaves them.
bool has_bfloat16_products();

// The lesser of `best` and the set named; an empty name limits nothing. Throws UsageError for another name.
Instructions limited(Instructions best, const std::string& name);

}  // namespace savp
