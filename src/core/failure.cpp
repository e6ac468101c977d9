#include "core/failure.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace savp {

bool is_of_machine(int code) {
  constexpr std::array kOfMachine = {ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOMEM, ESTALE};
  return std::find(kOfMachine.begin(), kOfMachine.end(), code) != kOfMachine.end();
}

void throw_failure(int code, const std::string& what) {
  const auto message = concat(what, " (", std::strerror(code), ")");
  if (is_of_machine(code)) throw ResourceError(message);
  throw DataError(message);
}

}  // namespace savp
