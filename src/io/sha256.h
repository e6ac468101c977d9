// SHA-256, to tell whether a file is still what it was.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace savp {

// As 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

// The same of a file's bytes. Throws DataError where it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace savp
