#include "io/libav.h"

extern "C" {
#include <libavutil/log.h>
}

#include <array>
#include <cctype>
#include <cstdarg>
#include <cstdio>
#include <mutex>

#include "core/failure.h"

namespace savp::libav {
namespace {

thread_local std::string complaint;

void note_complaint(void* /*context*/, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  std::array<char, 512> text;
  std::vsnprintf(text.data(), text.size(), format, arguments);
  complaint = text.data();
  while (!complaint.empty() && std::isspace(static_cast<unsigned char>(complaint.back())))
    complaint.pop_back();
  for (char& c : complaint)
    if (std::iscntrl(static_cast<unsigned char>(c))) c = ' ';
}

}  // namespace

void be_quiet() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(note_complaint); });
}

void forget_complaint() { complaint.clear(); }

std::string cause(int code) {
  if (!complaint.empty()) return complaint;
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text;
  av_strerror(code, text.data(), text.size());
  return text.data();
}

// EIO and ENOMEM are also what demuxers say of a file that is damaged.
int check(int code, const std::filesystem::path& path, const char* what) {
  if (is_of_machine(-code) && code != AVERROR(EIO) && code != AVERROR(ENOMEM))
    throw_failure(-code, concat(path.string(), ": ", what));
  SAVP_CHECK(code >= 0, DataError, path.string(), ": ", what, ": ", cause(code));
  return code;
}

}  // namespace savp::libav
