#include "golden_runner/op_names.h"

#include <utility>

#include "core/error.h"

namespace savp::golden {
namespace {

template <class Enum, size_t N>
Enum choice(const OpCall& call, const char* key, const std::pair<const char*, Enum> (&table)[N]) {
  const auto text = call.arg<std::string>(key, table[0].first);
  for (const auto& [name, value] : table)
    if (text == name) return value;
  throw UsageError(concat("we have no ", key, " ", text));
}

}  // namespace

nn::Padding padding_of(const OpCall& call) {
  return choice<nn::Padding>(
      call, "padding",
      {{"SAME", nn::Padding::kSame}, {"VALID", nn::Padding::kValid}, {"FULL", nn::Padding::kFull}});
}

nn::Border border_of(const OpCall& call) {
  return choice<nn::Border>(call, "mode",
                            {{"CONSTANT", nn::Border::kConstant},
                             {"SYMMETRIC", nn::Border::kSymmetric},
                             {"REFLECT", nn::Border::kReflect}});
}

nn::Upsampling upsampling_of(const OpCall& call) {
  return choice<nn::Upsampling>(
      call, "upsample_mode",
      {{"bilinear", nn::Upsampling::kBilinear}, {"nearest", nn::Upsampling::kNearest}});
}

}  // namespace savp::golden
