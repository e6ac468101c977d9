// A folder of records, seen as batches of sequences.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoints/hparams_sources.h"
#include "core/video.h"
#include "datasets/stream.h"
#include "records/spec.h"

namespace savp {

struct BatchOptions {
  int64_t batch_size = 1;
  std::optional<int64_t> num_epochs = std::nullopt;  // none: endless
  uint64_t seed = 0;          // of the order and of the sequences' starts; threads make no difference
  StreamPosition start = {};  // as if all before had been read
  Shard shard = {};
  int64_t threads = 2;           // that read and decode; 0: next() does it all itself
  at::Device device = at::kCPU;  // batches for another device are copied ahead, through pinned memory
};

// Batches, and where they are in the data.
class BatchStream : public Stream<Batch> {
 public:
  // After the last batch that was given away. A stream of the same data, seed and shard that starts here
  // continues with the same batches; with several shards, as long as no record was left out.
  virtual StreamPosition position() const = 0;
};

class SequenceDecoder;
class SkippedRecords;

// The defaults of a data set, overridden by dictionaries (each with what messages call it), these by texts.
VideoHparams settle_hparams(const DatasetSpec& spec, const HparamsDicts& dicts,
                            const std::vector<std::string>& texts);

class Dataset {
 public:
  // Finds the record files and reads the first record. `mode` is train, val or test; the defaults of the
  // dataset are overridden by the dictionaries (each with what messages call it), these by the text. Damaged
  // records are errors unless they are to be skipped, with a warning. Throws UsageError and DataError.
  // Folders of videos, frames or arrays are opened by open_dataset() (opening/open_dataset.h).
  static std::unique_ptr<Dataset> open_records(const std::string& name, const std::string& input_dir,
                                               const std::string& mode,
                                               const HparamsDicts& hparams_dicts = {},
                                               const std::string& hparams_text = "",
                                               bool skip_bad_records = false);
  ~Dataset();

  const std::string& name() const { return spec_.name; }
  const std::string& mode() const { return mode_; }
  const std::vector<std::string>& files() const { return files_; }
  const DatasetHparams& hparams() const { return hparams_; }
  HparamsView view() { return spec_.view(hparams_); }

  // 0: as many frames as the records hold. Streams that exist already stay as they are.
  void set_sequence_length(int64_t frames);

  // Sequences in an epoch: from file names or sequence_lengths.txt, else by reading all records.
  int64_t num_examples_per_epoch() const;

  // Of the batches: after crop, scale and joining the actions of skipped frames.
  VideoShape shape() const;

  // Shuffled in train, and in val with shuffle_on_val. Batches run across the ends of epochs, an incomplete
  // last one is dropped. The stream lives on its own, without the dataset.
  std::unique_ptr<BatchStream> batches(const BatchOptions& options) const;

  // Damaged records that all streams have skipped so far, each counted once.
  int64_t skipped_records() const;
  // The end of a tool's summary: "; 3 damaged records were left out", or nothing.
  std::string skipped_summary() const;

 private:
  Dataset(DatasetSpec spec, std::vector<std::string> files, std::string mode, VideoHparams hparams,
          bool skip_bad_records);

  DatasetSpec spec_;
  std::vector<std::string> files_;
  std::string mode_;
  VideoHparams hparams_;
  std::shared_ptr<const SequenceDecoder> decoder_;
  std::shared_ptr<SkippedRecords> skipped_;  // null: damage is an error
};

}  // namespace savp
