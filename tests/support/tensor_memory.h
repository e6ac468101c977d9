// The memory that tensors take while a test runs.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

namespace savp {

// Counts what this thread, and backward passes that it starts, allocate and free on the CPU while it lives.
class TensorMemory {
 public:
  int64_t peak_bytes() const { return counter_->peak; }

 private:
  struct Counter : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void* /*pointer*/, int64_t bytes, size_t /*allocated*/, size_t /*reserved*/,
                           c10::Device /*device*/) override {
      now += bytes;
      peak = std::max<int64_t>(peak, now);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::atomic<int64_t> now = 0, peak = 0;
  };
  std::shared_ptr<Counter> counter_ = std::make_shared<Counter>();
  c10::DebugInfoGuard guard_{c10::DebugInfoKind::PROFILER_STATE, counter_};
};

}  // namespace savp
