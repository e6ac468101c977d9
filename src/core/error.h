// Errors that a user can cause, each with the exit code of the tool that meets it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace savp {

// Exit codes of the tools (see README, "Exit codes").
enum class ExitCode {
  kOk = 0,
  kInternal = 1,
  kUsage = 2,
  kData = 3,
  kOutOfMemory = 4,
  kDiverged = 5,
  kInterrupted = 130
};

// A message is one line that says what is wrong, where (file, record, offset or key) and what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// A flag, hyperparameter or combination of them that cannot be used.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};

// A file or folder that is missing, unreadable, corrupt or not of the expected kind.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(ExitCode::kData, message) {}
};

// Training produced values that are not finite.
class DivergedError : public Error {
 public:
  explicit DivergedError(const std::string& message) : Error(ExitCode::kDiverged, message) {}
};

// The user asked to stop (SIGINT, SIGTERM).
class InterruptedError : public Error {
 public:
  explicit InterruptedError(const std::string& message) : Error(ExitCode::kInterrupted, message) {}
};

// The arguments, streamed one after the other.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

}  // namespace savp

// SAVP_CHECK(size % 2 == 0, UsageError, "crop_size ", size, " is odd: choose an even number");
#define SAVP_CHECK(condition, ErrorType, ...)                               \
  do {                                                                      \
    if (!(condition)) throw ::savp::ErrorType(::savp::concat(__VA_ARGS__)); \
  } while (false)
