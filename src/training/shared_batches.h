// The batches of one of several processes, which keep in step: before each batch they tell each other where
// they stand in the data, whether one of them is to stop, and whether one has failed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "datasets/dataset.h"
#include "training/communicator.h"

namespace savp {

class SharedBatches : public Stream<Batch> {
 public:
  // batches: this process's (Shard). asked_to_stop: whether the user asked this process.
  SharedBatches(BatchStream& batches, std::shared_ptr<Communicator> communicator,
                std::function<bool()> asked_to_stop);

  // Throws what this process's batches throw, and PeerError where those of another have failed.
  std::optional<Batch> next() override;

  // Whether any process was asked to stop, as of the last batch where there are several; where all are in the
  // data, as one text.
  bool stopping() const;
  std::string position() const;

 private:
  void tell_others(bool failed);

  BatchStream& batches_;
  std::shared_ptr<Communicator> communicator_;
  std::function<bool()> asked_to_stop_;
  bool stopping_ = false;
  std::vector<StreamPosition> positions_;  // by rank
};

// "3:1200" where all processes stand at the same place, else "3:1200,3:1216", by rank.
std::string text(const std::vector<StreamPosition>& positions);

// Where a process begins to read. As many processes as the text is of continue where each was; others begin
// at the earliest place: some sequences come again, and none is left out. Throws UsageError for what is no
// such text.
StreamPosition position_of(const std::string& text, const Shard& shard);

}  // namespace savp
