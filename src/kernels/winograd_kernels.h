// The loops of the Winograd convolution that depend on the instruction set: winograd_kernels.inc is compiled
// once for each and the best one is chosen when the program runs. Pointers and sizes only, so that no inline
// function of a library is compiled with instructions that another machine lacks.
//
// Transformed data is laid out [frequency][row][channel]: a row is one tile of one frame, channels come in
// groups of `lanes` (one vector), padded with zeros. Strides are in floats.
#pragma once

#include <cstdint>

namespace savp::kernels {

// One row of tiles of one frame, up to `lanes` channels of it, and its place among the transformed data.
struct Strip {
  float* image;      // [channels][height][width], the first channel
  int64_t channels;  // 1 .. lanes
  int64_t channel_stride;
  int64_t height, width;
  int64_t top;  // of the first tile's window, in the image; may lie outside
  int64_t left;
  int64_t step;  // from one element of a window to the next, in the image
  int64_t tiles;
  float* transformed;  // frequency 0 of the first tile
  int64_t frequency_stride;
  int64_t row_stride;
  float* scratch;  // scratch_size(tiles, lanes) floats
};

// c[rows, columns] (+)= sum over taps of a[tap] [rows, depth] b[tap] [depth, columns]; columns is a multiple
// of `lanes`.
struct Product {
  int64_t rows, columns, taps, depth;
  const float* a;
  int64_t a_row, a_depth, a_tap;
  const float* b;
  int64_t b_panel,
      b_depth;  // b is cut into panels of 2 * lanes columns; in one, taps follow each other without a gap
  float* c;
  int64_t c_row;
  bool add;
};

// One input channel's weights for a panel of output channels: r x r taps each <-> [a * a frequencies][2
// * lanes].
struct WeightRow {
  float* taps;       // the first output channel's
  int64_t channels;  // 0 .. 2 * lanes; the rest of the panel stands for zeros
  int64_t channel_stride;
  int64_t row_stride, column_stride;  // of the taps
  float* transformed;
  int64_t frequency_stride;
};

// Floats of scratch memory that a strip needs.
constexpr int64_t scratch_size(int64_t tiles, int64_t lanes) { return 16 * (4 * tiles + 8) * lanes; }

struct TileKernels {
  int outputs, taps;                      // m, r
  void (*input)(const Strip&);            // image -> transformed: windows of a x a, m apart
  void (*output)(const Strip&);           // transformed -> image: m x m each
  void (*output_gradient)(const Strip&);  // the adjoint of `output`: image -> transformed
  void (*weights)(const WeightRow&);
  void (*weight_gradient)(const WeightRow&);  // the adjoint of `weights`: transformed -> taps
};

struct WinogradKernels {
  const char* instructions;
  int64_t lanes;  // floats in a vector
  TileKernels f2x5, f4x3, f3x2;
  void (*multiply)(const Product&);
};

const WinogradKernels& winograd_avx512();
const WinogradKernels& winograd_avx2();

}  // namespace savp::kernels
