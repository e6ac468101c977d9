#include "core/device_graph.h"

#ifdef SAVP_WITH_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include "core/error.h"

namespace savp {

#ifdef SAVP_WITH_CUDA

namespace {

// One for all recordings: what autograd keeps from step to step stays on it.
c10::cuda::CUDAStream recording_stream(const c10::Device& device) {
  static auto stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index());
  return stream;
}

}  // namespace

struct DeviceGraph::Body {
  at::cuda::CUDAGraph graph;
};

bool DeviceGraph::available(const c10::Device& device) { return device.is_cuda(); }

void DeviceGraph::warm_up(const c10::Device& device, const std::function<void()>& work) {
  c10::cuda::device_synchronize();
  {
    const c10::cuda::CUDAStreamGuard on(recording_stream(device));
    work();
  }
  c10::cuda::device_synchronize();
}

DeviceGraph::DeviceGraph(const c10::Device& device, const std::function<void()>& work,
                         const std::vector<at::Generator>& generators, const DeviceGraph* shared)
    : body_(std::make_unique<Body>()) {
  c10::cuda::device_synchronize();
  const c10::cuda::CUDAStreamGuard on(recording_stream(device));
  for (const auto& generator : generators) body_->graph.register_generator_state(generator);
  // Only this thread must do nothing that cannot be recorded: others read data and copy batches meanwhile.
  body_->graph.capture_begin(shared ? shared->body_->graph.pool() : at::cuda::MempoolId_t{0, 0},
                             cudaStreamCaptureModeThreadLocal);
  try {
    work();
  } catch (...) {
    try {
      body_->graph.capture_end();
    } catch (const c10::Error&) {  // the recording is void already, and why is what `work` threw
    }
    throw;
  }
  body_->graph.capture_end();
}

void DeviceGraph::replay() { body_->graph.replay(); }

#else

struct DeviceGraph::Body {};
bool DeviceGraph::available(const c10::Device&) { return false; }
void DeviceGraph::warm_up(const c10::Device&, const std::function<void()>& work) { work(); }
DeviceGraph::DeviceGraph(const c10::Device&, const std::function<void()>&, const std::vector<at::Generator>&,
                         const DeviceGraph*) {
  throw UsageError("this program was built without CUDA, and only GPUs record graphs");
}
void DeviceGraph::replay() {}

#endif

DeviceGraph::~DeviceGraph() = default;
DeviceGraph::DeviceGraph(DeviceGraph&&) noexcept = default;

}  // namespace savp
