#include "savp/version.h"

namespace savp {

const char* version() { return SAVP_VERSION; }

}  // namespace savp
