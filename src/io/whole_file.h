// Small files, read and written in one piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace savp {

inline constexpr int64_t kLargestWholeFile = int64_t{1} << 29;  // bytes

// All bytes of a file, which must be a regular one of at most so many bytes.
std::string read_whole_file(const std::filesystem::path& path, int64_t at_most = kLargestWholeFile);

// The same; nothing where there is no such file.
std::optional<std::string> read_if_there(const std::filesystem::path& path,
                                         int64_t at_most = kLargestWholeFile);

// Writes under a temporary name and renames, so that the file is there in full or not at all. Makes
// missing folders.
void write_whole_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace savp
