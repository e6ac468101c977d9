#include "datasets/device_prefetcher.h"

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace savp {
namespace {

template <class Change>
Batch changed(const Batch& batch, const Change& change) {
  const auto apply = [&](const Tensor& tensor) { return tensor.defined() ? change(tensor) : tensor; };
  return {apply(batch.images), apply(batch.actions), apply(batch.states), apply(batch.pix_distribs)};
}

at::Device with_index(at::Device device) {
  return device.has_index() ? device : c10::impl::VirtualGuardImpl(device.type()).getDevice();
}

}  // namespace

DevicePrefetcher::DevicePrefetcher(std::unique_ptr<Stream<Placed<Batch>>> source, at::Device device)
    : source_(std::move(source)),
      device_(with_index(device)),
      copies_(c10::impl::VirtualGuardImpl(device_.type())
                  .getStreamFromGlobalPool(device_, /*isHighPriority=*/false)) {}

void DevicePrefetcher::start() {
  started_ = true;
  under_way_.reset();
  try {
    if (const auto batch = source_->next()) under_way_ = copy(*batch);
  } catch (...) {
    error_ = std::current_exception();
  }
}

DevicePrefetcher::Copy DevicePrefetcher::copy(const Placed<Batch>& batch) const {
  const c10::StreamGuard guard(copies_);
  const auto pinned = changed(batch.value, [](const Tensor& tensor) { return tensor.pin_memory(); });
  Copy copy{{pinned.to(device_), batch.after}, c10::Event(device_.type())};
  copy.done.record(copies_);
  return copy;
}

std::optional<Placed<Batch>> DevicePrefetcher::next() {
  if (!started_) start();
  if (error_) std::rethrow_exception(error_);
  if (!under_way_) return std::nullopt;
  const auto current = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  under_way_->done.block(current);
  auto batch = std::move(under_way_->batch);
  batch.value = changed(batch.value, [&](const Tensor& tensor) {
    tensor.record_stream(current);  // its memory belongs to the other stream
    return tensor;
  });
  start();
  return batch;
}

}  // namespace savp
