// Something done as a user who may do little; root may read everything.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace savp {

template <class Action>
std::string without_rights(const Action& action) {
  const auto user = ::geteuid();
  if (user == 0 && ::seteuid(65534) != 0) return "cannot become another user";
  const std::string said = action();
  if (user == 0 && ::seteuid(0) != 0) std::abort();
  return said;
}

}  // namespace savp
