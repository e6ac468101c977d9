#include "core/precision.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

#include "core/error.h"

namespace savp {

void check_precision(Precision precision, const c10::Device& device) {
  SAVP_CHECK(precision != Precision::kTf32 || device.is_cuda(), UsageError,
             "--precision tf32 is for --device cuda: on the CPU use fp32 or bf16");
}

ProductPrecision::ProductPrecision(Precision precision)
    : tf32_before_{at::globalContext().allowTF32CuBLAS(), at::globalContext().allowTF32CuDNN()} {
  // What is not done in bfloat16 under bf16 is small: it may stay float.
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
  at::globalContext().setAllowTF32CuDNN(precision == Precision::kTf32);
}

ProductPrecision::~ProductPrecision() {
  at::globalContext().setAllowTF32CuBLAS(tf32_before_[0]);
  at::globalContext().setAllowTF32CuDNN(tf32_before_[1]);
}

ReducedForward::ReducedForward(Precision precision, const c10::Device& device)
    : device_(device.type()),
      active_(precision == Precision::kBf16),
      before_(active_ && at::autocast::is_autocast_enabled(device_)) {
  if (!active_) return;
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

ReducedForward::~ReducedForward() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, before_);
}

bool reduced_forward(const c10::Device& device) {
  return at::autocast::is_autocast_enabled(device.type()) &&
         !c10::impl::tls_is_dispatch_keyset_excluded(c10::autocast_dispatch_keyset);
}

}  // namespace savp
