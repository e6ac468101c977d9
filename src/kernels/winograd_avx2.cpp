#define SAVP_INSTRUCTIONS avx2
#define SAVP_LANES 8
#define SAVP_BLOCK_ROWS 4
#include "kernels/winograd_kernels.inc"

const savp::kernels::WinogradKernels& savp::kernels::winograd_avx2() { return avx2::kKernels; }
