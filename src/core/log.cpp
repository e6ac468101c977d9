#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/printable.h"
#include "core/verbosity.h"

namespace savp::log {
namespace {

// Not in spdlog's list: a program that uses this library may have a logger of the same name there.
spdlog::logger& logger() {
  static const auto kLogger = [] {
    const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org
    const bool plain = no_color != nullptr && *no_color != '\0';
    const auto mode = plain ? spdlog::color_mode::never : spdlog::color_mode::automatic;
    auto made =
        std::make_unique<spdlog::logger>("savp", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode));
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

Verbosity& chosen() {
  static Verbosity verbosity = Verbosity::kUsual;
  return verbosity;
}

}  // namespace

void info(std::string_view message) { logger().info("{}", line(message)); }
void info_lines(std::string_view lines) {
  std::string shown;
  for (size_t begin = 0; begin <= lines.size();) {
    const auto end = std::min(lines.find('\n', begin), lines.size());
    shown += (begin > 0 ? "\n" : "") + line(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  logger().info("{}", shown);
}
void warn(std::string_view message) { logger().warn("{}", line(message)); }
void error(std::string_view message) { logger().error("{}", line(message)); }
void set_quiet(bool quiet) { set_verbosity(quiet ? Verbosity::kQuiet : Verbosity::kUsual); }

void set_errors_only() {
  chosen() = Verbosity::kQuiet;
  logger().set_level(spdlog::level::err);
}

void set_verbosity(Verbosity verbosity) {
  chosen() = verbosity;
  logger().set_level(verbosity == Verbosity::kQuiet ? spdlog::level::warn : spdlog::level::info);
}
bool quiet() { return chosen() == Verbosity::kQuiet; }
bool verbose() { return chosen() == Verbosity::kVerbose; }

}  // namespace savp::log
