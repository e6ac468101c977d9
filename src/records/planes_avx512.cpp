#define SAVP_KERNELS kAvx512Planes
#include "records/planes.inc"
