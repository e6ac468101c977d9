#include "io/folder_entries.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "core/failure.h"
#include "io/regular_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kOfSystems = {"__MACOSX", "@eaDir", "$RECYCLE.BIN",
                                                        "System Volume Information"};

FolderEntry entry_at(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int code = errno;
    if (code == EACCES || is_of_machine(code)) throw_failure(code, path.string() + ": cannot be read");
    const char* what =
        code == ELOOP ? ": is a link that leads back to itself" : ": is a link that leads nowhere";
    return {FolderEntry::kBroken, path, path.string() + what};
  }
  if (S_ISREG(status.st_mode)) return {FolderEntry::kFile, path};
  if (S_ISDIR(status.st_mode)) return {FolderEntry::kFolder, path};
  return {FolderEntry::kSpecial, path, concat(path.string(), ": is ", kind_of_node(status.st_mode))};
}

using Identity = std::pair<dev_t, ino_t>;

Identity identity_of(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) throw_failure(errno, folder.string() + ": cannot be read");
  return {status.st_dev, status.st_ino};
}

class Walk {
 public:
  explicit Walk(const FolderVisitor& visitor) : visitor_(visitor) {}

  // False: the walk is over.
  bool go(const fs::path& folder) {
    std::vector<FolderEntry> entries;
    Identity identity;
    try {
      identity = identity_of(folder);
      if (refuses(folder, identity)) return true;
      entries = folder_entries(folder);
    } catch (const DataError& error) {
      if (!visitor_.unreadable) throw;
      visitor_.unreadable(folder, error.what());
      return true;
    }
    above_.emplace_back(identity, folder);
    bool on = visitor_.visit(folder, entries);
    for (const auto& entry : entries)
      if (on && entry.kind == FolderEntry::kFolder) on = go(entry.path);
    above_.pop_back();
    return on;
  }

 private:
  // Links may lead round in circles, or from everywhere to everywhere.
  bool refuses(const fs::path& folder, const Identity& identity) {
    constexpr int kMostVisits = 16;
    const auto same = std::find_if(above_.begin(), above_.end(),
                                   [&](const auto& other) { return other.first == identity; });
    const bool often = ++visits_[identity] > kMostVisits;
    if (same == above_.end() && !often) return false;
    if (visitor_.loop)
      visitor_.loop(folder,
                    same != above_.end()
                        ? concat(folder.string(), ": is a link that leads back to ", same->second.string())
                        : concat(folder.string(), ": is a folder to which many links lead"));
    return true;
  }

  const FolderVisitor& visitor_;
  std::vector<std::pair<Identity, fs::path>> above_;
  std::map<Identity, int> visits_;
};

}  // namespace

bool is_hidden_name(const std::string& name) {
  return name.starts_with('.') || std::find(kOfSystems.begin(), kOfSystems.end(), name) != kOfSystems.end();
}

std::vector<FolderEntry> folder_entries(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (!is_hidden_name(entry->path().filename().string())) paths.push_back(entry->path());
  if (failure) throw_failure(failure.value(), folder.string() + ": cannot be read");
  std::sort(paths.begin(), paths.end());
  std::vector<FolderEntry> entries;
  for (const auto& path : paths) entries.push_back(entry_at(path));
  return entries;
}

void walk_folders(const fs::path& root, const FolderVisitor& visitor) { Walk(visitor).go(root); }

std::vector<fs::path> files_below(const fs::path& root) {
  std::vector<fs::path> files;
  walk_folders(root, {.visit = [&](const fs::path&, const std::vector<FolderEntry>& entries) {
                 for (const auto& entry : entries)
                   if (entry.kind == FolderEntry::kFile) files.push_back(entry.path);
                 return true;
               }});
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace savp
