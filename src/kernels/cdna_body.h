// Pieces of cdna() and of its gradients, for a CPU's loop or a GPU's threads.
#pragma once

#include "kernels/strided.h"

namespace savp::kernels {

// One axis of a picture that is continued beyond its ends for a kernel of `taps` taps. Place 0 is the
// first pixel's.
struct CdnaAxis {
  int size, taps, dilation;
  int before, after;  // places in front of the picture and behind it
  bool mirrored;      // else zero out there
  int skip;           // 1: the mirror leaves the border itself out

  // The place that a tap reads for the pixel at `to`, and the pixel whose tap reads `place`.
  SAVP_HOST_DEVICE int place(int to, int tap) const { return to + tap * dilation - before; }
  SAVP_HOST_DEVICE int reader(int place, int tap) const { return place - tap * dilation + before; }
  SAVP_HOST_DEVICE bool inside(int place) const { return place >= 0 && place < size; }

  // The pixel that stands at a place, -1 where that is none.
  SAVP_HOST_DEVICE int pixel(int place) const {
    if (inside(place)) return place;
    if (!mirrored) return -1;
    return place < 0 ? skip - 1 - place : 2 * size - 1 - skip - place;
  }

  // Where a pixel stands: itself, mirrored in front, mirrored behind. kNowhere where it is not seen so.
  static constexpr int kImages = 3;
  static constexpr int kNowhere = -(1 << 30);
  SAVP_HOST_DEVICE int image(int pixel, int which) const {
    if (which == 0) return pixel;
    if (!mirrored) return kNowhere;
    const int place = which == 1 ? skip - 1 - pixel : 2 * size - 1 - skip - pixel;
    const bool seen = which == 1 ? place < 0 && place >= -before : place >= size && place < size + after;
    return seen ? place : kNowhere;
  }
};

struct CdnaShape {
  int samples, channels, count;  // count: kernels of a sample
  CdnaAxis rows, columns;
};

// A position of a channel of a sample: all warped pictures there.
struct CdnaForward {
  CdnaShape shape;
  Strided<const float, 4> image, kernels;  // [B, C, H, W], [B, N, kh, kw]
  Strided<float, 5> warped;                // [B, N, C, H, W]

  SAVP_HOST_DEVICE int size() const {
    return shape.samples * shape.channels * shape.rows.size * shape.columns.size;
  }
  SAVP_HOST_DEVICE void operator()(int index) const {
    const Position at(index, shape.rows.size, shape.columns.size);
    constexpr int kAtOnce = 4;
    for (int first = 0; first < shape.count; first += kAtOnce) {
      float sums[kAtOnce] = {};
      const int sample = at.outer / shape.channels, channel = at.outer % shape.channels;
      for (int i = 0; i < shape.rows.taps; ++i) {
        const int row = shape.rows.pixel(shape.rows.place(at.y, i));
        if (row < 0) continue;
        for (int j = 0; j < shape.columns.taps; ++j) {
          const int column = shape.columns.pixel(shape.columns.place(at.x, j));
          if (column < 0) continue;
          const float value = image(sample, channel, row, column);
          for (int n = 0; n < kAtOnce; ++n)
            if (first + n < shape.count) sums[n] += value * kernels(sample, first + n, i, j);
        }
      }
      for (int n = 0; n < kAtOnce; ++n)
        if (first + n < shape.count) warped(sample, first + n, channel, at.y, at.x) = sums[n];
    }
  }
};

// A position of a channel of a sample: what comes back to this pixel from all its images beyond the borders.
struct CdnaImageGradient {
  CdnaShape shape;
  Strided<const float, 4> kernels;
  Strided<const float, 5> d_warped;
  Strided<float, 4> d_image;

  SAVP_HOST_DEVICE int size() const {
    return shape.samples * shape.channels * shape.rows.size * shape.columns.size;
  }
  SAVP_HOST_DEVICE void operator()(int index) const {
    const Position at(index, shape.rows.size, shape.columns.size);
    const int sample = at.outer / shape.channels, channel = at.outer % shape.channels;
    float sum = 0.0F;
    for (int above = 0; above < CdnaAxis::kImages; ++above) {
      const int row = shape.rows.image(at.y, above);
      if (row == CdnaAxis::kNowhere) continue;
      for (int beside = 0; beside < CdnaAxis::kImages; ++beside) {
        const int column = shape.columns.image(at.x, beside);
        if (column != CdnaAxis::kNowhere) sum += seen_at(sample, channel, row, column);
      }
    }
    d_image(sample, channel, at.y, at.x) = sum;
  }

  // From all who read the place.
  SAVP_HOST_DEVICE float seen_at(int sample, int channel, int row, int column) const {
    float sum = 0.0F;
    for (int n = 0; n < shape.count; ++n)
      for (int i = 0; i < shape.rows.taps; ++i) {
        const int y = shape.rows.reader(row, i);
        if (!shape.rows.inside(y)) continue;
        for (int j = 0; j < shape.columns.taps; ++j) {
          const int x = shape.columns.reader(column, j);
          if (shape.columns.inside(x)) sum += kernels(sample, n, i, j) * d_warped(sample, n, channel, y, x);
        }
      }
    return sum;
  }
};

// A row of taps of a kernel of a sample: each is a sum over all positions of all channels.
struct CdnaKernelGradient {
  CdnaShape shape;
  Strided<const float, 4> image;
  Strided<const float, 5> d_warped;
  Strided<float, 4> d_kernels;

  // kernel_row = kernel * taps of an axis + row of taps. The team shares the positions.
  template <class Team>
  SAVP_HOST_DEVICE void operator()(int sample, int kernel_row, Team& team) const {
    constexpr int kAtOnce = 8;
    const int kernel = kernel_row / shape.rows.taps, i = kernel_row % shape.rows.taps;
    const int64_t positions = static_cast<int64_t>(shape.channels) * shape.rows.size * shape.columns.size;
    for (int first = 0; first < shape.columns.taps; first += kAtOnce) {
      float sums[kAtOnce] = {};
      for (int64_t p = team.first(); p < positions; p += team.step()) {
        const Position at(static_cast<int>(p), shape.rows.size, shape.columns.size);
        const int row = shape.rows.pixel(shape.rows.place(at.y, i));
        if (row < 0) continue;
        const float gradient = d_warped(sample, kernel, at.outer, at.y, at.x);
        for (int j = 0; j < kAtOnce; ++j) {
          if (first + j >= shape.columns.taps) continue;
          const int column = shape.columns.pixel(shape.columns.place(at.x, first + j));
          if (column >= 0) sums[j] += gradient * image(sample, at.outer, row, column);
        }
      }
      team.sums(sums);
      if (!team.leader()) continue;
      for (int j = 0; j < kAtOnce && first + j < shape.columns.taps; ++j)
        d_kernels(sample, kernel, i, first + j) = sums[j];
    }
  }
};

}  // namespace savp::kernels
