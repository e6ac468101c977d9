// Work of a GPU, recorded once and replayed as a whole: one launch instead of thousands.
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <vector>

namespace savp {

class DeviceGraph {
 public:
  // Whether there are graphs on such a device.
  static bool available(const c10::Device& device);

  // Calls `work` once and records what it asks of the device, without doing it. `work` must not wait for
  // the device, read from it, or depend on it; all that it will have to see anew when replayed must keep
  // its place in memory. generators: all that it draws from; each replay draws on from where they stand.
  // With `shared`, the memory of an earlier graph is used as well: the two must never be replayed at the
  // same time.
  //
  // Throws what `work` throws, and c10::Error where it cannot be recorded; nothing is left recorded then.
  DeviceGraph(const c10::Device& device, const std::function<void()>& work,
              const std::vector<at::Generator>& generators, const DeviceGraph* shared = nullptr);
  ~DeviceGraph();
  DeviceGraph(DeviceGraph&&) noexcept;

  // On the current stream; does not wait for it.
  void replay();

  // Calls `work` on the stream that graphs are recorded on, and waits for it: what is done for the first time
  // (the choice of algorithms, handles, memory) must be done before it is recorded.
  static void warm_up(const c10::Device& device, const std::function<void()>& work);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace savp
