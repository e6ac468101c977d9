// Winograd convolution on raw memory: what PreparedConv and its gradients are built from.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/winograd_kernels.h"

namespace savp::kernels {

// Depth, height, width. A flat image has depth 1.
using Size3 = std::array<int64_t, 3>;

// out[o] = sum over taps k of in[origin + step o + k] w[k], along each axis; in is zero outside. A kernel of
// step 2 in height and width has an even size and is seen as four phases of half the size, each a convolution
// of step 1 over every other pixel: their channels are stacked. Outputs may be written to every other element
// of a larger image.
struct ConvGeometry {
  int64_t batch = 0;
  int64_t in_channels = 0, out_channels = 0;
  Size3 in{};      // the input [batch, in_channels, in]
  Size3 origin{};  // minus the padding
  int64_t depth_taps = 0;
  int64_t depth_step = 1, step = 1;
  Size3 outputs{};
  Size3
      out{};  // the image [batch, out_channels, out] that output o is written to, at out_origin + out_step o
  Size3 out_origin{};
  Size3 out_step{1, 1, 1};
};

// A kernel [out_channels, in_channels, depth, height, width] in memory, by its strides; the taps may
// run backwards.
struct WeightView {
  float* taps;
  int64_t out_channel, in_channel;
  int64_t depth, row, column;               // from tap to tap, in one phase
  int64_t phase_row = 0, phase_column = 0;  // from phase to phase
};

class WinogradConv {
 public:
  WinogradConv(const WinogradKernels& kernels, const TileKernels& tile, const ConvGeometry& geometry);

  // Of a transformed weight: [frequencies][panels, depth_taps, in_channels of all phases, 2 * lanes]. With
  // several phases the channels of each are padded to whole vectors.
  int64_t weight_size() const;
  void transform_weight(const WeightView& weight, float* transformed) const;
  void transform_weight_gradient(float* transformed, const WeightView& gradient) const;  // the adjoint

  void forward(const float* input, const float* transformed_weight, float* output) const;
  // weight_gradient (+)= the gradient with respect to the transformed weight.
  void backward_weight(const float* input, const float* output_gradient, float* weight_gradient,
                       bool add) const;

 private:
  // The input or the output.
  struct Side {
    int64_t channels;
    Size3 image;
    Size3 origin;  // of the first frame and tile
    int64_t depth_step, step;
    int64_t phases;      // step x step, if the elements between those of a window are other channels
    int64_t frames;      // of the transformed data, zero frames before and after the clip included
    int64_t groups;      // vectors of channels, in each phase
    int64_t row_stride;  // of transformed data; odd in cache lines, so that rows spread over the cache
  };
  // Lines of tiles [first, last), counted over the whole batch, that are worked on together.
  struct Chunk {
    int64_t first, last;
    bool parallel;  // share the work on this chunk among threads
  };
  struct Spectrum {
    float* data;
    int64_t frequency_stride;
  };

  Side make_side(int64_t channels, const Size3& image, const Size3& origin, int64_t depth_step, int64_t step,
                 int64_t phases, int64_t frames) const;
  template <class Body>
  void each_weight_row(const WeightView& weight, float* transformed, const Body& body) const;
  template <class Body>
  void each_strip(const Side& side, const Chunk& chunk, float* image, const Spectrum& spectrum,
                  const Body& body) const;
  void clear(const Side& side, const Spectrum& spectrum, float* transformed) const;
  Spectrum place(const Side& side, const Chunk& chunk, float*& memory) const;
  int64_t spectrum_size(const Side& side, int64_t lines) const;
  void forward(const Chunk& chunk, const float* input, const float* weight, float* output) const;
  void backward_weight(const Chunk& chunk, const float* input, const float* gradient, float* weight_gradient,
                       bool add) const;

  const WinogradKernels& kernels_;
  const TileKernels& tile_;
  ConvGeometry g_;
  int64_t frequencies_, tile_rows_, tile_columns_;
  int64_t in_channels_;   // of all phases, as they are multiplied
  int64_t out_channels_;  // padded to whole vectors
  int64_t panel_width_, panels_, panel_size_;
  int64_t weight_stride_;  // of a transformed weight, from frequency to frequency
  Side in_, out_;
};

}  // namespace savp::kernels
