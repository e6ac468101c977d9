// Where what can be made or fetched again is kept: $SAVP_CACHE_DIR, else $XDG_CACHE_HOME/savp,
// else ~/.cache/savp.
#pragma once

#include <filesystem>

namespace savp {

// It need not be there yet. Throws DataError where no variable of the environment says where it is.
std::filesystem::path cache_folder();

}  // namespace savp
