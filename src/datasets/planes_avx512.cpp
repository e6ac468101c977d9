#define SAVP_KERNELS kAvx512Planes
#include "datasets/planes.inc"
