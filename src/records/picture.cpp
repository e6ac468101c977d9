#include "records/picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "records/planes.h"

namespace savp {
namespace {

// Bilinear with the corners of old TensorFlow: output i lies at input i * from / to, without a shift by half
// a pixel.
Taps grow(int64_t i, int64_t from, float ratio) {
  const auto position = static_cast<float>(i) * ratio;
  const auto first = static_cast<int64_t>(position);
  if (first + 1 >= from) return {from - 1, {1.0F}};
  const auto share = position - static_cast<float>(first);
  return {first, {1.0F - share, share}};
}

// Mean over the input's area that output i covers. In single precision, as in TensorFlow: with many pixels
// the ends of the areas are off by some 1e-6 of a pixel, and so are the weights. Past the end the last
// input counts.
Taps shrink(int64_t i, int64_t from, float ratio) {
  const auto begin = static_cast<float>(i) * ratio, end = static_cast<float>(i + 1) * ratio;
  Taps taps{static_cast<int64_t>(begin), {}};
  for (auto j = taps.first; static_cast<float>(j) < end; ++j) {
    const auto left = static_cast<float>(j), right = static_cast<float>(j + 1);
    const auto inside = left < begin ? right - begin : 1.0F;  // where the area does not end in this input
    const auto ending = left < begin ? ratio : end - left;
    const auto weight = (right > end ? ending : inside) / ratio;
    if (j < from)
      taps.weights.push_back(weight);
    else
      taps.weights.back() += weight;
  }
  return taps;
}

// Resizes the middle axis of [outer, from, inner].
std::vector<float> resample(const std::vector<float>& input, const std::vector<Taps>& taps, int64_t outer,
                            int64_t from, int64_t inner) {
  const auto to = static_cast<int64_t>(taps.size());
  std::vector<float> output(static_cast<size_t>(outer * to * inner), 0.0F);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < to; ++i) {
      auto* target = output.data() + (o * to + i) * inner;
      const auto* source = input.data() + (o * from + taps[i].first) * inner;
      for (const auto weight : taps[i].weights) {
        for (int64_t k = 0; k < inner; ++k) target[k] += weight * source[k];
        source += inner;
      }
    }
  return output;
}

// What lies beyond it would make training diverge, whatever its rate.
void check_range(const std::vector<float>& values) {
  const auto bad = std::find_if_not(values.begin(), values.end(), [](float x) { return x >= 0 && x <= 1; });
  SAVP_CHECK(bad == values.end(), DataError, "holds the value ", *bad, " (number ", bad - values.begin(),
             "), which is not from 0 to 1");
}

}  // namespace

std::vector<Taps> taps(int64_t from, int64_t to) {
  std::vector<Taps> all;
  const auto ratio = static_cast<float>(from) / static_cast<float>(to);
  for (int64_t i = 0; i < to; ++i) all.push_back(from < to ? grow(i, from, ratio) : shrink(i, from, ratio));
  return all;
}

PictureDecoder::PictureDecoder(PictureSize stored, Pixels pixels, const RandomCropHparams& hparams)
    : stored_(stored),
      size_(stored),
      pixels_(pixels),
      random_(hparams.random_crop_size > 0),
      crop_(random_ ? hparams.random_crop_size : hparams.crop_size) {
  SAVP_CHECK(!random_ || crop_ <= std::min(stored.height, stored.width), UsageError,
             "random_crop_size=", crop_, " is larger than the frames, which are ", text(stored));
  if (crop_ == 0 && hparams.scale_size == 0) return;
  if (crop_ == 0) crop_ = std::min(stored.height, stored.width);
  const auto side = hparams.scale_size != 0 ? hparams.scale_size : crop_;
  size_ = {side, side, stored.channels};
  if (side != crop_) taps_ = taps(crop_, side);
}

PictureDecoder::Corner PictureDecoder::corner(Draws& draws) const {
  const auto rows = stored_.height - crop_, columns = stored_.width - crop_;
  if (!random_) return {rows / 2, columns / 2};  // rounded towards zero, negative where black is added
  const auto row = draws.below(rows + 1);
  return {row, draws.below(columns + 1)};
}

void PictureDecoder::decode(std::string_view frame, Corner corner, float* picture) const {
  thread_local std::vector<uint8_t> decoded;  // keeps its capacity from one frame to the next
  thread_local std::vector<float> aligned;
  if (pixels_ == Pixels::kFloat) {
    aligned.resize(static_cast<size_t>(stored_.values()));
    std::memcpy(aligned.data(), frame.data(), frame.size());
    check_range(aligned);
    return convert(aligned.data(), 1.0F, corner, picture);
  }
  if (pixels_ == Pixels::kRaw)
    return convert(reinterpret_cast<const uint8_t*>(frame.data()), kToUnit, corner, picture);
  decoded.resize(static_cast<size_t>(stored_.values()));
  decode_picture(frame, stored_, decoded.data());
  convert(decoded.data(), kToUnit, corner, picture);
}

void PictureDecoder::decode_bytes(std::string_view frame, uint8_t* picture) const {
  if (pixels_ == Pixels::kRaw)
    std::memcpy(picture, frame.data(), frame.size());
  else
    decode_picture(frame, stored_, picture);
}

template <class T>
void PictureDecoder::convert(const T* frame, float to_unit, Corner corner, float* picture) const {
  if (crop_ == 0) return to_planes(frame, picture, stored_.height * stored_.width, stored_.channels, to_unit);
  auto square = cut(frame, to_unit, corner);
  if (!taps_.empty()) {
    square = resample(square, taps_, /*outer=*/1, crop_, crop_ * stored_.channels);     // rows
    square = resample(square, taps_, /*outer=*/size_.height, crop_, stored_.channels);  // columns
  }
  to_planes(square.data(), picture, size_.height * size_.width, stored_.channels, 1.0F);
}

template <class T>
std::vector<float> PictureDecoder::cut(const T* frame, float to_unit, Corner corner) const {
  std::vector<float> square(static_cast<size_t>(crop_ * crop_ * stored_.channels), 0.0F);
  // First row and column of the overlap, in the picture and in the square.
  const auto from_row = std::max<int64_t>(corner.row, 0), to_row = std::max<int64_t>(-corner.row, 0);
  const auto from_column = std::max<int64_t>(corner.column, 0);
  const auto to_column = std::max<int64_t>(-corner.column, 0);
  const auto rows = std::min(crop_, stored_.height);
  const auto values = std::min(crop_, stored_.width) * stored_.channels;
  for (int64_t row = 0; row < rows; ++row) {
    const auto* source = frame + ((from_row + row) * stored_.width + from_column) * stored_.channels;
    auto* target = square.data() + ((to_row + row) * crop_ + to_column) * stored_.channels;
    for (int64_t i = 0; i < values; ++i) target[i] = static_cast<float>(source[i]) * to_unit;
  }
  return square;
}

}  // namespace savp
