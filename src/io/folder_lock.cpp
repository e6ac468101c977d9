#include "io/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kInside = ".lock";
constexpr std::chrono::milliseconds kWait{100};
constexpr int kPatience = 20;  // waits for a holder that has not written its name yet

std::string first_line(const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// In clock ticks since the machine started, field 22 of /proc/<pid>/stat; empty where there is no such
// process. With the number of a process it tells it from later ones of the same number.
std::string start_of(int64_t pid) {
  const auto line = first_line(concat("/proc/", pid, "/stat"));
  const auto name_end = line.rfind(')');  // the name may hold spaces and parentheses
  if (name_end == std::string::npos) return "";
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return field;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

struct Holder {
  std::string program, host, boot, start;
  int64_t pid = 0;

  static Holder self() {
    return {program_invocation_short_name, host_name(), first_line("/proc/sys/kernel/random/boot_id"),
            start_of(::getpid()), ::getpid()};
  }
  // Without a process number where the text is of nobody.
  static Holder parse(const std::string& text) {
    const auto json = Json::parse(text, /*callback=*/nullptr, /*allow_exceptions=*/false);
    Holder holder;
    for (const auto& [key, member] : kTexts)
      if (json.is_object() && json.contains(key) && json[key].is_string()) holder.*member = json[key];
    if (json.is_object() && json.contains("pid") && json["pid"].is_number_integer()) holder.pid = json["pid"];
    return holder;
  }
  std::string dump() const {
    Json json = {{"pid", pid}};
    for (const auto& [key, member] : kTexts) json[key] = this->*member;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  std::string described() const { return concat(program, " (process ", pid, " on ", host, ")"); }

  static constexpr std::pair<const char*, std::string Holder::*> kTexts[] = {{"program", &Holder::program},
                                                                             {"host", &Holder::host},
                                                                             {"boot", &Holder::boot},
                                                                             {"start", &Holder::start}};
};

enum class State { kGone, kRuns, kUnknown };

// Of a holder whose kernel's lock is not there: because it is gone, or because this file system has none.
State state_of(const Holder& holder, bool kernel_locks) {
  const auto self = Holder::self();
  const bool same_boot = holder.boot == self.boot;
  if (same_boot && kernel_locks) return State::kGone;
  if (holder.host != self.host) return State::kUnknown;
  if (!same_boot) return State::kGone;  // the machine was started anew
  return start_of(holder.pid) == holder.start ? State::kRuns : State::kGone;
}

bool is_same_file(int descriptor, const fs::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

std::string content_of(int descriptor) {
  char text[4096];
  const auto got = ::pread(descriptor, text, sizeof text, 0);
  return got > 0 ? std::string(text, static_cast<size_t>(got)) : "";
}

bool write_content(int descriptor, const std::string& text) {
  return ::ftruncate(descriptor, 0) == 0 &&
         ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

// The folder itself, wherever links lead.
fs::path resolved(const fs::path& folder) {
  std::error_code failure;
  auto path = fs::weakly_canonical(fs::absolute(folder), failure);
  if (failure) path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

FolderLock FolderLock::inside(const fs::path& folder, IfHeld if_held) {
  return {folder.string(), resolved(folder) / kInside, if_held};
}

FolderLock FolderLock::beside(const fs::path& folder, IfHeld if_held) {
  const auto path = resolved(folder);
  return {folder.string(), path.parent_path() / concat(".", path.filename().string(), ".lock"), if_held};
}

bool FolderLock::is_lock(const fs::path& file) { return file.filename() == kInside; }

FolderLock::FolderLock(std::string what, fs::path file, IfHeld if_held)
    : what_(std::move(what)), file_(std::move(file)) {
  std::error_code failure;
  if (fs::create_directories(file_.parent_path(), failure)) made_folder_ = file_.parent_path();
  SAVP_CHECK(!failure, DataError, file_.parent_path().string(), ": cannot be made (", failure.message(), ")");
  auto problem = try_to_hold();
  if (!problem.empty() && if_held == IfHeld::kWait) log::info(concat(problem, ": waiting for it"));
  while (!problem.empty() && if_held == IfHeld::kWait) {
    std::this_thread::sleep_for(kWait);
    stop_if_interrupted();
    problem = try_to_hold();
  }
  SAVP_CHECK(problem.empty(), UsageError, problem, ": wait until it ends, or choose another folder");
}

// A file that was opened may be gone by the time it is locked (its holder ended): then the next one is tried.
std::string FolderLock::try_to_hold() {
  const auto self = Holder::self();
  for (int tries = 0;; ++tries) {
    descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    SAVP_CHECK(descriptor_ >= 0, DataError, file_.string(), ": cannot be made (", std::strerror(errno), ")");
    const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    const bool held = !locked && errno == EWOULDBLOCK;
    const bool current = is_same_file(descriptor_, file_);
    const auto holder = Holder::parse(content_of(descriptor_));
    const auto state = held              ? State::kRuns
                       : holder.pid == 0 ? State::kGone
                                         : state_of(holder, /*kernel_locks=*/locked);
    if (current && state == State::kGone && write_content(descriptor_, self.dump()) &&
        Holder::parse(first_line(file_)).pid == self.pid)
      return "";
    const auto reason = std::strerror(errno);
    ::close(std::exchange(descriptor_, -1));
    if (current && state == State::kUnknown)
      throw UsageError(concat(what_, ": is in use by ", holder.described(),
                              "; whether that still runs cannot be seen from here (", self.host,
                              "): if it does not, delete ", file_.string(), " and try again"));
    if (current && state == State::kRuns && holder.pid != 0)
      return concat(what_, ": is in use by ", holder.described());
    if (tries >= kPatience) {
      SAVP_CHECK(held || !current, DataError, file_.string(), ": cannot be written (", reason, ")");
      return concat(what_, ": is in use by another program");
    }
    if (current) std::this_thread::sleep_for(kWait);
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : what_(std::move(other.what_)),
      file_(std::move(other.file_)),
      made_folder_(std::move(other.made_folder_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ < 0) return;
  if (is_same_file(descriptor_, file_)) ::unlink(file_.c_str());
  ::close(descriptor_);
  std::error_code ignored;
  if (!made_folder_.empty()) fs::remove(made_folder_, ignored);
}

}  // namespace savp
