// The order of files that their names tell.
#pragma once

#include <filesystem>
#include <vector>

namespace savp {

// Sorts by the whole names without their endings: numbers by value, decimals included ("t_0.5" before
// "t_10"), letters of either case alike. Throws DataError where the names allow two orders: two frames of one
// number, several series in one folder, numbers that may be decimals or not.
void sort_frames(std::vector<std::filesystem::path>& frames);

// The same order without decimals, whatever the names: of names with the same place the paths decide.
void sort_names(std::vector<std::filesystem::path>& paths);

}  // namespace savp
