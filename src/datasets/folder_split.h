// Splits that users have made themselves, by folders named after them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/sources.h"

namespace savp {

// The split (index into kSplitNames) of a name, in any case: train, training; val, valid, validation, dev;
// test, testing, eval.
std::optional<int> split_named(const std::string& name);

// The subfolder of a mode, however it is spelt; nothing where there is none. Throws DataError where several
// are of one mode.
std::optional<std::filesystem::path> split_folder(const std::filesystem::path& folder,
                                                  const std::string& mode);

struct FolderSplit {
  std::vector<std::optional<int>> splits;  // of each source; nothing: it lies beside the folders
};

// What the folders (or the names of the sources themselves: train.npz, test.npz) say, in the input or deeper;
// else, where the input is such a folder itself, that. Nothing where nothing is said. Throws DataError where
// it is doubtful what is meant: a single such folder beside other things, or two of one split.
std::optional<FolderSplit> split_by_folder(const std::vector<Source>& sources,
                                           const std::filesystem::path& input);

}  // namespace savp
