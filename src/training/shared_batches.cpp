#include "training/shared_batches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace savp {
namespace {

// What each process tells the others.
enum Told : int64_t { kEpoch, kRecord, kStop, kFailed, kCount };

}  // namespace

SharedBatches::SharedBatches(BatchStream& batches, std::shared_ptr<Communicator> communicator,
                             std::function<bool()> asked_to_stop)
    : batches_(batches),
      communicator_(std::move(communicator)),
      asked_to_stop_(std::move(asked_to_stop)),
      positions_(communicator_->size(), batches.position()) {}

std::optional<Batch> SharedBatches::next() {
  std::optional<Batch> batch;
  try {
    batch = batches_.next();
  } catch (const Error&) {
    communicator_->first_to(kTellOfError);  // this message is worth more than those of the others
    tell_others(/*failed=*/true);
    throw;
  }
  tell_others(/*failed=*/false);
  return batch;
}

void SharedBatches::tell_others(bool failed) {
  const auto all = at::zeros({communicator_->size(), kCount}, at::kLong);
  auto mine = all[communicator_->rank()];
  const auto position = batches_.position();
  const int64_t told[] = {position.epoch, position.record, asked_to_stop_() ? 1 : 0, failed ? 1 : 0};
  std::copy(std::begin(told), std::end(told), mine.data_ptr<int64_t>());
  communicator_->sum(all);
  const auto* row = all.const_data_ptr<int64_t>();
  for (size_t rank = 0; rank < positions_.size(); ++rank, row += kCount) {
    positions_[rank] = {row[kEpoch], row[kRecord]};
    stopping_ = stopping_ || row[kStop] != 0;
    SAVP_CHECK(failed || row[kFailed] == 0, PeerError, "process ", rank, " of ", positions_.size(),
               " cannot read its data");
  }
}

bool SharedBatches::stopping() const { return stopping_ || (communicator_->size() == 1 && asked_to_stop_()); }

std::string SharedBatches::position() const { return text(positions_); }

std::string text(const std::vector<StreamPosition>& positions) {
  auto all = text(positions.front());
  if (std::all_of(positions.begin(), positions.end(), [&](const auto& p) { return p == positions.front(); }))
    return all;
  for (size_t i = 1; i < positions.size(); ++i) all += concat(",", text(positions[i]));
  return all;
}

StreamPosition position_of(const std::string& text, const Shard& shard) {
  std::vector<StreamPosition> positions;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    positions.push_back(parse_position(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  if (static_cast<int64_t>(positions.size()) == shard.world) return positions[shard.rank];
  return *std::min_element(positions.begin(), positions.end(), [](const auto& a, const auto& b) {
    return std::pair(a.epoch, a.record) < std::pair(b.epoch, b.record);
  });
}

}  // namespace savp
