#include "kernels/winograd_conv.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "kernels/parallel.h"

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
      TORCH_CHECK_WITH(OutOfMemoryError, memory_, count * 4, " bytes for a convolution");
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
void for_each(bool on_all_threads, int64_t count, const Body& body) {
  const auto range = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  };
  if (on_all_threads) {
    parallel(count, 1, range);
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
  tile_rows_ = divide_up(g_.outputs[1], tile.outputs);
  tile_columns_ = divide_up(g_.outputs[2], tile.outputs);
  in_ = make_side(g_.in_channels, g_.in, g_.origin, 1, g_.step, g_.step * g_.step,
                  (g_.outputs[0] - 1) * g_.depth_step + g_.depth_taps);
  out_ = make_side(g_.out_channels, g_.out, g_.out_origin, g_.out_step[0], g_.out_step[1], 1, g_.outputs[0]);
  in_channels_ = in_.phases == 1 ? g_.in_channels : in_.phases * in_.groups * kernels.lanes;
  out_channels_ = out_.groups * kernels.lanes;
  panel_width_ = 2 * kernels.lanes;
  panels_ = divide_up(g_.out_channels, panel_width_);
  panel_size_ = g_.depth_taps * in_channels_ * panel_width_;
  weight_stride_ = panels_ * panel_size_ + 16;  // odd in cache lines, again
}

WinogradConv::Side WinogradConv::make_side(int64_t channels, const Size3& image, const Size3& origin,
                                           int64_t depth_step, int64_t step, int64_t phases,
                                           int64_t frames) const {
  const int64_t groups = divide_up(channels, kernels_.lanes);
  const int64_t cache_lines = divide_up(phases * groups * kernels_.lanes, 16) | 1;
  return {channels, image, origin, depth_step, step, phases, frames, groups, cache_lines * 16};
}

int64_t WinogradConv::weight_size() const { return frequencies_ * weight_stride_; }

// Calls body for each input channel's weights, panel by panel, so that writing goes on in few places at
// a time.
template <class Body>
void WinogradConv::each_weight_row(const WeightView& weight, float* transformed, const Body& body) const {
  const int64_t rows = g_.depth_taps * in_channels_, padded = in_channels_ / in_.phases;
  for_each(true, panels_, [&](int64_t panel) {
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t tap = row / in_channels_, phase = row % in_channels_ / padded, channel = row % padded;
      const int64_t column = panel * panel_width_;
      float* taps = weight.taps + column * weight.out_channel + channel * weight.in_channel +
                    tap * weight.depth + phase / in_.step * weight.phase_row +
                    phase % in_.step * weight.phase_column;
      const int64_t channels =
          channel < g_.in_channels ? std::min(panel_width_, g_.out_channels - column) : 0;
      body(WeightRow{taps, channels, weight.out_channel, weight.row, weight.column,
                     transformed + (panel * rows + row) * panel_width_, weight_stride_});
    }
  });
}

void WinogradConv::transform_weight(const WeightView& weight, float* transformed) const {
  each_weight_row(weight, transformed, tile_.weights);
}

