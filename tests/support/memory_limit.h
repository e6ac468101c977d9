// A bound on the memory that a test may take.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace savp {

// While it lives, this process gets so many bytes more than it has, and std::bad_alloc beyond them.
class MemoryLimit {
 public:
  explicit MemoryLimit(int64_t bytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    int64_t pages = 0;  // that the process has
    std::ifstream("/proc/self/statm") >> pages;
    auto limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE) + bytes);
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace savp
