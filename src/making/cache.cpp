#include "making/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <stop_token>
#include <tuple>
#include <utility>
#include <vector>

#include "core/failure.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/folder_entries.h"
#include "io/json_text.h"
#include "io/lock_holder.h"
#include "io/sha256.h"
#include "io/whole_file.h"
#include "making/cache_listing.h"
#include "making/prepared_folder.h"
#include "making/sources.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSignEvery(5), kSilence(30);

fs::path lock_path(const fs::path& entry) { return entry.string() + ".lock"; }

std::chrono::duration<double> longest_wait() {
  const char* value = std::getenv("SAVP_CACHE_WAIT");
  const double seconds = value != nullptr ? std::strtod(value, nullptr) : 0;
  return std::chrono::duration<double>(seconds > 0 ? seconds : 3600);
}

int open_lock(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor < 0)
    throw_failure(errno,
                  path.string() + ": cannot be made: set SAVP_CACHE_DIR to a folder that can be written to");
  return descriptor;
}

// False: somebody else has it.
bool take(const fs::path& path, int descriptor) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw_failure(errno, path.string() + ": cannot be locked");
  }
  return true;
}

// Whether the file that was locked still has its name: its last holder may have removed it.
bool is_there(const fs::path& path, int descriptor) {
  struct stat named {
  }, opened{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 &&
         named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Notices whether the holder of a lock is alive.
class Watch {
 public:
  explicit Watch(int descriptor) : descriptor_(descriptor) {}

  bool is_silent(std::chrono::duration<double> longest) {
    struct stat status {};
    const auto now = Clock::now();
    if (::fstat(descriptor_, &status) == 0 && nanoseconds(status.st_mtim) != last_sign_) {
      if (last_sign_ != 0) heard_ = now;
      last_sign_ = nanoseconds(status.st_mtim);
    }
    return now - heard_ > longest;
  }

 private:
  int descriptor_;
  int64_t last_sign_ = 0;
  Clock::time_point heard_ = Clock::now();
};

void wait_for(const fs::path& path, int descriptor) {
  const auto holder = LockHolder::read(descriptor);
  log::info(concat("waiting for ", holder.described(), holder.pid == 0 ? " that" : ", which",
                   " reads the same videos (", path.string(), ")"));
  const auto start = Clock::now();
  const auto longest = longest_wait();
  Watch watch(descriptor);
  while (!take(path, descriptor)) {
    stop_if_interrupted();
    const bool silent = watch.is_silent(std::min<std::chrono::duration<double>>(kSilence, longest));
    SAVP_CHECK(
        !silent && Clock::now() - start < longest, ResourceError, path.string(), ": is locked by ",
        LockHolder::read(descriptor).described(), silent ? ", which gives no sign of life" : "",
        ": end it, or set SAVP_CACHE_DIR to another folder (SAVP_CACHE_WAIT: seconds to wait at most)");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// Its holder's name goes to the file, too; a full disk is no reason not to read what is there.
void give_signs(const std::stop_token& stop, int descriptor) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  LockHolder::self().write(descriptor);
  do {
    ::futimens(descriptor, nullptr);
    never.wait_for(lock, stop, kSignEvery, [] { return false; });
  } while (!stop.stop_requested());
}

// Whether a record is as it was when the manifest was written, after it.
bool is_as_written(const fs::path& path, int64_t bytes, const struct stat& manifest) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == bytes &&
         nanoseconds(status.st_ctim) <= nanoseconds(manifest.st_ctim);
}

}  // namespace

CacheLock::CacheLock(fs::path path, int descriptor)
    : path_(std::move(path)),
      descriptor_(descriptor),
      signs_of_life_([descriptor](const std::stop_token& stop) { give_signs(stop, descriptor); }) {}

CacheLock::CacheLock(const fs::path& entry) : path_(lock_path(entry)) {
  while (true) {
    descriptor_ = open_lock(path_);
    try {
      if (!take(path_, descriptor_)) wait_for(path_, descriptor_);
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
    if (is_there(path_, descriptor_)) break;
    ::close(descriptor_);
  }
  signs_of_life_ = std::jthread(
      [this_descriptor = descriptor_](const std::stop_token& stop) { give_signs(stop, this_descriptor); });
}

std::optional<CacheLock> CacheLock::try_lock(const fs::path& entry) {
  const auto path = lock_path(entry);
  const int descriptor = open_lock(path);
  if (take(path, descriptor) && is_there(path, descriptor)) return CacheLock(path, descriptor);
  ::close(descriptor);
  return std::nullopt;
}

CacheLock::CacheLock(CacheLock&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      signs_of_life_(std::move(other.signs_of_life_)) {}

CacheLock::~CacheLock() {
  if (signs_of_life_.joinable()) {
    signs_of_life_.request_stop();
    signs_of_life_.join();
  }
  if (descriptor_ < 0) return;
  if (::ftruncate(descriptor_, 0) != 0) log::warn(path_.string() + ": cannot be emptied");
  ::close(descriptor_);
}

void CacheLock::remove_file() { ::unlink(path_.c_str()); }

std::string fingerprint(const fs::path& input) {
  std::vector<std::string> lines;
  const auto add = [&](const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return;
    lines.push_back(concat(path.lexically_relative(input).string(), '\n', status.st_size, ' ', status.st_ino,
                           ' ', nanoseconds(status.st_mtim), ' ', nanoseconds(status.st_ctim), ' ',
                           status.st_mode, ' ', ::access(path.c_str(), R_OK), '\n'));
  };
  if (fs::is_directory(input))
    walk_folders(input, {.visit =
                             [&](const fs::path&, const std::vector<FolderEntry>& entries) {
                               for (const auto& entry : entries)
                                 if (entry.kind == FolderEntry::kFile) add(entry.path);
                               return true;
                             },
                         .unreadable = [&](const fs::path& folder, const std::string&) { add(folder); }});
  else
    add(input);
  for (const auto& path : files_beside(input))
    if (path != input) add(path);
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const auto& line : lines) all += line;
  return sha256(all);
}

Json read_manifest(const fs::path& entry) {
  const auto text = read_if_there(entry / kManifestName);
  return text ? try_json(*text).value_or(Json()) : Json();
}

bool is_current(const fs::path& entry, const Json& source) {
  const auto manifest = read_manifest(entry);
  if (!manifest.is_object() || manifest.value("source", Json()) != source ||
      text_at(manifest, "version") != SAVP_VERSION || !manifest.value("files", Json()).is_array())
    return false;
  struct stat written {};
  if (::stat((entry / kManifestName).c_str(), &written) != 0) return false;
  return std::all_of(manifest["files"].begin(), manifest["files"].end(), [&](const Json& file) {
    return is_as_written(entry / text_at(file, "path"), number_at(file, "bytes"), written);
  });
}

namespace {

// The kernel's shared locks on manifests, which end with the process.
class Uses {
 public:
  static Uses& all() {
    static Uses uses;
    return uses;
  }

  void add(const fs::path& entry) {
    const std::lock_guard lock(mutex_);
    const int descriptor = open_manifest(entry);
    if (descriptor < 0) return;
    ::flock(descriptor, LOCK_SH | LOCK_NB);
    if (const auto earlier = descriptors_.find(entry); earlier != descriptors_.end())
      ::close(earlier->second);
    descriptors_[entry] = descriptor;
  }
  bool has_others(const fs::path& entry) {
    const std::lock_guard lock(mutex_);
    const auto own = descriptors_.find(entry);
    const int descriptor = own == descriptors_.end() ? open_manifest(entry) : own->second;
    const bool others = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (own == descriptors_.end())
      ::close(descriptor);
    else
      ::flock(descriptor, LOCK_SH | LOCK_NB);
    return others;
  }

 private:
  static int open_manifest(const fs::path& entry) {
    return ::open((entry / kManifestName).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  }

  std::mutex mutex_;
  std::map<fs::path, int> descriptors_;
};

}  // namespace

void keep_in_use(const fs::path& entry) { Uses::all().add(entry); }

bool is_in_use(const fs::path& entry) { return Uses::all().has_others(entry); }

namespace {

// The entry that a hidden name belongs to: ".NAME.partial-123", ".NAME.replaced" and ".NAME.lock" lie beside
// NAME while it is written.
std::optional<std::string> entry_of_hidden(const std::string& name) {
  if (!name.starts_with('.')) return std::nullopt;
  for (const char* ending : {".partial-", ".replaced", ".lock"})
    if (const auto end = name.rfind(ending); end != std::string::npos && end > 1)
      return name.substr(1, end - 1);
  return std::nullopt;
}

}  // namespace

void remove_orphans(const fs::path& cache, const fs::path& held) {
  std::error_code failure;
  std::vector<std::pair<fs::path, fs::path>> orphans;  // and their entries
  for (fs::directory_iterator entry(cache, failure), end; !failure && entry != end; entry.increment(failure))
    if (const auto name = entry_of_hidden(entry->path().filename().string()))
      orphans.emplace_back(entry->path(), cache / *name);
  for (const auto& [orphan, entry] : orphans) {
    auto lock = entry == held ? std::nullopt : CacheLock::try_lock(entry);
    if (!lock && entry != held) continue;  // in the making
    fs::remove_all(orphan, failure);
    log::info(concat("removed what a program that was killed left: ", orphan.string()));
    if (lock && !fs::exists(entry, failure)) lock->remove_file();
  }
}

// --- savp_preprocess cache

namespace {

struct Entry {
  fs::path path;
  Json manifest;
  int64_t bytes = 0;
};

int64_t bytes_below(const fs::path& folder) {
  int64_t sum = 0;
  std::error_code failure;
  for (const auto& path : files_below(folder)) sum += static_cast<int64_t>(fs::file_size(path, failure));
  return sum;
}

std::vector<Entry> entries_of(const fs::path& cache) {
  std::vector<Entry> entries;
  std::error_code failure;
  if (!fs::is_directory(cache, failure)) return entries;
  for (const auto& entry : folder_entries(cache)) {
    if (entry.kind != FolderEntry::kFolder) continue;
    auto manifest = read_manifest(entry.path);
    if (manifest.is_object() && manifest.contains("source"))
      entries.push_back({entry.path, std::move(manifest), bytes_below(entry.path)});
  }
  return entries;
}

std::string folder_of(const Entry& entry) { return text_at(entry.manifest["source"], "folder", "?"); }

// Why nobody needs it any more; empty: it may be needed.
std::string is_unused(const Entry& entry) {
  std::error_code failure;
  const auto folder = folder_of(entry);
  if (!fs::exists(folder, failure)) return "its videos are gone";
  if (text_at(entry.manifest["source"], "fingerprint") != fingerprint(folder))
    return "its videos have changed";
  const auto version = text_at(entry.manifest, "version", "?");
  return version == SAVP_VERSION ? "" : "read by version " + version;
}

std::string megabytes(int64_t bytes) {
  return concat(static_cast<double>(std::llround(static_cast<double>(bytes) / 1e5)) / 10, " MB");
}

std::string line(const Entry& entry) {
  int64_t sequences = 0;
  const auto counts = entry.manifest.value("sequences", Json::object());
  for (const auto& count : counts.items())
    sequences += std::clamp<int64_t>(number_at(counts, count.key().c_str()), 0, INT32_MAX);
  const auto unused = is_unused(entry);
  return concat("  ", printable(entry.path.filename().string()), ": ", megabytes(entry.bytes), ", ",
                counted(sequences, "sequence"), ", version ", shown(text_at(entry.manifest, "version", "?")),
                ", of ", printable(folder_of(entry)), unused.empty() ? "" : concat(" (", shown(unused), ")"),
                "\n");
}

// False: it is in use.
bool remove(const Entry& entry) {
  auto lock = CacheLock::try_lock(entry.path);
  if (!lock || is_in_use(entry.path)) return false;
  std::error_code failure;
  fs::remove_all(entry.path, failure);
  if (failure) throw_failure(failure.value(), entry.path.string() + ": cannot be removed");
  lock->remove_file();
  return true;
}

}  // namespace

void show_cache(const CacheOptions& options) {
  const auto cache = cache_folder();
  remove_orphans(cache);
  int64_t kept = 0, removed = 0;
  const auto entries = entries_of(cache);
  std::cout << printable(cache.string()) << ": " << counted(static_cast<int64_t>(entries.size()), "data set")
            << "\n";
  for (const auto& entry : entries) {
    const bool unwanted = options.clear || (options.clear_unused && !is_unused(entry).empty());
    const bool gone = unwanted && remove(entry);
    (gone ? removed : kept) += entry.bytes;
    std::cout << line(entry) << (gone ? "    removed\n" : unwanted ? "    is in use, kept\n" : "");
  }
  std::cout << megabytes(kept) << " in all"
            << (removed > 0 ? concat(", ", megabytes(removed), " removed") : "") << std::endl;
}

}  // namespace savp
