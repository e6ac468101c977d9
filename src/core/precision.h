// How exactly products are computed in training. Weights, losses, norms' statistics and Adam are float in
// any case.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <utility>

#include "core/hparams.h"

namespace savp {

enum class Precision { kFp32, kTf32, kBf16 };
template <>
struct EnumNames<Precision> {
  static constexpr std::pair<Precision, const char*> kTable[] = {
      {Precision::kFp32, "fp32"}, {Precision::kTf32, "tf32"}, {Precision::kBf16, "bf16"}};
};

// Throws UsageError where the device has no such products: tf32 is for GPUs.
void check_precision(Precision precision, const c10::Device& device);

// Convolutions and matrix products of this thread, and of the gradients that it asks for, while it lives.
class ProductPrecision {
 public:
  explicit ProductPrecision(Precision precision);
  ~ProductPrecision();
  ProductPrecision(const ProductPrecision&) = delete;
  ProductPrecision& operator=(const ProductPrecision&) = delete;

 private:
  bool tf32_before_[2];
};

// While it lives, this thread's convolutions and matrix products take and give bfloat16 where that is the
// precision; what needs range or exactness (norms, losses, softmax) stays float. Nothing changes in
// another precision.
class ReducedForward {
 public:
  ReducedForward(Precision precision, const c10::Device& device);
  ~ReducedForward();
  ReducedForward(const ReducedForward&) = delete;
  ReducedForward& operator=(const ReducedForward&) = delete;

 private:
  c10::DeviceType device_;
  bool active_, before_;
};

// Keeps float what a part of a forward pass computes, whatever stands around it.
class FloatForward {
 private:
  c10::impl::ExcludeDispatchKeyGuard no_casts_{c10::autocast_dispatch_keyset};
};

// Whether convolutions on the device give bfloat16 here.
bool reduced_forward(const c10::Device& device);

}  // namespace savp
