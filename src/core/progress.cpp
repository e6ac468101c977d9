#include "core/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "core/error.h"
#include "core/log.h"
#include "core/verbosity.h"

namespace savp {
namespace {

constexpr size_t kLargestBar = 24, kSmallestBar = 6;  // characters
constexpr size_t kPipeColumns = 80;
constexpr std::string_view kPrefix = "info: ";  // of a line
constexpr std::chrono::milliseconds kDrawInterval{100};

// 0: there is none.
size_t terminal_columns() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Of a line between its prefix and the last column, which some terminals break at.
size_t between_edges(size_t columns) { return columns - std::min(columns, kPrefix.size() + 1); }

size_t list_width(size_t columns) {
  return columns > 0 ? between_edges(columns) : std::numeric_limits<size_t>::max();
}

// Text that is broken where a line ends; further lines are indented.
class BrokenText {
 public:
  BrokenText(std::string first, size_t width)
      : text_(std::move(first)), line_(text_.size()), width_(std::max(width, kIndent + 1)) {}

  // On one line if there is one that holds it, else broken between words, or within a word that none holds.
  void add(const std::string& piece) {
    if (line_ + 1 + piece.size() <= width_) {
      text_ += " " + piece;
      line_ += 1 + piece.size();
    } else if (const auto space = piece.find(' '); kIndent + piece.size() > width_ && space != piece.npos) {
      add(piece.substr(0, space));
      add(piece.substr(space + 1));
    } else {
      const auto held = piece.substr(0, width_ - kIndent);
      text_ += concat("\n", std::string(kIndent, ' '), held);
      line_ = kIndent + held.size();
      if (held.size() < piece.size()) add(piece.substr(held.size()));
    }
  }

  const std::string& operator()() const { return text_; }

 private:
  static constexpr size_t kIndent = 2;

