#include "training/metrics_log.h"

#include <string>

#include "io/atomic_file.h"

namespace savp {
namespace {

// The lines up to and including the step; a line that cannot be read ends them.
std::string lines_until(const std::filesystem::path& file, int64_t step) {
  std::string kept;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto values = Json::parse(line, /*callback=*/nullptr, /*allow_exceptions=*/false);
    if (!values.is_object() || !values.contains("step") || values["step"] > step) break;
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(const std::filesystem::path& file, int64_t step) : file_(file) {
  write_file_atomically(file.string(), lines_until(file, step));
  out_.open(file, std::ios::app);
}

void MetricsLog::write(const Json& values) {
  out_ << values.dump() << std::endl;
  SAVP_CHECK(out_.good(), DataError, file_.string(), ": cannot be written (is the disk full?)");
}

}  // namespace savp
