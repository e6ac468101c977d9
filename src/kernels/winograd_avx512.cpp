#define SAVP_INSTRUCTIONS avx512
#define SAVP_LANES 16
#define SAVP_BLOCK_ROWS 8
#include "kernels/winograd_kernels.inc"

const savp::kernels::WinogradKernels& savp::kernels::winograd_avx512() { return avx512::kKernels; }
