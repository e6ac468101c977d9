#define SAVP_INSTRUCTIONS avx2
#define SAVP_LANES 8
#include "kernels/lstm_gates_kernels.inc"

const savp::kernels::LstmGatesKernels& savp::kernels::lstm_gates_avx2() { return avx2::kLstmGates; }
