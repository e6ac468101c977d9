// The device that work runs on.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace savp {

// "auto" (the first GPU that CUDA_VISIBLE_DEVICES leaves, else the CPU), "cpu", "cuda" or "cuda:1". Throws
// UsageError for anything else and for a GPU that is not there; `what` opens the message ("--device").
c10::Device device_named(const std::string& text, const char* what = "device");

// GPUs that LibTorch can use.
int64_t gpu_count();

// What device_named() takes for the process of this number on its machine, where several share the GPUs:
// "cuda:1"; "auto" without GPUs.
std::string device_of_process(int64_t local_rank);

// Threads that LibTorch computes with on the CPU; 0: as many as it likes (OMP_NUM_THREADS, else one a core).
void use_threads(int64_t count);

// "NVIDIA H100 80GB HBM3", "CPU, 2 threads".
std::string device_name(const c10::Device& device);

// The most of a GPU's memory that may be used, from 0 (no limit) to 1. Without effect on the CPU.
void limit_gpu_memory(const c10::Device& device, double fraction);

// Waits until a device has done all that it was asked to do.
void wait_for(const c10::Device& device);

// While it lives, an operation that waits for a GPU throws. Without effect on the CPU.
class RefuseWaiting {
 public:
  explicit RefuseWaiting(const c10::Device& device);
  ~RefuseWaiting();
  RefuseWaiting(const RefuseWaiting&) = delete;
  RefuseWaiting& operator=(const RefuseWaiting&) = delete;

 private:
  bool active_;
};

// The most memory that was in use so far (MiB): of the device, or of this process where it is the CPU.
double peak_mebibytes(const c10::Device& device);

// From now on this process reuses the memory of tensors that are gone instead of giving it back at once: each
// step allocates the same tensors again, and fresh pages cost about a tenth of its time. Call it first.
void keep_freed_memory();

}  // namespace savp
