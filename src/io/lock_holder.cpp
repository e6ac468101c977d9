#include "io/lock_holder.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.h"
#include "core/printable.h"
#include "io/json_text.h"

namespace savp {
namespace {

using Json = nlohmann::json;

constexpr std::pair<const char*, std::string LockHolder::*> kTexts[] = {{"program", &LockHolder::program},
                                                                        {"host", &LockHolder::host},
                                                                        {"boot", &LockHolder::boot},
                                                                        {"start", &LockHolder::start}};

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

std::string start_of_process(int64_t pid) {
  const auto line = first_line(concat("/proc/", pid, "/stat"));
  const auto name_end = line.rfind(')');  // the name may hold spaces and parentheses
  if (name_end == std::string::npos) return "";
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return field;
}

LockHolder LockHolder::self() {
  return {program_invocation_short_name, host_name(), first_line("/proc/sys/kernel/random/boot_id"),
          start_of_process(::getpid()), ::getpid()};
}

LockHolder LockHolder::parse(const std::string& text) {
  const auto json = try_json(text).value_or(Json());
  LockHolder holder;
  for (const auto& [key, member] : kTexts)
    if (json.is_object() && json.contains(key) && json[key].is_string()) holder.*member = json[key];
  if (json.is_object() && json.contains("pid") && json["pid"].is_number_integer()) holder.pid = json["pid"];
  return holder;
}

LockHolder LockHolder::read(int descriptor) {
  char text[4096];
  const auto got = ::pread(descriptor, text, sizeof text, 0);
  return parse(got > 0 ? std::string(text, static_cast<size_t>(got)) : "");
}

std::string LockHolder::dump() const {
  Json json = {{"pid", pid}};
  for (const auto& [key, member] : kTexts) json[key] = this->*member;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool LockHolder::write(int descriptor) const {
  const auto text = dump();
  if (::ftruncate(descriptor, 0) != 0) return false;
  const auto written = ::pwrite(descriptor, text.data(), text.size(), 0);
  if (written >= 0 && written < static_cast<ssize_t>(text.size())) errno = ENOSPC;
  return written == static_cast<ssize_t>(text.size());
}

std::string LockHolder::described() const {
  return pid == 0 ? "another program" : concat(shown(program), " (process ", pid, " on ", shown(host), ")");
}

}  // namespace savp
