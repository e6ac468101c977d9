// The instruction sets that some loops are compiled for beside plain C++.
#pragma once

namespace savp {

enum class Instructions { kPlain, kAvx2, kAvx512 };

// The best of them that this machine has and the build knows.
inline Instructions instructions() {
#ifdef SAVP_X86_KERNELS
  static const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return avx512 ? Instructions::kAvx512 : avx2 ? Instructions::kAvx2 : Instructions::kPlain;
#else
  return Instructions::kPlain;
#endif
}

}  // namespace savp
