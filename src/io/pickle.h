// Python's pickles, as far as they hold plain data.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace savp {

// Lists, tuples (as lists), dictionaries with text keys, numbers, text, byte strings (as text), booleans and
// None, of protocols 0 to 5. A pickle is a program; one that would call anything but the constructors of
// these is refused. Throws DataError with the file, the byte and the cause.
nlohmann::json read_pickle(const std::filesystem::path& path);

}  // namespace savp
