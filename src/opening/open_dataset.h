// Any folder opened as a data set: records as they are, what has to be decoded first by way of records in a
// cache. Programs that read records alone do without this, and so without FFmpeg and OpenCV.
#pragma once

#include <memory>
#include <string>

#include "checkpoints/hparams_sources.h"
#include "datasets/dataset.h"

namespace savp {

// Finds the files and reads the first record; a folder of videos, frames or arrays is first made into
// records, kept in a cache (making/own_data.h). `mode` is train, val or test; the defaults of the dataset
// are overridden by the dictionaries (each with what messages call it), these by the text. Damaged records
// and videos are errors unless they are to be skipped, with a warning. Throws UsageError and DataError.
std::unique_ptr<Dataset> open_dataset(const std::string& name, const std::string& input_dir,
                                      const std::string& mode, const HparamsDicts& hparams_dicts = {},
                                      const std::string& hparams_text = "", bool skip_bad_records = false);

// The dataset of a folder: as infer_record_dataset() says; video where there are no records, but videos,
// folders of frames or arrays. Throws DataError where none of it tells.
std::string infer_dataset(const std::string& input_dir, const std::string& mode);

}  // namespace savp
