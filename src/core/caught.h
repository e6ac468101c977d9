// What an exception means to whoever called: a code and a line.
#pragma once

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

}  // namespace savp
