#include "evaluation/staged_folder.h"

#include "core/error.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// A second name for a file, or for all files below a folder; a copy where there can be none.
void link_all(const fs::path& from, const fs::path& to) {
  const auto status = fs::symlink_status(from);
  if (fs::is_directory(status)) {
    fs::create_directory(to, from);
    for (const auto& entry : fs::directory_iterator(from))
      link_all(entry.path(), to / entry.path().filename());
    return;
  }
  if (fs::is_symlink(status)) return fs::copy_symlink(from, to);
  std::error_code failure;
  fs::create_hard_link(from, to, failure);
  if (failure) fs::copy_file(from, to);
}

// Of the folder's lock and of unfinished content.
bool is_mechanism(const fs::path& entry) {
  const auto name = entry.filename().string();
  return FolderLock::is_lock(entry) || name.starts_with(".partial-") || name.starts_with(".unfinished");
}

}  // namespace

StagedFolder::StagedFolder(const fs::path& folder, IsResult is_result)
    : folder_(folder), is_result_(std::move(is_result)), content_(folder) {}

void StagedFolder::link(const fs::path& from) const try {
  link_all(from, staging());
} catch (const fs::filesystem_error& error) {
  throw DataError(concat(folder_.string(), ": results cannot be put together (", error.what(), ")"));
}

void StagedFolder::commit() try {
  if (fs::exists(folder_))
    for (const auto& entry : fs::directory_iterator(folder_))
      if (const auto name = entry.path().filename();
          !is_result_(name.string()) && !is_mechanism(entry.path()))
        link_all(entry.path(), staging() / name);
  content_.commit(AtomicFolder::Others::kRemove);
} catch (const fs::filesystem_error& error) {
  throw DataError(concat(folder_.string(), ": results cannot be put in place (", error.what(), ")"));
}

}  // namespace savp
