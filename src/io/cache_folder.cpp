#include "io/cache_folder.h"

#include <cstdlib>
#include <utility>

#include "core/error.h"

namespace savp {

namespace fs = std::filesystem;

fs::path cache_folder() {
  const std::pair<const char*, const char*> places[] = {
      {"SAVP_CACHE_DIR", ""}, {"XDG_CACHE_HOME", "savp"}, {"HOME", ".cache/savp"}};
  for (const auto& [variable, below] : places)
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0')
      return fs::path(value) / below;
  throw DataError("there is no folder for the cache: set SAVP_CACHE_DIR to one");
}

}  // namespace savp
