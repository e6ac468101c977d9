#define SAVP_INSTRUCTIONS avx512
#define SAVP_LANES 16
#include "kernels/lstm_gates_kernels.inc"

const savp::kernels::LstmGatesKernels& savp::kernels::lstm_gates_avx512() { return avx512::kLstmGates; }
