#include "datasets/record_stream.h"

#include "savp/core/error.h"
#include "savp/core/log.h"

namespace savp {

void SkippedRecords::add(const RecordPlace& place, const std::string& complaint) {
  const std::lock_guard lock(mutex_);
  if (places_.emplace(*place.file, place.record).second) log::warn("skipped: " + complaint);
}

int64_t SkippedRecords::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(places_.size());
}

RecordStream::RecordStream(RecordStreamOptions options)
    : options_(std::move(options)), draws_(options_.seed) {
  start_epoch();
}

void RecordStream::start_epoch() {
  order_ = options_.files;
  file_ = 0;
  epoch_start_ = index_;
  if (!options_.shuffle) return;
  for (auto left = order_.size(); left > 1; --left)
    std::swap(order_[left - 1], order_[draws_.below(static_cast<int64_t>(left))]);
}

std::optional<RecordPlace> RecordStream::next_in_files() {
  for (; file_ < order_.size(); ++file_, reader_.reset()) {
    if (!reader_) reader_ = std::make_unique<TfRecordReader>(order_[file_]);
    try {
      if (auto place = reader_->locate()) return place;
    } catch (const DataError& error) {
      if (!options_.skipped) throw;
      // Where the next frame starts is lost with this one's length.
      options_.skipped->add(reader_->position(), concat(error.what(), "; the rest of the file is left out"));
    }
  }
  return std::nullopt;
}

std::optional<RecordPlace> RecordStream::next_in_epoch() {
  const size_t capacity = options_.shuffle ? kShuffleBuffer : 1;
  while (buffer_.size() < capacity) {
    auto place = next_in_files();
    if (!place) break;
    buffer_.push_back(std::move(*place));
  }
  if (buffer_.empty()) return std::nullopt;
  std::swap(buffer_[draws_.below(static_cast<int64_t>(buffer_.size()))], buffer_.back());
  auto drawn = std::move(buffer_.back());
  buffer_.pop_back();
  return drawn;
}

std::optional<RecordItem> RecordStream::next() {
  while (!options_.num_epochs || epoch_ < *options_.num_epochs) {
    if (auto place = next_in_epoch()) return RecordItem{std::move(*place), index_++, epoch_};
    SAVP_CHECK(index_ > epoch_start_, DataError, options_.files.front(),
               ": there is not one usable record in this and ", options_.files.size() - 1, " other files");
    ++epoch_;
    start_epoch();
  }
  return std::nullopt;
}

}  // namespace savp
