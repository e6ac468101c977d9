// Tells how training goes, on standard error: a line now and then and, on a terminal, a bar below it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace savp {

class Progress {
 public:
  Progress(int64_t step, int64_t max_steps, bool terminal);
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // After every step; redraws the bar at most ten times a second.
  void advance(int64_t step);

  // A line: step, values, speed, time left. The values stay in the bar.
  void report(int64_t step, const std::vector<std::pair<std::string, double>>& values);

  // Any other line.
  void say(const std::string& message);

  double steps_per_second() const;
  double seconds() const;  // since the start

 private:
  using Clock = std::chrono::steady_clock;

  std::string time_left(int64_t step) const;
  void draw(int64_t step);
  void clear();

  int64_t first_step_, max_steps_;
  bool terminal_, drawn_ = false;
  Clock::time_point start_ = Clock::now(), last_draw_ = start_;
  Clock::time_point timed_from_ = start_;  // the end of the first step, which is slower than the others
  int64_t timed_steps_ = 0;
  Clock::time_point last_step_ = start_;
  std::string values_;
};

// "12 s", "3 min 20 s", "4 h 5 min", "2 d 3 h".
std::string duration_text(double seconds);

}  // namespace savp
