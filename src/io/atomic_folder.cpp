#include "io/atomic_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "core/failure.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPartial = ".partial-";
constexpr const char* kReplaced = ".replaced";
// Marks in a target whose content is moved up: all of the new content still lies in the first, and old
// entries may go; what is in the second has its place in the target.
constexpr const char* kRemovingOthers = "savp-unfinished-replacement";
constexpr const char* kMovingUp = "savp-unfinished";

fs::path resolved(const fs::path& target) {
  std::error_code failure;
  auto path = fs::weakly_canonical(fs::absolute(target), failure);
  if (failure) path = fs::absolute(target).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

bool is_mount_point(const fs::path& path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path.c_str(), 0, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Whether the target may be replaced by a rename.
bool can_be_renamed(const fs::path& target) {
  auto parent = target.parent_path();
  while (!fs::exists(parent) && parent.has_relative_path()) parent = parent.parent_path();
  return target.has_filename() && !is_mount_point(target) && ::access(parent.c_str(), W_OK | X_OK) == 0;
}

void make_folder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) throw_failure(failure.value(), path.string() + ": cannot be made");
}

// Removals that fail leave a hidden folder, which the next program tries again.
void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

void rename_path(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_failure(errno, to.string() + ": cannot be put in place");
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) entries.push_back(entry.path());
  return entries;
}

// "PREFIX.partial-4711", of the process of that number.
bool is_partial(const fs::path& entry, const std::string& prefix) {
  const auto name = entry.filename().string();
  const auto start = concat(prefix, kPartial);
  return name.size() > start.size() && name.starts_with(start) &&
         name.find_first_not_of("0123456789", start.size()) == std::string::npos;
}

fs::path replaced_name(const fs::path& target) {
  return target.parent_path() / concat(".", target.filename().string(), kReplaced);
}

// Of the mechanism itself, when it works within the target.
bool is_ours(const fs::path& entry) {
  return FolderLock::is_lock(entry) || is_partial(entry, "") || entry.filename() == kMovingUp ||
         entry.filename() == kRemovingOthers;
}

// The names must survive a power cut, too; file systems that cannot sync a folder are left alone.
void flush_folder(const fs::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

// The same file under a second name. Throws for what can have none and cannot be copied (a pipe).
void link_entry(const fs::path& from, const fs::path& to) {
  const auto status = fs::symlink_status(from);
  if (fs::is_directory(status)) {
    fs::create_directory(to, from);
    for (const auto& entry : entries_of(from)) link_entry(entry, to / entry.filename());
    return;
  }
  std::error_code failure;
  if (fs::is_symlink(status)) return fs::copy_symlink(from, to);
  fs::create_hard_link(from, to, failure);
  if (failure) fs::copy_file(from, to);
}

// False, and nothing is linked, where something of them can neither be linked nor copied.
bool link_others(const fs::path& from, const fs::path& to) {
  std::vector<fs::path> linked;
  try {
    for (const auto& entry : entries_of(from)) {
      const auto place = to / entry.filename();
      if (is_ours(entry) || fs::exists(fs::symlink_status(place))) continue;
      linked.push_back(place);
      link_entry(entry, place);
    }
    return true;
  } catch (const fs::filesystem_error&) {
    for (const auto& place : linked) remove_quietly(place);
    return false;
  }
}

}  // namespace

AtomicFolder::AtomicFolder(const fs::path& target)
    : target_(resolved(target)),
      beside_(can_be_renamed(target_)),
      lock_(beside_ ? FolderLock::beside(target_) : FolderLock::inside(target_)),
      hidden_(beside_ ? target_.parent_path() / concat(".", target_.filename().string(), kPartial, ::getpid())
                      : target_ / concat(kPartial, ::getpid())) {
  SAVP_CHECK(!fs::exists(target_) || fs::is_directory(target_), UsageError, target.string(),
             ": is no folder: choose another one");
  recover();
  make_folder(hidden_);
}

AtomicFolder::~AtomicFolder() { remove_quietly(hidden_); }

// Who holds the lock is the only one that writes: what others have begun is of programs that ended.
void AtomicFolder::recover() {
  const auto old = replaced_name(target_);
  if (beside_ && fs::exists(old)) {
    if (!fs::exists(target_)) rename_path(old, target_);
    remove_quietly(old);
  }
  for (const auto& entry : entries_of(target_.parent_path()))
    if (beside_ && is_partial(entry, concat(".", target_.filename().string()))) remove_quietly(entry);
  for (const auto& entry : entries_of(target_))
    if (is_partial(entry, "")) remove_quietly(entry);
  complete_move();
}

void AtomicFolder::commit(Others others) {
  flush_folder(hidden_);
  const bool alone = others == Others::kRemove || !fs::exists(target_);
  if (beside_ && (alone || link_others(target_, hidden_)) && exchange())
    flush_folder(target_.parent_path());
  else
    move_up(others);
}

// False where the system does not let the target be renamed.
bool AtomicFolder::exchange() {
  if (::rename(hidden_.c_str(), target_.c_str()) == 0) return true;  // there was none, or an empty one
  struct stat mode {};
  if (::stat(target_.c_str(), &mode) == 0) ::chmod(hidden_.c_str(), mode.st_mode);
  if (::renameat2(AT_FDCWD, hidden_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) {
    remove_quietly(hidden_);
    return true;
  }
  if (errno != EINVAL && errno != ENOSYS) return false;
  const auto old = replaced_name(target_);
  if (::rename(target_.c_str(), old.c_str()) != 0) return false;
  rename_path(hidden_, target_);
  remove_quietly(old);
  return true;
}

void AtomicFolder::move_up(Others others) {
  rename_path(hidden_, target_ / (others == Others::kRemove ? kRemovingOthers : kMovingUp));
  complete_move();
}

// From whatever state of it; nothing where there is no mark.
void AtomicFolder::complete_move() const {
  const auto removing = target_ / kRemovingOthers, moving = target_ / kMovingUp;
  const auto remove = [&](const fs::path& path) {
    std::error_code failure;
    fs::remove_all(path, failure);
    if (failure) throw_failure(failure.value(), path.string() + ": cannot be replaced");
  };
  if (fs::exists(removing)) {
    for (const auto& entry : entries_of(target_))
      if (!is_ours(entry)) remove(entry);
    rename_path(removing, moving);
  }
  if (!fs::exists(moving)) return;
  for (const auto& entry : entries_of(moving)) {
    const auto place = target_ / entry.filename();
    remove(place);
    rename_path(entry, place);
  }
  remove(moving);
  flush_folder(target_);
}

void AtomicFolder::check_whole(const fs::path& target) {
  const auto path = resolved(target);
  const auto old = replaced_name(path);
  SAVP_CHECK(fs::exists(path) || !fs::exists(old), DataError, target.string(),
             ": its replacement was interrupted, and what it held is in ", old.string(),
             ": run the command that writes it again, or rename it back");
  for (const char* mark : {kRemovingOthers, kMovingUp})
    SAVP_CHECK(!fs::exists(path / mark), DataError, target.string(),
               ": its replacement was interrupted, so that it holds old and new files (new ones are in ",
               mark, "): run the command that writes it again");
}

bool AtomicFolder::is_empty(const fs::path& target) {
  for (const auto& entry : entries_of(target))
    if (!is_ours(entry) || entry.filename() == kMovingUp || entry.filename() == kRemovingOthers) return false;
  return true;
}

}  // namespace savp
