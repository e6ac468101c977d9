// Splits by the names of folders: how those of train, val and test may be spelt.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

namespace savp {

inline constexpr std::array<const char*, 3> kSplitNames = {"train", "val", "test"};

// The split (index into kSplitNames) of a name, in any case: train, training; val, valid, validation, dev;
// test, testing, eval.
std::optional<int> split_named(const std::string& name);

// The subfolder of a mode, however it is spelt; nothing where there is none. Throws DataError where several
// are of one mode.
std::optional<std::filesystem::path> split_folder(const std::filesystem::path& folder,
                                                  const std::string& mode);

}  // namespace savp
