// Brings batches to an accelerator ahead of time.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <exception>
#include <memory>
#include <optional>

#include "core/video.h"
#include "datasets/sequence.h"
#include "datasets/stream.h"

namespace savp {

// Copies the next batch through pinned memory on a stream of its own while the present one is worked on. The
// copy is asynchronous for the host; the caller's current stream waits for it.
class DevicePrefetcher : public Stream<Placed<Batch>> {
 public:
  DevicePrefetcher(std::unique_ptr<Stream<Placed<Batch>>> source, at::Device device);
  std::optional<Placed<Batch>> next() override;

 private:
  struct Copy {
    Placed<Batch> batch;  // on the device, once `done`
    c10::Event done;
  };
  void start();
  Copy copy(const Placed<Batch>& batch) const;

  std::unique_ptr<Stream<Placed<Batch>>> source_;
  at::Device device_;
  c10::Stream copies_;
  std::optional<Copy> under_way_;
  std::exception_ptr error_;  // for the next batch, thrown when it is asked for
  bool started_ = false;
};

}  // namespace savp
