#include "core/instructions.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace savp {
namespace {

Instructions best_of_this_cpu() {
#ifdef SAVP_X86_KERNELS
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return avx512 ? Instructions::kAvx512 : avx2 ? Instructions::kAvx2 : Instructions::kPlain;
#else
  return Instructions::kPlain;
#endif
}

bool cpu_has_bfloat16_products() {
#ifdef SAVP_X86_KERNELS
  return __builtin_cpu_supports("avx512bf16") || __builtin_cpu_supports("amx-bf16");
#else
  return true;  // unknown
#endif
}

// By the names that oneDNN has for sets of instructions.
bool onednn_may_multiply_bfloat16() {
  const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");
  const std::string name = limit == nullptr ? "" : limit;
  constexpr const char* kWithout[] = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"};
  return std::none_of(std::begin(kWithout), std::end(kWithout), [&](const char* set) { return name == set; });
}

std::string named_by_environment() {
  const char* name = std::getenv("SAVP_INSTRUCTIONS");
  return name == nullptr ? "" : name;
}

thread_local bool plain_here = false;

}  // namespace

Instructions instructions() {
  static const auto chosen = limited(best_of_this_cpu(), named_by_environment());
  return plain_here ? Instructions::kPlain : chosen;
}

PlainInstructions::PlainInstructions() : before_(std::exchange(plain_here, true)) {}
PlainInstructions::~PlainInstructions() { plain_here = before_; }

bool has_bfloat16_products() { return cpu_has_bfloat16_products() && onednn_may_multiply_bfloat16(); }

Instructions limited(Instructions best, const std::string& name) {
  if (name.empty()) return best;
  return std::min(best, detail::Codec<Instructions>::parse("SAVP_INSTRUCTIONS", name));
}

}  // namespace savp
