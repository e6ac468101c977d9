// Folders of videos, frames or arrays, read as if they were folders of records: what a folder holds is turned
// into records once, which are kept in a cache and used as long as the folder stays as it is. The cache is
// $SAVP_CACHE_DIR, else $XDG_CACHE_HOME/savp, else ~/.cache/savp; it may be deleted at any time.
#pragma once

#include <string>

#include "core/hparams.h"
#include "making/video_data.h"
#include "records/spec.h"

namespace savp {

// Whether a folder (or file) is of this kind: no records in it or in its subfolders, but videos or arrays.
bool holds_own_data(const std::string& input);

// A folder with train, val and test of the same split that `savp_preprocess videos` would make. Damaged files
// are an error, or left out with a warning. Throws DataError where nothing falls to the mode.
std::string records_of_own_data(const std::string& input, const std::string& mode,
                                const VideoHparams& hparams, bool skip_bad_videos);

// As make_video_data(options); a video kept in its size must not be larger than `largest_side` (pixels; 0:
// any), and the manifest has `more` in it.
void make_video_data(const VideoDataOptions& options, int64_t largest_side, const Json& more);

}  // namespace savp
