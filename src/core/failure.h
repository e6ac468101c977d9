// Failures that the operating system reports, and which of them are no fault of the data.
#pragma once

#include <string>

#include "core/error.h"

namespace savp {

// The machine fails, not the data: a full disk, an I/O error, too many open files, no memory. What leaves out
// damaged data must not catch it.
class ResourceError : public Error {
 public:
  explicit ResourceError(const std::string& message) : Error(ExitCode::kOutOfMemory, message) {}
};

// Whether an errno tells of the machine.
bool is_of_machine(int code);

// Throws "WHAT (No space left on device)": a ResourceError for what is_of_machine(), else a DataError.
[[noreturn]] void throw_failure(int code, const std::string& what);

}  // namespace savp
