// What lies in folders. Hidden entries and what operating systems leave behind (__MACOSX, @eaDir, ...) are
// not shown. Links are followed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace savp {

struct FolderEntry {
  enum Kind { kFile, kFolder, kSpecial, kBroken } kind = kFile;  // kSpecial: a pipe, a socket, a device
  std::filesystem::path path;
  std::string complaint = {};  // of what is neither a file nor a folder, with the path
};

// Sorted by name. Throws DataError where the folder may not be read.
std::vector<FolderEntry> folder_entries(const std::filesystem::path& folder);

// Whether a name is one of those that folder_entries() does not show.
bool is_hidden_name(const std::string& name);

struct FolderVisitor {
  // A folder and what lies in it; false ends the walk. Folders in it come later.
  std::function<bool(const std::filesystem::path& folder, const std::vector<FolderEntry>& entries)> visit;
  // A folder that may not be read; unless there is such a function, the DataError is thrown.
  std::function<void(const std::filesystem::path& folder, const std::string& complaint)> unreadable = {};
  // A link that leads back to a folder above it.
  std::function<void(const std::filesystem::path& folder, const std::string& complaint)> loop = {};
};

// Visits a folder and all below it, each before those in it.
void walk_folders(const std::filesystem::path& root, const FolderVisitor& visitor);

// All files below a folder, sorted by path; unreadable folders are an error.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& root);

}  // namespace savp
