#include "training/metrics_log.h"

#include <cerrno>
#include <sstream>

#include "core/failure.h"
#include "core/log.h"
#include "core/text.h"
#include "io/atomic_file.h"
#include "io/json_text.h"
#include "io/whole_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

void append(const fs::path& file, const std::string& lines) {
  errno = 0;
  std::ofstream out(file, std::ios::app | std::ios::binary);
  if (!(out << lines << std::flush)) throw_failure(errno, concat(file.string(), ": cannot be written"));
}

// First the copy, then the removal: a crash between them loses nothing.
void set_aside(const fs::path& file, const MetricsHistory& history) {
  const auto aside = file.string() + ".damaged";
  append(aside, history.damaged);
  log::warn(concat(file.string(), ": ", counted(history.damaged_lines, "damaged line"), " moved to ", aside,
                   "; the others stay"));
}

bool has_step(const Json& values) {
  if (!values.is_object() || !values.contains("step") || !values["step"].is_number_integer()) return false;
  return !values["step"].is_number_unsigned() || values["step"].get<uint64_t>() <= INT64_MAX;
}

}  // namespace

MetricsHistory read_metrics(std::istream& in, int64_t step) {
  MetricsHistory history;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    const auto values = try_json(line).value_or(Json());
    const bool sound = has_step(values);
    if (sound && values["step"] > step) continue;
    (sound ? history.kept : history.damaged) += line + "\n";
    if (!sound) ++history.damaged_lines;
  }
  return history;
}

MetricsLog::MetricsLog(const fs::path& file, int64_t step) : file_(file) {
  const auto before = read_if_there(file).value_or("");
  std::istringstream in(before);
  const auto history = read_metrics(in, step);
  if (history.damaged_lines > 0) set_aside(file, history);
  if (history.kept != before) write_file_atomically(file.string(), history.kept);
  std::ofstream(file, std::ios::app);  // it is there
  out_.open(file, std::ios::in | std::ios::out | std::ios::binary);
  end_ = static_cast<std::streamoff>(history.kept.size());
}

void MetricsLog::write(const Json& values) {
  const bool goes_on = !last_.is_null() && last_["step"] == values.at("step");
  if (!goes_on) begin_ = end_, last_ = Json::object();
  last_.update(values);
  auto line = last_.dump();
  // What stood there is overwritten at once: a line is never cut short.
  if (const auto before = static_cast<size_t>(end_ - begin_); line.size() + 1 < before)
    line.resize(before - 1, ' ');
  end_ = begin_ + static_cast<std::streamoff>(line.size()) + 1;
  errno = 0;
  if (!out_.seekp(begin_) || !(out_ << line << std::endl))
    throw_failure(errno, concat(file_.string(), ": cannot be written"));
}

}  // namespace savp
