#include "io/byte_source.h"

#include <algorithm>

#include "core/error.h"

namespace savp {

std::string take_bytes(ByteSource& source, size_t count, const std::string& name) {
  constexpr size_t kBlock = 1U << 24U;
  std::string taken;
  while (taken.size() < count) {
    const auto had = taken.size();
    taken.resize(std::min(count, had + kBlock));
    const auto got = source.read(taken.data() + had, taken.size() - had);
    SAVP_CHECK(got > 0, DataError, name, ": is cut short");
    taken.resize(had + got);
  }
  return taken;
}

void expect_end(ByteSource& source, const std::string& name) {
  char more = 0;
  SAVP_CHECK(source.read(&more, 1) == 0, DataError, name, ": goes on after its last value");
}

}  // namespace savp
