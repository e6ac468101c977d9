// Winograd convolution of stride 1 on raw memory: what PreparedConv's gradients are built from.
#pragma once

#include <cstdint>

#include "kernels/winograd_kernels.h"

namespace savp::kernels {

// Input [batch, in_channels, in_depth, in_height, in_width], output likewise; kernel [depth_taps, taps,
// taps].
struct ConvGeometry {
  int64_t batch;
  int64_t in_channels, in_depth, in_height, in_width;
  int64_t out_channels, out_depth, out_height, out_width;
  int64_t depth_taps, depth_padding, padding;
};

class WinogradConv {
 public:
  WinogradConv(const WinogradKernels& kernels, const TileKernels& tile, const ConvGeometry& geometry);

  // Floats of a transformed weight: [frequencies, panels, depth_taps, in_channels, 2 * lanes].
  int64_t weight_size() const;
  // taps [r, r, depth_taps, in_channels, padded_channels()] <-> transformed. The gradient is the adjoint.
  void transform_weight(float* taps, float* transformed) const;
  void transform_weight_gradient(float* transformed, float* taps) const;
  int64_t padded_channels() const { return out_.stride_of_taps; }

  void forward(const float* input, const float* transformed_weight, float* output) const;
  // weight_gradient (+)= the gradient with respect to the transformed weight.
  void backward_weight(const float* input, const float* output_gradient, float* weight_gradient,
                       bool add) const;

 private:
  // Channels and sizes of one side of the convolution.
  struct Side {
    int64_t channels, depth, height, width;
    int64_t frames;   // of the transformed data, zero frames before and after the clip included
    int64_t padding;  // of height and width, before the first tile
    int64_t depth_padding;
    int64_t groups;          // vectors of channels
    int64_t stride_of_taps;  // channels, padded to whole vectors
    int64_t row_stride;      // of transformed data; odd in cache lines, so that rows spread over the cache
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

  template <class Body>
  void each_weight_row(float* taps, float* transformed, const Body& body) const;
  template <class Body>
  void each_strip(const Side& side, const Chunk& chunk, float* image, const Spectrum& spectrum,
                  const Body& body) const;
  Spectrum place(const Side& side, const Chunk& chunk, float*& memory) const;
  int64_t spectrum_size(const Side& side, int64_t lines) const;
  void forward(const Chunk& chunk, const float* input, const float* weight, float* output) const;
  void backward_weight(const Chunk& chunk, const float* input, const float* gradient, float* weight_gradient,
                       bool add) const;

  const WinogradKernels& kernels_;
  const TileKernels& tile_;
  ConvGeometry g_;
  int64_t frequencies_, tile_rows_, tile_columns_, panels_;
  Side in_, out_;
};

}  // namespace savp::kernels
