#include "datasets/record_stream.h"

#include "core/error.h"
#include "core/log.h"
#include "records/name_pattern.h"

namespace savp {

void SkippedRecords::add(const RecordPlace& place, const std::string& complaint) {
  const std::lock_guard lock(mutex_);
  if (places_.emplace(*place.file, place.record).second) log::warn("skipped: " + complaint);
}

int64_t SkippedRecords::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(places_.size());
}

std::string text(const StreamPosition& position) { return concat(position.epoch, ":", position.record); }

StreamPosition parse_position(const std::string& text) {
  const auto parts = match_name(text, "%d:%d");
  const auto epoch = parts ? short_number(parts->front()) : std::nullopt;
  const auto record = parts ? short_number(parts->back()) : std::nullopt;
  SAVP_CHECK(epoch && record, UsageError, text, " is no position in the data");
  return {*epoch, *record};
}

Draws draws_at(uint64_t seed, const StreamPosition& position) {
  const auto of_epoch = Draws(seed, static_cast<uint64_t>(position.epoch)).bits();
  return Draws(of_epoch, static_cast<uint64_t>(position.record));
}

RecordStream::RecordStream(RecordStreamOptions options)
    : options_(std::move(options)), draws_(options_.seed) {
  start_epoch(options_.start.epoch);
  skip_to(options_.start.record);
}

void RecordStream::start_epoch(int64_t epoch) {
  position_ = {epoch, 0};
  draws_ = draws_at(options_.seed, {epoch, -1});
  order_ = options_.files;
  file_ = 0;
  if (!options_.shuffle) return;
  for (auto left = order_.size(); left > 1; --left)
    std::swap(order_[left - 1], order_[draws_.below(static_cast<int64_t>(left))]);
}

void RecordStream::skip_to(int64_t record) {
  while (position_.record < record && next_in_epoch()) continue;
  if (position_.record < record)
    log::warn(concat("the data has changed: ", record, " records of an epoch were read before, but ",
                     options_.files.front(), " and the other files hold ", position_.record));
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

std::optional<RecordItem> RecordStream::next_in_epoch() {
  const size_t capacity = options_.shuffle ? kShuffleBuffer : 1;
  while (buffer_.size() < capacity) {
    auto place = next_in_files();
    if (!place) break;
    buffer_.push_back(std::move(*place));
  }
  if (buffer_.empty()) return std::nullopt;
  std::swap(buffer_[draws_.below(static_cast<int64_t>(buffer_.size()))], buffer_.back());
  RecordItem drawn{std::move(buffer_.back()), position_};
  buffer_.pop_back();
  ++position_.record;
  return drawn;
}

std::optional<RecordItem> RecordStream::next_of_any_shard() {
  while (!options_.num_epochs || position_.epoch < *options_.num_epochs) {
    if (auto item = next_in_epoch()) return item;
    SAVP_CHECK(position_.record > 0, DataError, options_.files.front(),
               ": there is not one usable record in this and ", options_.files.size() - 1, " other files");
    start_epoch(position_.epoch + 1);
  }
  return std::nullopt;
}

// The shards take turns, also across the ends of epochs: together they read what one alone would.
std::optional<RecordItem> RecordStream::next() {
  const auto& [rank, world] = options_.shard;
  for (int64_t i = 0; i < rank; ++i) next_of_any_shard();
  auto item = next_of_any_shard();
  for (int64_t i = rank + 1; i < world; ++i) next_of_any_shard();
  if (item) item->after = position_;
  return item;
}

}  // namespace savp
