// Small files, read and written in one piece.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace savp {

// All bytes of a file.
std::string read_whole_file(const std::filesystem::path& path);

// Writes under a temporary name and renames, so that the file is there in full or not at all. Makes missing
// folders.
void write_whole_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace savp
