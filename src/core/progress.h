// Tells how long work of many steps goes on, on standard error: lines now and then and, on a terminal, a bar
// below them. What has no fixed length is broken where a terminal ends, and stays one line in a pipe or a
// file, where programs look for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace savp {

class Progress {
 public:
  // `columns` of the screen; 0: those of the terminal, where there is one.
  Progress(int64_t step, int64_t max_steps, bool terminal, size_t columns = 0);
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // After some steps. The first time, a line tells how long they took and all will take (on a pipe, too); the
  // bar is redrawn at most ten times a second.
  void advance(int64_t step);

  // A line: step, the first of the values that fit, what is to be noted of the run's health (may be empty),
  // speed, time left; with --verbose all values follow. They stay in the bar. Where a line holds no value, a
  // list of the essential.
  void report(int64_t step, const std::vector<std::pair<std::string, double>>& values,
              const std::string& health = "");

  // "title: text, text, ..."
  void list(const std::string& title, const std::vector<std::string>& texts);

  // Any other line, and a warning.
  void say(const std::string& message);
  void warn(const std::string& message);

  double steps_per_second() const;
  double seconds() const;  // since the start
  // "ETA 3 min 20 s"; empty before the first step.
  std::string time_left(int64_t step) const;

 private:
  using Clock = std::chrono::steady_clock;

  void tell_first(int64_t step);
  std::string speed() const;
  std::string bar(int64_t step) const;
  void draw(int64_t step);
  void clear();
  std::string in_columns(int64_t step, const std::string& health) const;
  std::vector<std::string> essentials(int64_t step, const std::string& health) const;
  const std::pair<std::string, double>* g_loss() const;  // among values_, or null
  size_t columns() const;
  size_t line_width() const;  // without the prefix

  int64_t first_step_, max_steps_;
  bool terminal_, drawn_ = false;
  size_t columns_;
  Clock::time_point start_ = Clock::now(), last_draw_ = start_;
  Clock::time_point timed_from_ = start_;  // the end of the first step, which is slower than the others
  int64_t timed_from_step_, last_step_number_;
  Clock::time_point last_step_ = start_;
  std::vector<std::pair<std::string, double>> values_;
};

// Progress::list() where no bar can be.
void tell_list(const std::string& title, const std::vector<std::string>& texts);

// Four digits: "0.1234", "1.5e-05".
std::string short_number(double value);

// "12 s", "3 min 20 s", "4 h 5 min", "2 d 3 h".
std::string duration_text(double seconds);

}  // namespace savp
