// How much log::info and progress tell, as -q and --verbose say.
#pragma once

namespace savp::log {

enum class Verbosity { kQuiet, kUsual, kVerbose };

// kQuiet shows nothing below warnings, and no progress bar.
void set_verbosity(Verbosity verbosity);
bool quiet();
bool verbose();

}  // namespace savp::log
