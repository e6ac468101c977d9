// The records of a list of files, epoch after epoch, in order or shuffled.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/draws.h"
#include "datasets/stream.h"
#include "io/tfrecord.h"

namespace savp {

// Damaged records that were left out on request; each is told of once.
class SkippedRecords {
 public:
  void add(const RecordPlace& place, const std::string& complaint);
  int64_t count() const;

 private:
  mutable std::mutex mutex_;
  std::set<std::pair<std::string, int64_t>> places_;  // file, record
};

struct RecordItem {
  RecordPlace place;
  StreamPosition position;    // of the record itself, among those of all shards
  StreamPosition after = {};  // behind the records that all shards read meanwhile: the same for each
};

struct RecordStreamOptions {
  std::vector<std::string> files;
  bool shuffle = false;
  std::optional<int64_t> num_epochs;  // none: endless
  uint64_t seed = 0;
  StreamPosition start = {};
  Shard shard = {};
  std::shared_ptr<SkippedRecords> skipped;  // null: damage is an error
};

// Draws that belong to a place in the data, however it was come to.
Draws draws_at(uint64_t seed, const StreamPosition& position);

// Only places are kept, so that the shuffle buffer costs no memory to speak of; decoders read the data.
// Shuffled: files change their order in each epoch, and each record is drawn from the next
// kShuffleBuffer ones of the epoch. To start within an epoch, the places before are found again, which
// reads 12 bytes a record.
class RecordStream : public Stream<RecordItem> {
 public:
  static constexpr size_t kShuffleBuffer = 1024;

  explicit RecordStream(RecordStreamOptions options);
  std::optional<RecordItem> next() override;

 private:
  void start_epoch(int64_t epoch);
  void skip_to(int64_t record);
  std::optional<RecordPlace> next_in_files();
  std::optional<RecordItem> next_in_epoch();
  std::optional<RecordItem> next_of_any_shard();

  RecordStreamOptions options_;
  std::vector<std::string> order_;  // of the files, in this epoch
  size_t file_ = 0;                 // in order_
  std::unique_ptr<TfRecordReader> reader_;
  std::vector<RecordPlace> buffer_;
  Draws draws_;
  StreamPosition position_;  // of the next record
};

}  // namespace savp
