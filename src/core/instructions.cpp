#include "core/instructions.h"

#include <algorithm>
#include <cstdlib>

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

std::string named_by_environment() {
  const char* name = std::getenv("SAVP_INSTRUCTIONS");
  return name == nullptr ? "" : name;
}

}  // namespace

Instructions instructions() {
  static const auto chosen = limited(best_of_this_cpu(), named_by_environment());
  return chosen;
}

Instructions limited(Instructions best, const std::string& name) {
  if (name.empty()) return best;
  return std::min(best, detail::Codec<Instructions>::parse("SAVP_INSTRUCTIONS", name));
}

}  // namespace savp
