// Gradients that become the means of those of all processes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "checkpoints/variables.h"
#include "training/communicator.h"

namespace savp {

// Gradients travel in buckets, the last parameters first, as a backward pass yields them: a bucket is under
// way while the pass still computes those before it. Without other processes nothing is done.
class GradientAverage {
 public:
  static constexpr int64_t kBucketBytes = 4 << 20;

  GradientAverage(const NamedTensors& parameters, std::shared_ptr<Communicator> communicator,
                  int64_t bucket_bytes = kBucketBytes);
  ~GradientAverage();
  GradientAverage(const GradientAverage&) = delete;
  GradientAverage& operator=(const GradientAverage&) = delete;

  // The next backward pass completes the gradients.
  void start();
  // Waits for all of them. Those that no process has stay undefined; all must have the same ones.
  void finish();

  size_t buckets() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::vector<at::Tensor> parameters;
    size_t ready = 0;  // how many have their gradient
    at::Tensor flat;
    std::function<void()> wait;
  };
  struct Hook;

  void note(size_t bucket);
  void send_until(size_t end);
  void send(Bucket& bucket) const;
  void receive(Bucket& bucket) const;

  std::shared_ptr<Communicator> communicator_;
  std::deque<Bucket> buckets_;
  size_t next_ = 0;  // to be sent
  bool active_ = false;
};

}  // namespace savp
