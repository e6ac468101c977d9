#include "training/gradient_average.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace savp {

// Called by the backward pass when a parameter's gradient is complete.
struct GradientAverage::Hook : torch::autograd::PostAccumulateGradHook {
  Hook(GradientAverage& of, size_t in) : owner(of), bucket(in) {}
  void operator()(const at::Tensor& /*parameter*/) override { owner.note(bucket); }
  GradientAverage& owner;
  size_t bucket;
};

GradientAverage::GradientAverage(const NamedTensors& parameters, std::shared_ptr<Communicator> communicator,
                                 int64_t bucket_bytes)
    : communicator_(std::move(communicator)) {
  if (communicator_->size() == 1) return;
  int64_t room = 0;
  for (auto named = parameters.rbegin(); named != parameters.rend(); ++named) {
    const auto& parameter = named->second;
    const auto bytes = static_cast<int64_t>(parameter.nbytes());
    if (buckets_.empty() || room < bytes) {
      buckets_.emplace_back();
      room = bucket_bytes;
    }
    room -= bytes;
    buckets_.back().parameters.push_back(parameter);
    torch::autograd::impl::set_post_acc_grad_hooks(parameter,
                                                   std::make_unique<Hook>(*this, buckets_.size() - 1));
  }
}

GradientAverage::~GradientAverage() {
  for (const auto& bucket : buckets_)
    for (const auto& parameter : bucket.parameters)
      torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
}

void GradientAverage::start() {
  for (auto& bucket : buckets_) bucket.ready = 0;
  next_ = 0;
  active_ = true;
}

// All processes send in the same order, whatever becomes ready first.
void GradientAverage::note(size_t bucket) {
  if (!active_) return;
  ++buckets_[bucket].ready;
  while (next_ < buckets_.size() && buckets_[next_].ready == buckets_[next_].parameters.size())
    send_until(next_ + 1);
}

void GradientAverage::send_until(size_t end) {
  for (; next_ < end; ++next_) send(buckets_[next_]);
}

void GradientAverage::send(Bucket& bucket) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : bucket.parameters)
    if (parameter.grad().defined()) gradients.push_back(parameter.grad().flatten());
  if (gradients.empty()) return;
  bucket.flat = at::cat(gradients);
  bucket.wait = communicator_->start_sum(bucket.flat);
}

void GradientAverage::receive(Bucket& bucket) const {
  if (!bucket.wait) return;
  bucket.wait();
  bucket.wait = nullptr;
  bucket.flat.div_(static_cast<double>(communicator_->size()));
  int64_t from = 0;
  for (auto& parameter : bucket.parameters) {
    if (!parameter.grad().defined()) continue;
    parameter.mutable_grad() = bucket.flat.narrow(0, from, parameter.numel()).view(parameter.sizes());
    from += parameter.numel();
  }
  bucket.flat.reset();
}

void GradientAverage::finish() {
  const at::NoGradGuard no_grad;
  active_ = false;
  send_until(buckets_.size());
  for (auto& bucket : buckets_) receive(bucket);
}

}  // namespace savp
