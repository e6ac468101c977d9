// One writer a folder. The lock is a small file that names its holder (io/lock_holder.h), so that a second
// writer can be refused in words. What holds it is the kernel's lock on that file (flock), which ends with
// the process however it ends: what kill -9 leaves behind is taken over by the next writer.
//
// On local file systems and on NFS (Linux turns flock into NFS locks there) this is exact. Where a file
// system has no such locks (some FUSE, Lustre without -o flock), the holder's start time decides whether it
// still runs, and two programs that start within the same instant may both pass. Whether a process of another
// host still runs cannot be seen: its lock is never taken over; the message says which file to delete.
//
// Not for threads: a second lock of the same folder within one process is refused like any other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace savp {

class FolderLock {
 public:
  enum class IfHeld { kRefuse, kWait };

  // A lock file in the folder (<folder>/.lock), for what is written bit by bit, or beside it (.<name>.lock),
  // for what is replaced as a whole. Links are followed, so that two names of a folder have one lock. Missing
  // folders are made; those made here go again with the lock if nothing was put into them. Throws UsageError,
  // naming the holder, for a folder that is in use, DataError where no lock can be made, ResourceError where
  // the machine fails (a full disk).
  static FolderLock inside(const std::filesystem::path& folder, IfHeld if_held = IfHeld::kRefuse);
  static FolderLock beside(const std::filesystem::path& folder, IfHeld if_held = IfHeld::kRefuse);
  // Any file as the lock of something that messages call `what`. While waiting, throws InterruptedError where
  // the user asks to stop.
  FolderLock(std::string what, std::filesystem::path file, IfHeld if_held);

  ~FolderLock();  // removes the file
  FolderLock(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // Whether a name in a folder is that of a lock inside it.
  static bool is_lock(const std::filesystem::path& file);

 private:
  void make_folders();
  // Empty once the lock is held, else why it is not.
  std::string try_to_hold();

  std::string what_;
  std::filesystem::path file_;
  std::vector<std::filesystem::path> made_folders_;  // the deepest first; removed again if nothing is in them
  int descriptor_ = -1;
};

}  // namespace savp
