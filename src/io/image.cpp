#include "io/image.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "io/encoded_picture.h"
#include "io/picture_header.h"
#include "io/whole_file.h"

namespace savp {
namespace {

// A view of the pixels; OpenCV does not write to the source of an operation.
cv::Mat view(const Picture& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width),
          CV_8UC(static_cast<int>(picture.channels)), const_cast<uint8_t*>(picture.pixels.data())};
}

Picture blank(int64_t height, int64_t width, int64_t channels) {
  return {height, width, channels, std::vector<uint8_t>(static_cast<size_t>(height * width * channels))};
}

Picture copy(const cv::Mat& mat) {
  Picture picture = blank(mat.rows, mat.cols, mat.channels());
  mat.copyTo(view(picture));
  return picture;
}

std::string encode(const Picture& picture, const char* ending, const std::vector<int>& options) {
  cv::Mat bgr;
  if (picture.channels == 3)
    cv::cvtColor(view(picture), bgr, cv::COLOR_RGB2BGR);
  else
    bgr = view(picture);
  std::vector<uint8_t> bytes;
  cv::imencode(ending, bgr, bytes, options);
  return {bytes.begin(), bytes.end()};
}

// Before any memory is taken for pixels.
void check_header(const std::filesystem::path& path, const std::string& bytes) {
  SAVP_CHECK(!bytes.empty(), DataError, path.string(), ": is an empty file, not an image");
  SAVP_CHECK(!is_cut(bytes), DataError, path.string(), ": the image is truncated");
  std::optional<PictureSides> sides;
  try {
    sides = picture_sides(bytes);
  } catch (const DataError& error) {
    throw DataError(concat(path.string(), ": ", error.what()));
  }
  SAVP_CHECK(
      sides, DataError, path.string(),
      ": is not an image, or a damaged one: it begins like none of PNG, JPEG, BMP, TIFF, PNM and WebP");
  constexpr int64_t kLongest = 1 << 20;  // keeps products in range
  const bool fits =
      sides->height <= kLongest && sides->width <= kLongest && sides->height * sides->width <= kMostPixels;
  SAVP_CHECK(fits, DataError, path.string(), ": an image of ", sides->height, "x", sides->width,
             " (height x width) is too large: at most ", kMostPixels, " pixels are read");
}

// Three channels, of the depth they are stored in.
cv::Mat decode(const std::filesystem::path& path, const std::string& bytes) {
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  cv::Mat decoded;
  try {
    decoded = cv::imdecode(encoded, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH);
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    decoded.release();
  }
  SAVP_CHECK(!decoded.empty(), DataError, path.string(), ": is not an image, or a damaged one");
  return decoded;
}

std::pair<double, double> range_of(const cv::Mat& decoded) {
  double least = 0, most = 0;
  cv::minMaxIdx(decoded.reshape(1), &least, &most);
  return {least, most};
}

std::string note_of(const std::filesystem::path& path, const cv::Mat& decoded) {
  const auto [least, most] = range_of(decoded);
  return concat(path.string(), ": has 16 bits a sample: 0 to 65535 become 0 to 255 (its samples go from ",
                least, " to ", most, "; to spread a smaller range, scale the files)");
}

cv::Mat to_bytes(const std::filesystem::path& path, const cv::Mat& decoded) {
  if (decoded.depth() == CV_8U) return decoded;
  const bool is_float = decoded.depth() == CV_32F || decoded.depth() == CV_64F;
  SAVP_CHECK(is_float || decoded.depth() == CV_16U, DataError, path.string(),
             ": has samples of an unusual type: convert it to 8 bits a sample");
  if (is_float) {
    const auto [least, most] = range_of(decoded);
    SAVP_CHECK(cv::checkRange(decoded) && least >= 0 && most <= 1, DataError, path.string(),
               ": has float samples from ", least, " to ", most,
               ": they must be from 0 to 1; convert it to 8 bits a sample");
  }
  cv::Mat bytes;
  decoded.convertTo(bytes, CV_8U, is_float ? 255 : 1 / 257.0);
  return bytes;
}

Picture resize(const Picture& picture, int64_t height, int64_t width, int interpolation) {
  if (picture.height == height && picture.width == width) return picture;
  Picture resized = blank(height, width, picture.channels);
  cv::Mat target = view(resized);
  cv::resize(view(picture), target, target.size(), 0, 0, interpolation);
  return resized;
}

}  // namespace

Picture read_image(const std::filesystem::path& path, int64_t channels, std::string* note) {
  const std::string bytes = read_whole_file(path);
  check_header(path, bytes);
  auto decoded = decode(path, bytes);
  if (decoded.depth() == CV_16U && note != nullptr) *note = note_of(path, decoded);
  decoded = to_bytes(path, decoded);
  cv::cvtColor(decoded, decoded, cv::COLOR_BGR2RGB);
  return with_channels(copy(decoded), channels);
}

std::string encode_png(const Picture& picture) { return encode(picture, ".png", {}); }

void write_png(const std::filesystem::path& path, const Picture& picture) {
  SAVP_CHECK(!picture.pixels.empty(), DataError, path.string(), ": there is no image to write");
  write_whole_file(path, encode_png(picture));
}

Picture resize(const Picture& picture, int64_t height, int64_t width) {
  const bool shrinks = height <= picture.height && width <= picture.width;
  return resize(picture, height, width, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
}

Picture resize_linearly(const Picture& picture, int64_t height, int64_t width) {
  return resize(picture, height, width, cv::INTER_LINEAR);
}

Picture crop_centre(const Picture& picture, int64_t height, int64_t width) {
  if (picture.height == height && picture.width == width) return picture;
  const cv::Rect middle(static_cast<int>((picture.width - width) / 2),
                        static_cast<int>((picture.height - height) / 2), static_cast<int>(width),
                        static_cast<int>(height));
  return copy(view(picture)(middle));
}

Picture fit(const Picture& picture, int64_t height, int64_t width) {
  const double scale = std::min(static_cast<double>(picture.height) / static_cast<double>(height),
                                static_cast<double>(picture.width) / static_cast<double>(width));
  const auto cut = [&](int64_t wanted, int64_t there) {
    return std::clamp<int64_t>(std::llround(static_cast<double>(wanted) * scale), 1, there);
  };
  return resize(crop_centre(picture, cut(height, picture.height), cut(width, picture.width)), height, width);
}

Picture oriented(const Picture& picture, const Orientation& orientation) {
  const auto& [transposed, mirrored, upside_down] = orientation;
  if (!transposed && !mirrored && !upside_down) return picture;
  cv::Mat laid = view(picture);
  if (transposed) cv::transpose(view(picture), laid);
  if (mirrored || upside_down) {
    cv::Mat flipped;
    cv::flip(laid, flipped, mirrored && upside_down ? -1 : mirrored ? 1 : 0);
    laid = flipped;
  }
  return copy(laid);
}

Picture with_channels(const Picture& picture, int64_t channels) {
  if (picture.channels == channels) return picture;
  cv::Mat converted;
  cv::cvtColor(view(picture), converted, channels == 1 ? cv::COLOR_RGB2GRAY : cv::COLOR_GRAY2RGB);
  return copy(converted);
}

}  // namespace savp
