#define SAVP_KERNELS kAvx2Planes
#include "records/planes.inc"