  std::string text_;
  size_t line_, width_;  // characters: of the last line, of the longest
};

std::string listed(const std::string& title, const std::vector<std::string>& texts, size_t width) {
  BrokenText all(title + ":", width);
  for (size_t i = 0; i < texts.size(); ++i) all.add(texts[i] + (i + 1 < texts.size() ? "," : ""));
  return all();
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

// "g_loss 0.1234", as wide as any other value of that name.
std::string cell(const std::pair<std::string, double>& value) {
  return value.first + " " + padded(short_number(value.second), 9);
}

// "  12/1000", as wide as at the end.
std::string count_text(int64_t step, int64_t max_steps) {
  const auto all = std::to_string(max_steps), now = std::to_string(step);
  return std::string(all.size() - std::min(all.size(), now.size()), ' ') + now + "/" + all;
}

// Names and values in columns, as many a line as fit.
std::string table(const std::vector<std::pair<std::string, double>>& values, size_t columns) {
  size_t name = 0;
  for (const auto& value : values) name = std::max(name, value.first.size());
  const auto width = name + 12;
  const auto in_row = std::max<size_t>(1, columns / width);
  std::string lines;
  for (size_t i = 0; i < values.size(); ++i)
    lines += (i % in_row == 0 ? "\n  " : "  ") + padded(values[i].first, name) + " " +
             padded(short_number(values[i].second), 9);
  return lines;
}

}  // namespace

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

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

Progress::Progress(int64_t step, int64_t max_steps, bool terminal, size_t columns)
    : first_step_(step),
      max_steps_(max_steps),
      terminal_(terminal && !log::quiet()),
      columns_(columns),
      timed_from_step_(step),
      last_step_number_(step) {}

Progress::~Progress() { clear(); }

size_t Progress::columns() const {
  if (columns_ > 0) return columns_;
  const auto found = terminal_columns();
  return found > 0 ? found : kPipeColumns;
}

size_t Progress::line_width() const { return between_edges(columns()); }

void Progress::advance(int64_t step) {
  const bool first = last_step_number_ == first_step_ && step > first_step_;
  last_step_ = Clock::now();
  last_step_number_ = step;
  if (first) tell_first(step);
  if (terminal_ && last_step_ - last_draw_ >= kDrawInterval) draw(step);
}

void Progress::tell_first(int64_t step) {
  if (step < max_steps_)
    list("after the first step", {short_number(1 / steps_per_second()) + " s a step", time_left(step)});
  timed_from_ = last_step_;
  timed_from_step_ = step;
}

void Progress::report(int64_t step, const std::vector<std::pair<std::string, double>>& values,
                      const std::string& health) {
  values_ = values;
  auto text = in_columns(step, health);
  if (text.size() > line_width())
    text = listed(concat("step ", step, "/", max_steps_), essentials(step, health), line_width());
  say(text + (log::verbose() ? table(values, columns()) : ""));
  if (terminal_) draw(step);
}

// Longer than a line where none holds the first of the values.
std::string Progress::in_columns(int64_t step, const std::string& health) const {
  auto line = concat("step ", count_text(step, max_steps_));
  const auto width = line_width();
  auto least = line.size();
  const auto losses = std::min<size_t>(health.empty() ? 2 : 1, values_.size());
  for (size_t i = 0; i < losses; ++i) least += cell(values_[i]).size() + 2;
  const auto noted = health.empty() ? "" : "  " + health, left = "  " + time_left(step);
  auto end = noted + "  " + speed() + left;
  for (const auto& shorter : {noted + left, left})  // narrow: the losses are worth more than the speed
    if (least + end.size() > width) end = shorter;
  const auto room = width - std::min(width, end.size());
  for (size_t i = 0; i < values_.size(); ++i) {
    const auto text = "  " + cell(values_[i]);
    if (i > 0 && line.size() + text.size() > room) break;
    line += text;
  }
  return line + end;
}

const std::pair<std::string, double>* Progress::g_loss() const {
  const auto found =
      std::find_if(values_.begin(), values_.end(), [](const auto& value) { return value.first == "g_loss"; });
  return found == values_.end() ? nullptr : &*found;
}

// What a narrow screen shows of a report.
std::vector<std::string> Progress::essentials(int64_t step, const std::string& health) const {
  std::vector<std::string> texts = {time_left(step), speed()};
  if (!values_.empty()) {
    const auto& loss = g_loss() != nullptr ? *g_loss() : values_.front();
    texts.insert(texts.begin(), loss.first + " " + short_number(loss.second));
  }
  if (!health.empty()) texts.push_back(health);
  return texts;
}

void Progress::list(const std::string& title, const std::vector<std::string>& texts) {
  say(listed(title, texts, list_width(columns_ > 0 ? columns_ : terminal_columns())));
}

void Progress::say(const std::string& message) {
  clear();
  log::info_lines(message);
}

void Progress::warn(const std::string& message) {
  clear();
  log::warn(message);
}

// Until the second step is done, the first one's time is all there is.
double Progress::steps_per_second() const {
  const bool later = last_step_number_ > timed_from_step_;
  const double elapsed = seconds_between(later ? timed_from_ : start_, last_step_);
  const auto steps = last_step_number_ - (later ? timed_from_step_ : first_step_);
  return elapsed > 0 ? static_cast<double>(steps) / elapsed : 0.0;
}

double Progress::seconds() const { return seconds_between(start_, Clock::now()); }

void tell_list(const std::string& title, const std::vector<std::string>& texts) {
  log::info_lines(listed(title, texts, list_width(terminal_columns())));
}

std::string Progress::speed() const { return short_number(steps_per_second()) + " it/s"; }

std::string Progress::time_left(int64_t step) const {
  const double speed = steps_per_second();
  if (speed <= 0) return "";
  return concat("ETA ", duration_text(static_cast<double>(max_steps_ - step) / speed));
}

// The count, the time left and the loss come first; the bar and the speed where there is room.
std::string Progress::bar(int64_t step) const {
  const auto room = columns() - 1;
  const auto loss = g_loss() == nullptr ? "" : "  g_loss " + short_number(g_loss()->second);
  auto line = count_text(step, max_steps_) + "  " + time_left(step) + loss;
  if (line.size() > room) line = concat(step, "  ", time_left(step), loss);
  if (const auto more = "  " + speed(); room >= line.size() + more.size() + kLargestBar + 3) line += more;
  const auto width = std::min(kLargestBar, room - std::min(room, line.size() + 3));
  if (width >= kSmallestBar) {
    const auto filled = static_cast<size_t>(static_cast<double>(width) * static_cast<double>(step) /
                                            static_cast<double>(std::max<int64_t>(max_steps_, 1)));
    line = concat("[", std::string(filled, '#'), std::string(width - filled, '.'), "] ", line);
  }
  line.resize(std::min(line.size(), room));
  return line;
}

void Progress::draw(int64_t step) {
  std::fprintf(stderr, "\r\x1b[K%s", bar(step).c_str());
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
