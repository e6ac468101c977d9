#include "savp/core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "savp/core/printable.h"

namespace savp::log {
namespace {

spdlog::logger& logger() {
  static const auto kLogger = [] {
    auto made = spdlog::stderr_color_mt("savp");
    made->set_pattern("%^%l%$: %v");
    return made;
  }();
  return *kLogger;
}

// Messages hold names from files, which may hold anything of any length.
std::string line(std::string_view message) {
  constexpr size_t kLongest = 2000;  // bytes
  return printable(message, kLongest);
}

}  // namespace

void info(std::string_view message) { logger().info("{}", line(message)); }
void warn(std::string_view message) { logger().warn("{}", line(message)); }
void error(std::string_view message) { logger().error("{}", line(message)); }
void set_quiet(bool quiet) { logger().set_level(quiet ? spdlog::level::warn : spdlog::level::info); }

}  // namespace savp::log
