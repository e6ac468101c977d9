// From a stored frame to the picture that a model sees.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "savp/datasets/spec.h"

namespace savp {

struct PictureSize {
  int64_t height = 0, width = 0, channels = 0;
  bool operator==(const PictureSize&) const = default;
  int64_t values() const { return height * width * channels; }
};

// "64x48x3".
std::string text(const PictureSize& size);

// How one axis is resized: output i is the sum of weights[j] * input[first + j].
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};
std::vector<Taps> taps(int64_t from, int64_t to);

// Cuts the centre square (padded with black where the picture is smaller), resizes it and brings it to [0,
// 1].
class PictureDecoder {
 public:
  PictureDecoder(PictureSize stored, const DatasetHparams& hparams);

  PictureSize size() const { return size_; }

  // frame: stored.values() bytes, height x width x channels -> picture: size().values() floats, channels x
  // height x width.
  void decode(std::string_view frame, float* picture) const;

 private:
  // The cut square, [0, 1], crop x crop x channels.
  std::vector<float> crop(const uint8_t* frame) const;

  PictureSize stored_;
  PictureSize size_;
  int64_t crop_ = 0;        // side of the square, 0: whole picture
  std::vector<Taps> taps_;  // empty: no resizing
};

}  // namespace savp
