#include "kernels/winograd_conv.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace savp::kernels {
namespace {

// A chunk whose transformed data fits the second-level cache needs no other memory; where the weight does not
// stay in the caches, chunks are large, so that it is read once.
constexpr int64_t kCacheChunk = int64_t{768} << 10;  // bytes
constexpr int64_t kLargeChunk = int64_t{24} << 20;   // bytes
constexpr int64_t kCachedWeight = int64_t{6} << 20;  // bytes

int64_t divide_up(int64_t x, int64_t y) { return (x + y - 1) / y; }

// Memory that a thread keeps from call to call, aligned to cache lines.
class Workspace {
 public:
  float* floats(int64_t count) {
    if (count > count_) {
      memory_.reset(static_cast<float*>(std::aligned_alloc(64, divide_up(count, 16) * 64)));
      TORCH_CHECK(memory_, "out of memory: ", count * 4, " bytes for a convolution");
      count_ = count;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> memory_;
  int64_t count_ = 0;
};

Workspace& chunk_memory() {
  thread_local Workspace memory;
  return memory;
}

Workspace& strip_memory() {
  thread_local Workspace memory;
  return memory;
}

template <class Body>
void for_each(bool parallel, int64_t count, const Body& body) {
  const auto range = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  };
  if (parallel) {
    at::parallel_for(0, count, 1, range);
  } else {
    range(0, count);
  }
}

}  // namespace

WinogradConv::WinogradConv(const WinogradKernels& kernels, const TileKernels& tile,
                           const ConvGeometry& geometry)
    : kernels_(kernels), tile_(tile), g_(geometry) {
  const int64_t window = tile.outputs + tile.taps - 1;
  frequencies_ = window * window;
  tile_rows_ = divide_up(g_.out_height, tile.outputs);
  tile_columns_ = divide_up(g_.out_width, tile.outputs);
  panels_ = divide_up(g_.out_channels, 2 * kernels.lanes);
  const auto side = [&](int64_t channels, int64_t depth, int64_t height, int64_t width, int64_t frames,
                        int64_t padding, int64_t depth_padding) {
    const int64_t groups = divide_up(channels, kernels.lanes), padded = groups * kernels.lanes;
    const int64_t lines = divide_up(padded, 16) | 1;  // cache lines
    return Side{channels, depth, height, width, frames, padding, depth_padding, groups, padded, lines * 16};
  };
  in_ = side(g_.in_channels, g_.in_depth, g_.in_height, g_.in_width, g_.out_depth + g_.depth_taps - 1,
             g_.padding, g_.depth_padding);
  out_ = side(g_.out_channels, g_.out_depth, g_.out_height, g_.out_width, g_.out_depth, 0, 0);
}

int64_t WinogradConv::weight_size() const {
  return frequencies_ * panels_ * g_.depth_taps * g_.in_channels * 2 * kernels_.lanes;
}

// Calls body for each input channel's weights, panel by panel, so that writing goes on in few places at a
// time.
template <class Body>
void WinogradConv::each_weight_row(float* taps, float* transformed, const Body& body) const {
  const int64_t rows = g_.depth_taps * g_.in_channels, width = 2 * kernels_.lanes;
  for_each(true, panels_, [&](int64_t panel) {
    const int64_t channels = std::min(width, padded_channels() - panel * width);
    for (int64_t row = 0; row < rows; ++row) {
      body(WeightRow{taps + row * padded_channels() + panel * width, rows * padded_channels(),
                     transformed + (panel * rows + row) * width, panels_ * rows * width, channels});
    }
  });
}

void WinogradConv::transform_weight(float* taps, float* transformed) const {
  each_weight_row(taps, transformed, tile_.weights);
}

void WinogradConv::transform_weight_gradient(float* transformed, float* taps) const {
  each_weight_row(taps, transformed, tile_.weight_gradient);
}

int64_t WinogradConv::spectrum_size(const Side& side, int64_t lines) const {
  const int64_t rows = side.frames * lines * tile_columns_;
  return frequencies_ * (rows * side.row_stride + 16);
}

WinogradConv::Spectrum WinogradConv::place(const Side& side, const Chunk& chunk, float*& memory) const {
  const int64_t size = spectrum_size(side, chunk.last - chunk.first);
  const Spectrum spectrum{memory, size / frequencies_};
  memory += size;
  return spectrum;
}

// Calls body for each line of tiles, group of channels and frame of a chunk. Frames before and after the clip
// are zero.
template <class Body>
void WinogradConv::each_strip(const Side& side, const Chunk& chunk, float* image, const Spectrum& spectrum,
                              const Body& body) const {
  const int64_t plane = side.height * side.width, lines = chunk.last - chunk.first;
  for_each(chunk.parallel, lines * side.groups, [&](int64_t unit) {
    const int64_t line = unit / side.groups, channel = unit % side.groups * kernels_.lanes;
    const int64_t sample = (chunk.first + line) / tile_rows_, tile_row = (chunk.first + line) % tile_rows_;
    float* scratch = strip_memory().floats(scratch_size(tile_columns_, kernels_.lanes));
    for (int64_t frame = 0; frame < side.frames; ++frame) {
      const int64_t depth = frame - side.depth_padding;
      const int64_t row = (frame * lines + line) * tile_columns_;
      float* transformed = spectrum.data + row * side.row_stride + channel;
      if (depth < 0 || depth >= side.depth) {
        for (int64_t i = 0; i < frequencies_ * tile_columns_; ++i) {
          float* zeros = transformed + i / tile_columns_ * spectrum.frequency_stride +
                         i % tile_columns_ * side.row_stride;
          std::fill_n(zeros, kernels_.lanes, 0.0F);
        }
        continue;
      }
      body(Strip{image + ((sample * side.channels + channel) * side.depth + depth) * plane,
                 std::min(kernels_.lanes, side.channels - channel), side.depth * plane, side.height,
                 side.width, tile_row * tile_.outputs - side.padding, -side.padding, tile_columns_,
                 transformed, spectrum.frequency_stride, side.row_stride, scratch});
    }
  });
}

void WinogradConv::forward(const Chunk& chunk, const float* input, const float* weight, float* output) const {
  const int64_t lines = chunk.last - chunk.first;
  float* memory = chunk_memory().floats(spectrum_size(in_, lines) + spectrum_size(out_, lines));
  const Spectrum in = place(in_, chunk, memory), out = place(out_, chunk, memory);
  each_strip(in_, chunk, const_cast<float*>(input), in, tile_.input);
  const int64_t tiles = lines * tile_columns_, panel_width = 2 * kernels_.lanes;
  const int64_t panel = g_.depth_taps * g_.in_channels * panel_width;
  for_each(chunk.parallel, frequencies_ * panels_, [&](int64_t unit) {
    const int64_t frequency = unit / panels_, column = unit % panels_ * panel_width;
    kernels_.multiply({out_.frames * tiles, std::min(panel_width, out_.stride_of_taps - column),
                       g_.depth_taps, g_.in_channels, in.data + frequency * in.frequency_stride,
                       in_.row_stride, 1, tiles * in_.row_stride, weight + unit * panel, panel, panel_width,
                       out.data + frequency * out.frequency_stride + column, out_.row_stride, false});
  });
  each_strip(out_, chunk, output, out, tile_.output);
}

void WinogradConv::forward(const float* input, const float* transformed_weight, float* output) const {
  const int64_t lines = g_.batch * tile_rows_, threads = at::get_num_threads();
  const int64_t line_bytes = 4 * (spectrum_size(in_, 1) + spectrum_size(out_, 1));
  const int64_t small = std::clamp<int64_t>(kCacheChunk / line_bytes, 1, lines);
  const bool cached = weight_size() * 4 <= kCachedWeight && lines >= small * threads;
  const int64_t most = cached ? small : std::clamp<int64_t>(kLargeChunk / line_bytes, 1, lines);
  const int64_t chunks = divide_up(divide_up(lines, most), cached ? threads : 1) * (cached ? threads : 1);
  const int64_t size = divide_up(lines, chunks);
  for_each(cached, divide_up(lines, size), [&](int64_t chunk) {
    forward({chunk * size, std::min(lines, (chunk + 1) * size), !cached}, input, transformed_weight, output);
  });
}

void WinogradConv::backward_weight(const Chunk& chunk, const float* input, const float* gradient,
                                   float* weight_gradient, bool add) const {
  const int64_t lines = chunk.last - chunk.first;
  float* memory = chunk_memory().floats(spectrum_size(in_, lines) + spectrum_size(out_, lines));
  const Spectrum in = place(in_, chunk, memory), out = place(out_, chunk, memory);
  each_strip(in_, chunk, const_cast<float*>(input), in, tile_.input);
  each_strip(out_, chunk, const_cast<float*>(gradient), out, tile_.output_gradient);
  const int64_t tiles = lines * tile_columns_, panel_width = 2 * kernels_.lanes;
  for_each(chunk.parallel, frequencies_ * panels_ * g_.depth_taps, [&](int64_t unit) {
    const int64_t tap = unit % g_.depth_taps, column = unit / g_.depth_taps % panels_ * panel_width;
    const int64_t frequency = unit / g_.depth_taps / panels_;
    kernels_.multiply(
        {g_.in_channels, std::min(panel_width, out_.stride_of_taps - column), 1, out_.frames * tiles,
         in.data + frequency * in.frequency_stride + tap * tiles * in_.row_stride, 1, in_.row_stride, 0,
         out.data + frequency * out.frequency_stride + column, 0, out_.row_stride,
         weight_gradient + unit * g_.in_channels * panel_width, panel_width, add});
  });
}

void WinogradConv::backward_weight(const float* input, const float* output_gradient, float* weight_gradient,
                                   bool add) const {
  const int64_t lines = g_.batch * tile_rows_;
  const int64_t line_bytes = 4 * (spectrum_size(in_, 1) + spectrum_size(out_, 1));
  const int64_t bytes = std::clamp(4 * weight_size() * 4, kCacheChunk, kLargeChunk);
  const int64_t most = std::clamp<int64_t>(bytes / line_bytes, 1, lines);
  const int64_t size = divide_up(lines, divide_up(lines, most));
  for (int64_t first = 0; first < lines; first += size) {
    backward_weight({first, std::min(lines, first + size), true}, input, output_gradient, weight_gradient,
                    add || first > 0);
  }
}

}  // namespace savp::kernels
