#include "training/communicator.h"

#include <ATen/ATen.h>

namespace savp {
namespace {

class Alone final : public Communicator {
 public:
  int64_t rank() const override { return 0; }
  int64_t size() const override { return 1; }
  std::function<void()> start_sum(const at::Tensor& /*tensor*/) override {
    return [] {};
  }
  void broadcast(const at::Tensor& /*tensor*/) override {}
  void barrier() override {}
  bool first_to(const std::string& /*what*/) override { return true; }
};

}  // namespace

std::shared_ptr<Communicator> alone() { return std::make_shared<Alone>(); }

std::vector<int64_t> gather(Communicator& communicator, int64_t mine) {
  const auto all = at::zeros({communicator.size()}, at::kLong);
  auto* numbers = all.data_ptr<int64_t>();
  numbers[communicator.rank()] = mine;
  communicator.sum(all);
  return {numbers, numbers + communicator.size()};
}

}  // namespace savp
