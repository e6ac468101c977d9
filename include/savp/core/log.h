// One line a message, to standard error; a progress bar there is cleared and redrawn by its owner.
#pragma once

#include <string_view>

namespace savp::log {

void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);

// Nothing below warnings is shown.
void set_quiet(bool quiet);

}  // namespace savp::log
