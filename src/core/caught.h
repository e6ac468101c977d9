// What an exception means to whoever called: a code and a line.
#pragma once

#include <optional>
#include <string>

#include "core/error.h"

namespace savp {

struct Caught {
  ExitCode code = ExitCode::kOk;
  std::string message = {};  // one line
};

// Of the exception that is being handled, whoever threw it; to be called within a catch block. What is no
// savp::Error, lack of memory or fault of the file system is kInternal.
Caught caught_error();

// What the exception that is being handled says where it tells of a lack of memory, of the host or a GPU;
// none of any other exception.
std::optional<std::string> shortage_of_memory();

}  // namespace savp
