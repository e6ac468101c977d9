// One line a message, unless it says otherwise, to standard error; a progress bar there is cleared and
// redrawn by its owner.
#pragma once

#include <string_view>

namespace savp::log {

void info(std::string_view message);
// A message of several lines, such as a table.
void info_lines(std::string_view lines);
void warn(std::string_view message);
void error(std::string_view message);

// Nothing below warnings is shown.
void set_quiet(bool quiet);
// Nothing but errors is shown, for one of several processes of which another tells the rest.
void set_errors_only();

}  // namespace savp::log
