// Counts what LibTorch dispatches: on a GPU, about what it launches.
#pragma once

#include <ATen/record_function.h>

#include <cstdint>
#include <map>
#include <string>

namespace savp {

// What all threads dispatch while it lives. One at a time.
class OperatorCount {
 public:
  OperatorCount();
  ~OperatorCount();
  OperatorCount(const OperatorCount&) = delete;
  OperatorCount& operator=(const OperatorCount&) = delete;

  // How often an operator ("aten::item") was called, by the program or by another operator.
  int64_t calls(const std::string& name) const;

  // Those of them that were made inside another operator.
  int64_t calls_inside(const std::string& name, const std::string& outer) const;

  // Those that compute something themselves, by name: neither views and allocations nor made of others.
  std::map<std::string, int64_t> computing() const;

  // Those of them that derivatives are made of, by derivative ("SliceBackward0").
  std::map<std::string, int64_t> computing_gradients() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace savp
