#include "checkpoints/video_shape.h"

#include <nlohmann/json.hpp>

#include "core/error.h"

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
  try {
    const auto sizes = nlohmann::json::parse(found->second);
    VideoShape shape;
    for (const auto& [name, member] : kSizes) shape.*member = sizes.at(name).get<int64_t>();
    return shape;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(concat(where, ": the metadata ", kKey, " cannot be read: ", error.what()));
  }
}

}  // namespace savp
