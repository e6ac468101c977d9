// A data set, read as batches of sequences: the input of training and of measurements.
//
//   savp::DatasetReader data("data/bair", {.split = "train", .batch_size = 16});
//   while (auto batch = data.next()) learn(*batch);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "savp/video.h"

namespace savp {

struct DatasetReaderOptions {
  std::string split = "train";  // train, val or test
  std::string dataset = {};     // its name ("bair"); empty: detected from the folder
  std::string hparams =
      {};                  // of the data set: "sequence_length=12,use_state=true" (savp_train --help_hparams)
  int64_t batch_size = 1;  // sequences
  std::optional<int64_t> epochs = 1;  // passes over the data; none: without end
  uint64_t seed = 0;                  // of the order, and of where sequences begin in longer records
  int64_t threads = 2;                // that read and decode ahead; 0: next() does all itself
  bool skip_bad_records = false;      // damaged records are left out with a warning, instead of an error
};

// Sequences of one size, side by side. Owns its memory.
struct SequenceBatch {
  Videos frames;               // `count` sequences; floats from 0 to 1
  int64_t action_size = 0;     // numbers an action; 0: there are none
  int64_t state_size = 0;      // numbers a state; 0: there are none
  std::vector<float> actions;  // [count][frames - 1][action_size], action t leads from frame t to t + 1
  std::vector<float> states;   // [count][frames][state_size]
};

// One thread at a time may use a reader; several may read the same data at once. Threads of its own end
// with it.
class DatasetReader {
 public:
  // Opens a folder of records, or of videos, folders of frames or arrays (see docs/data.md); these are first
  // made into records, kept in a cache, which takes time. Throws UsageError for options that cannot be,
  // DataError where there is no such data, and for a split that is missing.
  explicit DatasetReader(const std::string& folder, const DatasetReaderOptions& options = {});
  ~DatasetReader();
  DatasetReader(DatasetReader&&) noexcept;
  DatasetReader& operator=(DatasetReader&&) noexcept;

  // The next batch_size sequences; none at the end, and ever after. Batches run across the ends of epochs; an
  // incomplete last one is dropped. The same seed gives the same batches, whatever the number of threads.
  // Throws DataError for a damaged record, with its file and number.
  std::optional<SequenceBatch> next();

  // The name of the data set: "bair". Lives as long as the reader.
  const std::string& name() const;
  // The frames of each sequence, their sizes.
  const VideoSize& size() const;
  // The first frames, of so many, that a model is shown by the data set's convention.
  int64_t context_frames() const;
  // Sequences of an epoch; may read all records to count them.
  int64_t sequences() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace savp
