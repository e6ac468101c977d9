#include "training/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "savp/core/error.h"
#include "savp/core/log.h"

namespace savp {
namespace {

constexpr int64_t kBarWidth = 24;  // characters
constexpr std::chrono::milliseconds kDrawInterval{100};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

size_t terminal_columns() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr std::pair<int64_t, const char*> kUnits[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  const auto total = static_cast<int64_t>(std::llround(seconds));
  for (size_t i = 0; i + 1 < std::size(kUnits); ++i) {
    const auto [unit, name] = kUnits[i];
    const auto [part, part_name] = kUnits[i + 1];
    if (total >= unit) return concat(total / unit, " ", name, " ", total % unit / part, " ", part_name);
  }
  return concat(total, " s");
}

Progress::Progress(int64_t step, int64_t max_steps, bool terminal)
    : first_step_(step), max_steps_(max_steps), terminal_(terminal) {}

Progress::~Progress() { clear(); }

void Progress::advance(int64_t step) {
  last_step_ = Clock::now();
  if (step == first_step_ + 1) timed_from_ = last_step_;
  timed_steps_ = step - first_step_ - 1;
  if (terminal_ && last_step_ - last_draw_ >= kDrawInterval) draw(step);
}

void Progress::report(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  values_.clear();
  for (const auto& [name, value] : values) values_ += concat("  ", name, " ", number(value));
  say(concat("step ", step, "/", max_steps_, values_, time_left(step)));
  if (terminal_) draw(step);
}

void Progress::say(const std::string& message) {
  clear();
  log::info(message);
}

// Until the second step is done, the first one's time is all there is.
double Progress::steps_per_second() const {
  const double elapsed = seconds_between(timed_steps_ > 0 ? timed_from_ : start_, last_step_);
  return elapsed > 0 ? static_cast<double>(std::max<int64_t>(timed_steps_, 1)) / elapsed : 0.0;
}

double Progress::seconds() const { return seconds_between(start_, Clock::now()); }

std::string Progress::time_left(int64_t step) const {
  const double speed = steps_per_second();
  if (speed <= 0) return "";
  return concat("  ", number(speed), " it/s  ETA ",
                duration_text(static_cast<double>(max_steps_ - step) / speed));
}

void Progress::draw(int64_t step) {
  const auto filled = static_cast<size_t>(kBarWidth * step / std::max<int64_t>(max_steps_, 1));
  auto bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  auto line = concat("[", bar, "] ", step, "/", max_steps_, time_left(step), values_);
  line.resize(std::min(line.size(), terminal_columns() - 1));
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
  last_draw_ = Clock::now();
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace savp
