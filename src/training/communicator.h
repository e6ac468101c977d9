// Several processes that train one model together, each on its part of every batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "training/rendezvous.h"

namespace savp {

// Another process is gone, or cannot be reached.
class PeerError : public Error {
 public:
  explicit PeerError(const std::string& message) : Error(ExitCode::kOutOfMemory, message) {}
};

// What Communicator::first_to() calls the line that tells why a training ended.
inline constexpr const char* kTellOfError = "tell of the error";

// What is called here must be called by all processes, in the same order, with tensors of the same size and
// type; from one thread at a time. Throws PeerError where that can no longer succeed: then nothing more can
// be asked but first_to().
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int64_t rank() const = 0;  // from 0 to size() - 1
  virtual int64_t size() const = 0;

  // Starts to add up a contiguous tensor over all processes, in place. What is returned must be called
  // before the tensor is read (on a GPU it lets the current stream wait, and the host go on).
  virtual std::function<void()> start_sum(const at::Tensor& tensor) = 0;
  void sum(const at::Tensor& tensor) { start_sum(tensor)(); }
  // Gives the tensor of rank 0 to all.
  virtual void broadcast(const at::Tensor& tensor) = 0;
  // Waits until all have come here.
  virtual void barrier() = 0;

  // Whether this process is the first of all that asks by this name, however often it does: one of them is to
  // tell the user. For this, nobody needs to wait for anybody.
  virtual bool first_to(const std::string& what) = 0;
};

// One process alone: everything is there already.
std::shared_ptr<Communicator> alone();

// Joins the others (c10d: NCCL for tensors on GPUs, Gloo for those of the CPU). Waits for all of them. Throws
// PeerError where they do not come, UsageError where this build cannot.
std::shared_ptr<Communicator> join(const Rendezvous& rendezvous, const at::Device& device);

// A number of each process, by rank.
std::vector<int64_t> gather(Communicator& communicator, int64_t mine);

}  // namespace savp