void WinogradConv::transform_weight_gradient(float* transformed, const WeightView& gradient) const {
  each_weight_row(gradient, transformed, tile_.weight_gradient);
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

// Calls body for each line of tiles, phase, group of channels and frame of a chunk.
template <class Body>
void WinogradConv::each_strip(const Side& side, const Chunk& chunk, float* image, const Spectrum& spectrum,
                              const Body& body) const {
  const auto [depth, height, width] = side.image;
  const int64_t plane = height * width, lines = chunk.last - chunk.first, groups = side.phases * side.groups;
  for_each(chunk.parallel, lines * groups, [&, depth = depth, height = height, width = width](int64_t unit) {
    const int64_t line = unit / groups, group = unit % groups;
    const int64_t phase = group / side.groups, channel = group % side.groups * kernels_.lanes;
    const int64_t sample = (chunk.first + line) / tile_rows_, tile_row = (chunk.first + line) % tile_rows_;
    Strip strip{};
    strip.channels = std::min(kernels_.lanes, side.channels - channel);
    strip.channel_stride = depth * plane;
    strip.height = height;
    strip.width = width;
    strip.top = side.origin[1] + phase / side.step + tile_row * tile_.outputs * side.step;
    strip.left = side.origin[2] + phase % side.step;
    strip.step = side.step;
    strip.tiles = tile_columns_;
    strip.frequency_stride = spectrum.frequency_stride;
    strip.row_stride = side.row_stride;
    strip.scratch = strip_memory().floats(scratch_size(tile_columns_, kernels_.lanes));
    for (int64_t frame = 0; frame < side.frames; ++frame) {
      const int64_t at = side.origin[0] + frame * side.depth_step;
      const int64_t row = (frame * lines + line) * tile_columns_;
      strip.transformed = spectrum.data + row * side.row_stride + group * kernels_.lanes;
      strip.image = image + ((sample * side.channels + channel) * depth + at) * plane;
      if (at >= 0 && at < depth) {
        body(strip);
      } else {
        clear(side, spectrum, strip.transformed);
      }
    }
  });
}

// Zeros a line of tiles of a frame that lies before or after the clip.
void WinogradConv::clear(const Side& side, const Spectrum& spectrum, float* transformed) const {
  for (int64_t frequency = 0; frequency < frequencies_; ++frequency) {
    for (int64_t tile = 0; tile < tile_columns_; ++tile) {
      std::fill_n(transformed + frequency * spectrum.frequency_stride + tile * side.row_stride,
                  kernels_.lanes, 0.0F);
    }
  }
}

void WinogradConv::forward(const Chunk& chunk, const float* input, const float* weight, float* output) const {
  const int64_t lines = chunk.last - chunk.first, tiles = lines * tile_columns_;
  float* memory = chunk_memory().floats(spectrum_size(in_, lines) + spectrum_size(out_, lines));
  const Spectrum in = place(in_, chunk, memory), out = place(out_, chunk, memory);
  each_strip(in_, chunk, const_cast<float*>(input), in, tile_.input);
  const int64_t together = g_.depth_step == 1 ? out_.frames : 1;  // frames in one product
  for_each(chunk.parallel, frequencies_ * panels_, [&](int64_t unit) {
    const int64_t frequency = unit / panels_, column = unit % panels_ * panel_width_;
    for (int64_t frame = 0; frame < out_.frames; frame += together) {
      Product product{};
      product.rows = together * tiles;
      product.columns = std::min(panel_width_, out_channels_ - column);
      product.taps = g_.depth_taps;
      product.depth = in_channels_;
      product.a = in.data + frequency * in.frequency_stride + frame * g_.depth_step * tiles * in_.row_stride;
      product.a_row = in_.row_stride;
      product.a_depth = 1;
      product.a_tap = tiles * in_.row_stride;
      product.b = weight + frequency * weight_stride_ + unit % panels_ * panel_size_;
      product.b_panel = panel_size_;
      product.b_depth = panel_width_;
      product.c = out.data + frequency * out.frequency_stride + frame * tiles * out_.row_stride + column;
      product.c_row = out_.row_stride;
      kernels_.multiply(product);
    }
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
  const int64_t lines = chunk.last - chunk.first, tiles = lines * tile_columns_;
  float* memory = chunk_memory().floats(spectrum_size(in_, lines) + spectrum_size(out_, lines));
  const Spectrum in = place(in_, chunk, memory), out = place(out_, chunk, memory);
  each_strip(in_, chunk, const_cast<float*>(input), in, tile_.input);
  each_strip(out_, chunk, const_cast<float*>(gradient), out, tile_.output_gradient);
  const int64_t together = g_.depth_step == 1 ? out_.frames : 1;
  for_each(chunk.parallel, frequencies_ * panels_ * g_.depth_taps, [&](int64_t unit) {
    const int64_t tap = unit % g_.depth_taps, column = unit / g_.depth_taps % panels_ * panel_width_;
    const int64_t frequency = unit / g_.depth_taps / panels_;
    for (int64_t frame = 0; frame < out_.frames; frame += together) {
      Product product{};
      product.rows = in_channels_;
      product.columns = std::min(panel_width_, out_channels_ - column);
      product.taps = 1;
      product.depth = together * tiles;
      product.a =
          in.data + frequency * in.frequency_stride + (frame * g_.depth_step + tap) * tiles * in_.row_stride;
      product.a_row = 1;
      product.a_depth = in_.row_stride;
      product.b = out.data + frequency * out.frequency_stride + frame * tiles * out_.row_stride + column;
      product.b_depth = out_.row_stride;
      product.c = weight_gradient + frequency * weight_stride_ + column / panel_width_ * panel_size_ +
                  tap * in_channels_ * panel_width_;
      product.c_row = panel_width_;
      product.add = add || frame > 0;
      kernels_.multiply(product);
    }
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
