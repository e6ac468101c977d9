#include "savp/io/image.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "io/encoded_picture.h"
#include "io/whole_file.h"
#include "savp/core/error.h"

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

Picture resize(const Picture& picture, int64_t height, int64_t width, int interpolation) {
  if (picture.height == height && picture.width == width) return picture;
  Picture resized = blank(height, width, picture.channels);
  cv::Mat target = view(resized);
  cv::resize(view(picture), target, target.size(), 0, 0, interpolation);
  return resized;
}

}  // namespace

Picture read_image(const std::filesystem::path& path, int64_t channels) {
  const std::string bytes = read_whole_file(path);
  SAVP_CHECK(!bytes.empty(), DataError, path.string(), ": is an empty file, not a picture");
  SAVP_CHECK(!is_cut(bytes), DataError, path.string(), ": the picture is cut short");
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  cv::Mat decoded;
  try {
    decoded = cv::imdecode(encoded, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {
    decoded.release();
  }
  SAVP_CHECK(!decoded.empty(), DataError, path.string(), ": is not a picture, or a damaged one");
  cv::cvtColor(decoded, decoded, cv::COLOR_BGR2RGB);
  return with_channels(copy(decoded), channels);
}

void write_png(const std::filesystem::path& path, const Picture& picture) {
  SAVP_CHECK(!picture.pixels.empty(), DataError, path.string(), ": there is no picture to write");
  write_whole_file(path, encode(picture, ".png", {}));
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

Picture rotate(const Picture& picture, int64_t quarter_turns) {
  static constexpr cv::RotateFlags kTurns[] = {cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180,
                                               cv::ROTATE_90_COUNTERCLOCKWISE};
  const int64_t turns = ((quarter_turns % 4) + 4) % 4;
  if (turns == 0) return picture;
  cv::Mat turned;
  cv::rotate(view(picture), turned, kTurns[turns - 1]);
  return copy(turned);
}

Picture with_channels(const Picture& picture, int64_t channels) {
  if (picture.channels == channels) return picture;
  cv::Mat converted;
  cv::cvtColor(view(picture), converted, channels == 1 ? cv::COLOR_RGB2GRAY : cv::COLOR_GRAY2RGB);
  return copy(converted);
}

}  // namespace savp
