// Tensors of golden cases.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>

#include "core/error.h"
#include "io/safetensors.h"

namespace savp {

// A copy of a tensor of numbers; throws where there is none of this name.
inline at::Tensor stored_tensor(const SafetensorsFile& file, const std::string& name) {
  const auto* view = file.find(name);
  SAVP_CHECK(view != nullptr, DataError, file.path(), ": no tensor ", name);
  SAVP_CHECK(view->dtype == "F32" || view->dtype == "I32", DataError, file.path(), ": ", name, " is ",
             view->dtype);
  auto tensor = at::empty(view->shape, view->dtype == "F32" ? at::kFloat : at::kInt);
  std::memcpy(tensor.data_ptr(), view->data, view->bytes);
  return tensor;
}

// Pictures are stored with the channels last, [..., H, W, C].
inline at::Tensor stored_pictures(const SafetensorsFile& file, const std::string& name) {
  return stored_tensor(file, name).movedim(-1, -3).contiguous();
}

// Equal within an absolute tolerance; infinities equal themselves, and what is not a number equals the same.
inline ::testing::AssertionResult near(const at::Tensor& value, const at::Tensor& expected,
                                       double tolerance) {
  if (value.sizes() != expected.sizes())
    return ::testing::AssertionFailure() << value.sizes() << " instead of " << expected.sizes();
  if (at::allclose(value, expected, /*rtol=*/0, tolerance, /*equal_nan=*/true))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << value << "\ninstead of\n" << expected;
}

}  // namespace savp
