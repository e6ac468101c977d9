// An evaluation in parts, one a video (or some whose futures are drawn at once), so that one that was stopped
// continues, and several processes share the work. The parts lie in a hidden folder of the result folder,
// .unfinished-HASH, which goes when the results are put in place. HASH stands for all that must be the same
// for parts to belong together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/video_numbers.h"
#include "io/folder_lock.h"

namespace savp {

class EvaluationParts {
 public:
  // `what`: a text of all that the numbers depend on.
  EvaluationParts(const std::filesystem::path& results, const std::string& what);

  // Whether the part is there, with these true frames; one of others is removed.
  bool has(int64_t part, const std::vector<std::string>& truths) const;

  // Alone with the part from now on; none where another process works on it.
  std::optional<FolderLock> claim(int64_t part) const;

  // Where its pictures are to be written; nothing is there yet.
  std::filesystem::path begin(int64_t part) const;
  // From now on the part is there, as a whole.
  void finish(int64_t part, const VideoNumbers& numbers) const;

  // What is there. Throws DataError for a damaged part.
  VideoNumbers numbers(int64_t part) const;
  std::filesystem::path pictures(int64_t part) const;

  // Whether it is there, of whatever frames.
  bool is_there(int64_t part) const;
  // Waits while another process works on it.
  void wait_for(int64_t part) const;

  // Removes what evaluations with other settings left in the result folder.
  void remove_others() const;

 private:
  std::filesystem::path place(int64_t part, const char* ending = "") const;

  std::filesystem::path folder_;
};

}  // namespace savp
