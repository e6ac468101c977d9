// Errors that a user can cause, each with the exit code of the tool that meets it. All are thrown by value
// and are meant to be caught as const Error&, or as const std::exception& where others are caught, too. What
// had been begun is undone before one leaves a function of this library: files appear whole or not at all,
// and an object that a method was called of stays usable unless the method says otherwise. Copies share
// nothing; any thread may throw, catch and read them.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace savp {

// Exit codes of the tools (docs/formats.md, "Exit codes").
enum class ExitCode {
  kOk = 0,
  kInternal = 1,      // a mistake of this program
  kUsage = 2,         // flags, hyperparameters or arguments that cannot be used
  kData = 3,          // files or folders that are missing, damaged or of another kind
  kOutOfMemory = 4,   // the machine: no memory, a full disk, a failing device
  kDiverged = 5,      // training produced values that are not finite
  kInterrupted = 130  // stopped by a signal; what was to be saved is saved
};

// A message, what(), is one line of UTF-8 without an end of line that says what is wrong, where (file,
// record, offset or key) and what to do. Bytes from files that cannot be printed are escaped in it.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  // What a tool that ends with this error returns to the shell.
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// A flag, hyperparameter, argument or combination of them that cannot be used. Another call with other values
// may succeed.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};

// A file or folder that is missing, unreadable, corrupt or not of the expected kind. The message names it
// and, where it has parts, the record, tensor or key.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(ExitCode::kData, message) {}
};

// Training produced values that are not finite. The last checkpoint that was saved is sound.
class DivergedError : public Error {
 public:
  explicit DivergedError(const std::string& message) : Error(ExitCode::kDiverged, message) {}
};

// The user asked to stop (SIGINT, SIGTERM). Thrown between pieces of work, never in the middle of one.
class InterruptedError : public Error {
 public:
  explicit InterruptedError(const std::string& message) : Error(ExitCode::kInterrupted, message) {}
};

// The arguments, streamed one after the other: concat("frame ", 3) is "frame 3".
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

}  // namespace savp

// Throws an error of the type, with the concatenation of what follows, unless the condition holds. The
// message is made only then.
//
// SAVP_CHECK(size % 2 == 0, UsageError, "crop_size ", size, " is odd: choose an even number");
#define SAVP_CHECK(condition, ErrorType, ...)                               \
  do {                                                                      \
    if (!(condition)) throw ::savp::ErrorType(::savp::concat(__VA_ARGS__)); \
  } while (false)
