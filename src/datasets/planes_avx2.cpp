#define SAVP_KERNELS kAvx2Planes
#include "datasets/planes.inc"
