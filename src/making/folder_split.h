// Splits that users have made themselves, by folders named after them.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "making/sources.h"

namespace savp {

struct FolderSplit {
  std::vector<std::optional<int>> splits;  // of each source; nothing: it lies beside the folders
};

// What the folders (or the names of the sources themselves: train.npz, test.npz) say, in the input or deeper;
// else, where the input is such a folder itself, that. Nothing where nothing is said. Throws DataError where
// it is doubtful what is meant: a single such folder beside other things, or two of one split.
std::optional<FolderSplit> split_by_folder(const std::vector<Source>& sources,
                                           const std::filesystem::path& input);

}  // namespace savp
