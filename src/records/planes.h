// Pictures as files have them, the channels of a pixel side by side, to planes of floats, a channel each.
#pragma once

#include <cstdint>

namespace savp {

// uint8 -> [0, 1] by multiplication, as TensorFlow does it; dividing by 255 differs in the last bit for half
// of all values.
inline constexpr float kToUnit = 1.0F / 255.0F;

// Height x width x channels -> channels x height x width; each value is multiplied.
void to_planes(const uint8_t* source, float* target, int64_t pixels, int64_t channels, float factor);
void to_planes(const float* source, float* target, int64_t pixels, int64_t channels, float factor);

// The same by one instruction set; to be called where the machine has it. Pointers and sizes only, so that no
// inline function of a library is compiled with instructions that another machine lacks.
template <class T>
using ToPlanes = void (*)(const T* source, float* target, int64_t pixels, int64_t channels, float factor);
struct PlanesKernels {
  ToPlanes<uint8_t> bytes;
  ToPlanes<float> floats;
};
extern const PlanesKernels kPlainPlanes, kAvx2Planes, kAvx512Planes;

}  // namespace savp
