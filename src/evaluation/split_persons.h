// The persons in the videos of a data set, as its dataset.json names them: "person01_walking_d1_uncomp.avi"
// is of person 1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace savp {

struct SplitPersons {
  std::set<int64_t> of_split, of_others;  // of the split that is looked at, and of all others
};

// record_file: any of the data set's, in a folder within that of dataset.json or beside it. None where there
// is no dataset.json, or one that does not name a person for each video.
std::optional<SplitPersons> persons_of(const std::filesystem::path& record_file, const std::string& split);

}  // namespace savp
