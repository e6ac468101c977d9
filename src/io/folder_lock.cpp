#include "io/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "core/failure.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "io/lock_holder.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInside = ".lock";
constexpr std::chrono::milliseconds kWait{100};
constexpr int kPatience = 20;  // waits for a holder that has not written its name yet

enum class State { kGone, kRuns, kUnknown };

// Of a holder whose kernel's lock is not there: because it is gone, or because this file system has none.
State state_of(const LockHolder& holder, bool kernel_locks) {
  const auto self = LockHolder::self();
  const bool same_boot = holder.boot == self.boot;
  if (same_boot && kernel_locks) return State::kGone;
  if (holder.host != self.host) return State::kUnknown;
  if (!same_boot) return State::kGone;  // the machine was started anew
  return start_of_process(holder.pid) == holder.start ? State::kRuns : State::kGone;
}

bool is_same_file(int descriptor, const fs::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
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
  make_folders();
  auto problem = try_to_hold();
  if (!problem.empty() && if_held == IfHeld::kWait) log::info(concat(problem, ": waiting for it"));
  while (!problem.empty() && if_held == IfHeld::kWait) {
    std::this_thread::sleep_for(kWait);
    stop_if_interrupted();
    problem = try_to_hold();
  }
  SAVP_CHECK(problem.empty(), UsageError, problem, ": wait until it ends, or choose another folder");
}

void FolderLock::make_folders() {
  std::error_code failure;
  std::vector<fs::path> missing;
  for (auto folder = file_.parent_path(); folder.has_relative_path() && !fs::exists(folder, failure);
       folder = folder.parent_path())
    missing.push_back(folder);
  failure.clear();
  for (auto folder = missing.rbegin(); !failure && folder != missing.rend(); ++folder)
    if (fs::create_directory(*folder, failure)) made_folders_.insert(made_folders_.begin(), *folder);
  if (failure) throw_failure(failure.value(), file_.parent_path().string() + ": cannot be made");
}

// A file that was opened may be gone by the time it is locked (its holder ended): then the next one is tried.
std::string FolderLock::try_to_hold() {
  const auto self = LockHolder::self();
  for (int tries = 0;; ++tries) {
    descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor_ < 0 && errno == ENOENT && tries < kPatience) {  // its folder went with another's lock
      make_folders();
      continue;
    }
    if (descriptor_ < 0) throw_failure(errno, file_.string() + ": cannot be made");
    const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    const bool held = !locked && errno == EWOULDBLOCK;
    const bool current = is_same_file(descriptor_, file_);
    const auto holder = LockHolder::read(descriptor_);
    const auto state = held              ? State::kRuns
                       : holder.pid == 0 ? State::kGone
                                         : state_of(holder, /*kernel_locks=*/locked);
    int failure = 0;
    if (current && state == State::kGone) {
      if (!self.write(descriptor_)) failure = errno;
      if (failure == 0 && LockHolder::read(descriptor_).pid == self.pid && is_same_file(descriptor_, file_))
        return "";
      if (locked && is_of_machine(failure)) ::unlink(file_.c_str());
    }
    ::close(std::exchange(descriptor_, -1));
    if (is_of_machine(failure)) throw_failure(failure, file_.string() + ": cannot be written");
    if (current && state == State::kUnknown)
      throw UsageError(concat(what_, ": is in use by ", holder.described(),
                              "; whether that still runs cannot be seen from here (", self.host,
                              "): if it does not, delete ", file_.string(), " and try again"));
    if (current && state == State::kRuns && holder.pid != 0)
      return concat(what_, ": is in use by ", holder.described());
    if (tries >= kPatience) {
      if (failure != 0) throw_failure(failure, file_.string() + ": cannot be written");
      return concat(what_, ": is in use by another program");
    }
    if (current) std::this_thread::sleep_for(kWait);
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : what_(std::move(other.what_)),
      file_(std::move(other.file_)),
      made_folders_(std::move(other.made_folders_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ < 0) return;
  if (is_same_file(descriptor_, file_)) ::unlink(file_.c_str());
  ::close(descriptor_);
  std::error_code ignored;
  for (const auto& folder : made_folders_)
    if (!fs::remove(folder, ignored)) break;
}

}  // namespace savp
