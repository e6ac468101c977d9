#include "checkpoints/video_shape.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "io/json_text.h"

namespace savp {
namespace {

constexpr const char* kKey = "video_shape";

constexpr std::pair<const char*, int64_t VideoShape::*> kSizes[] = {
    {"channels", &VideoShape::channels}, {"height", &VideoShape::height},
    {"width", &VideoShape::width},       {"actions", &VideoShape::actions},
    {"states", &VideoShape::states},     {"pix_distribs", &VideoShape::pix_distribs}};

}  // namespace

std::pair<std::string, std::string> shape_metadata(const VideoShape& shape) {
  nlohmann::json sizes;
  for (const auto& [name, member] : kSizes) sizes[name] = shape.*member;
  return {kKey, sizes.dump()};
}

std::optional<VideoShape> shape_from(const Metadata& metadata, const std::string& where) {
  const auto found = metadata.find(kKey);
  if (found == metadata.end()) return std::nullopt;
  const auto metadata_of = concat(where, ": the metadata ", kKey, " ");
  const auto sizes = parse_json(found->second, metadata_of);
  constexpr int64_t kLargest = 1 << 20;
  VideoShape shape;
  for (const auto& [name, member] : kSizes) {
    shape.*member = number_at(sizes, name);
    SAVP_CHECK(shape.*member >= 0 && shape.*member <= kLargest, DataError, metadata_of,
               "cannot be read: it has no ", name, " from 0 to ", kLargest);
  }
  return shape;
}

}  // namespace savp
