// From a stored frame to the picture that a model sees.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/draws.h"
#include "records/spec.h"

namespace savp {

// How one axis is resized: output i is the sum of weights[j] * input[first + j].
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};
std::vector<Taps> taps(int64_t from, int64_t to);

// Cuts a square (padded with black where the picture is smaller), resizes it and brings it to [0, 1].
class PictureDecoder {
 public:
  PictureDecoder(PictureSize stored, Pixels pixels, const RandomCropHparams& hparams);

  PictureSize size() const { return size_; }

  // Where the square's first row and column lie in the picture (pixels).
  struct Corner {
    int64_t row = 0, column = 0;
  };
  // The centre's or, with random_crop_size, one that is drawn.
  Corner corner(Draws& draws) const;

  // frame: stored.values() bytes or floats, height x width x channels, or an encoded picture of that size ->
  // picture: size().values() floats, channels x height x width. Throws DataError ("is empty", "is a picture
  // of ...").
  void decode(std::string_view frame, Corner corner, float* picture) const;

  // Whether the picture is the stored one: bytes then say all, in a quarter of the memory.
  bool keeps_bytes() const { return crop_ == 0 && pixels_ != Pixels::kFloat; }
  // As they are stored: height x width x channels, to be brought to [0, 1] by to_planes().
  // Where keeps_bytes().
  void decode_bytes(std::string_view frame, uint8_t* picture) const;

 private:
  // The cut square, [0, 1], crop x crop x channels. Values are multiplied to come from 0 to 1.
  template <class T>
  std::vector<float> cut(const T* frame, float to_unit, Corner corner) const;
  template <class T>
  void convert(const T* frame, float to_unit, Corner corner, float* picture) const;

  PictureSize stored_;
  PictureSize size_;
  Pixels pixels_;
  bool random_ = false;
  int64_t crop_ = 0;        // side of the square, 0: whole picture
  std::vector<Taps> taps_;  // empty: no resizing
};

}  // namespace savp
