// The cache of records read from videos that are used as they are: folders made by make_video_data(), one
// for each input and its settings, and a lock file beside each, in cache_folder(). They may be deleted at
// any time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "core/hparams.h"
#include "io/cache_folder.h"

namespace savp {

// Several programs may want the same entry at once: one makes it, the others wait. The lock file names its
// holder (io/lock_holder.h), which gives a sign of life every few seconds, by the file's time.
class CacheLock {
 public:
  // Waits, with a message that names the holder, as long as that lives and no longer than $SAVP_CACHE_WAIT
  // seconds (an hour unless set). Throws ResourceError then.
  explicit CacheLock(const std::filesystem::path& entry);
  // Nothing where somebody holds it.
  static std::optional<CacheLock> try_lock(const std::filesystem::path& entry);
  ~CacheLock();
  CacheLock(CacheLock&& other) noexcept;
  CacheLock& operator=(CacheLock&&) = delete;

  // Removes the lock file with the lock.
  void remove_file();

 private:
  CacheLock(std::filesystem::path path, int descriptor);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::jthread signs_of_life_;
};

// The names, sizes, times and rights of the files, and of those beside a single video, links followed:
// changes when any of them does, also when a file is replaced by one of the same size and time.
std::string fingerprint(const std::filesystem::path& input);

// Whether an entry was made of this, by this version, and all its records are there as they were written.
bool is_current(const std::filesystem::path& entry, const Json& source);

// What an entry says of itself; null where it says nothing.
Json read_manifest(const std::filesystem::path& entry);

// Keeps other programs from clearing or replacing an entry until this one ends, or calls it again after it
// has replaced the entry itself.
void keep_in_use(const std::filesystem::path& entry);

// Whether another program has called keep_in_use(). To be asked by who holds the entry's CacheLock.
bool is_in_use(const std::filesystem::path& entry);

// Removes what programs that were killed left in the making; `held`: the entry whose lock the caller has.
void remove_orphans(const std::filesystem::path& cache, const std::filesystem::path& held = {});

}  // namespace savp
