#include "checkpoints/dtypes.h"

#include <utility>

#include "core/error.h"

namespace savp {
namespace {

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"F32", at::kFloat}, {"F64", at::kDouble}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},  {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},   {"BOOL", at::kBool}};

}  // namespace

std::string dtype_of(const at::Tensor& tensor) {
  for (const auto& [name, type] : kTypes)
    if (tensor.scalar_type() == type) return name;
  TORCH_CHECK(false, "no name for the type ", tensor.scalar_type());
}

at::ScalarType type_of(const TensorView& view) {
  for (const auto& [name, type] : kTypes)
    if (view.dtype == name) return type;
  throw DataError(concat("tensor '", view.name, "' has the type ", view.dtype, ", which cannot be used"));
}

}  // namespace savp
