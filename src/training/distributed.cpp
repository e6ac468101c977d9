// The processes of a training joined by c10d, which LibTorch brings along.
#include <ATen/ATen.h>
#include <c10/util/Logging.h>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <chrono>
#include <map>
#include <thread>

#include "training/communicator.h"

namespace savp {
namespace {

// How long the others may take to come, and then from one call to the next: a validation over a whole data
// set, which only one process does, may take long. That a process is gone shows at once.
constexpr std::chrono::minutes kToMeet{5}, kToAnswer{120};

constexpr std::chrono::seconds kToAsk{2};  // who is to tell of an error

using Backend = c10::intrusive_ptr<c10d::Backend>;

// Without the place in somebody's source code.
std::string first_line(const std::string& text) {
  const auto begin = text.starts_with('[') ? text.find("] ") : std::string::npos;
  return text.substr(begin == std::string::npos ? 0 : begin + 2).substr(0, text.find('\n'));
}

class Joined final : public Communicator {
 public:
  Joined(const Rendezvous& at, const at::Device& device) : rank_(at.rank), size_(at.size) {
    FLAGS_caffe2_log_level = c10::GLOG_ERROR;  // the warnings of c10d are pages long; errors are thrown
    guarded([&] { meet(at); });
    guarded([&] {
      host_ = connect_host();
      if (device.is_cuda()) gpu_ = connect_gpu();
    });
  }

  // Whoever leaves with an error asks first_to() before, of the store that rank 0 has.
  ~Joined() override {
    for (const auto& [what, mine] : first_to_) wait_for_others(what);
  }

  int64_t rank() const override { return rank_; }
  int64_t size() const override { return size_; }

  std::function<void()> start_sum(const at::Tensor& tensor) override {
    c10::intrusive_ptr<c10d::Work> work;
    guarded([&] {
      std::vector<at::Tensor> tensors = {tensor};
      work = backend_of(tensor)->allreduce(tensors, {});
    });
    return [this, work] { guarded([&] { work->wait(); }); };
  }

  void broadcast(const at::Tensor& tensor) override {
    guarded([&] {
      std::vector<at::Tensor> tensors = {tensor};
      backend_of(tensor)->broadcast(tensors, {})->wait();
    });
  }

  void barrier() override {
    guarded([&] { host_->barrier({})->wait(); });
  }

  bool first_to(const std::string& what) override {
    const auto [known, fresh] = first_to_.try_emplace(what, false);
    if (fresh) known->second = ask(what);
    return known->second;
  }

 private:
  // Where even the store is gone, rank 1 is likely to be there.
  bool ask(const std::string& what) const {
    try {
      return store_->add(what, 1) == 1;
    } catch (const std::exception&) {
      return rank_ == 1;
    }
  }

  void wait_for_others(const std::string& what) const {
    const auto end = std::chrono::steady_clock::now() + kToAsk;
    try {
      while (rank_ == 0 && std::chrono::steady_clock::now() < end && store_->add(what, 0) < size_)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } catch (const std::exception&) {
      return;
    }
  }

  template <class Action>
  void guarded(const Action& action) const {
    try {
      action();
    } catch (const Error&) {
      throw;
    } catch (const c10::Error& error) {
      lost(error.what_without_backtrace());
    } catch (const std::exception& error) {
      lost(error.what());
    }
  }

  [[noreturn]] void lost(const std::string& why) const {
    throw PeerError(concat("process ", rank_, " of ", size_, " has lost the others (", first_line(why), ")"));
  }

  void meet(const Rendezvous& at) {
    c10d::TCPStoreOptions options;
    options.port = at.port;
    options.isServer = at.serves_store && at.rank == 0;
    options.numWorkers = static_cast<size_t>(at.size);
    options.waitWorkers = at.serves_store;
    options.timeout = kToMeet;
    store_ = c10::make_intrusive<c10d::PrefixStore>("savp" + at.attempt,
                                                    c10::make_intrusive<c10d::TCPStore>(at.address, options));
  }

  Backend connect_host() {
    auto options = c10d::ProcessGroupGloo::Options::create(kToAnswer);
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    options->threads = 2;
    return c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store_),
                                                       static_cast<int>(rank_), static_cast<int>(size_),
                                                       options);
  }

  Backend connect_gpu() {
#ifdef USE_C10D_NCCL
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = kToAnswer;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::PrefixStore>("nccl", store_),
                                                       static_cast<int>(rank_), static_cast<int>(size_),
                                                       options);
#else
    throw UsageError(
        "this build joins processes on CPUs only: build it where LibTorch has CUDA and NCCL's headers, or "
        "use --device cpu");
#endif
  }

  const Backend& backend_of(const at::Tensor& tensor) const { return tensor.is_cpu() ? host_ : gpu_; }

  int64_t rank_, size_;
  c10::intrusive_ptr<c10d::Store> store_;
  Backend host_, gpu_;
  std::map<std::string, bool> first_to_;
};

}  // namespace

std::shared_ptr<Communicator> join(const Rendezvous& rendezvous, const at::Device& device) {
  return std::make_shared<Joined>(rendezvous, device);
}

}  // namespace savp
