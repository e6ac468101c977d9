// What programs that were killed while they wrote (io/atomic_file.h) have left.
#pragma once

#include <filesystem>

namespace savp {

// Removes it from a folder; for who keeps others from writing there (io/folder_lock.h).
void remove_unfinished_files(const std::filesystem::path& folder);

}  // namespace savp
