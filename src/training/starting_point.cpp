#include "training/starting_point.h"

#include <ATen/ATen.h>

#include <random>

#include "checkpoints/tensors.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text.h"
#include "training/shared_batches.h"

namespace savp {
namespace {

StreamPosition position_in(const VariableSource& variables, const Shard& shard) {
  const auto found = variables.metadata().find(metadata_keys::kDataPosition);
  if (found == variables.metadata().end()) {
    log::warn("the checkpoint does not say where it was in the data: reading starts anew");
    return {};
  }
  try {
    return position_of(found->second, shard);
  } catch (const UsageError& error) {
    throw DataError(concat(variables.where(), ": its metadata ", found->first, ": ", error.what()));
  }
}

// New, and the same for all.
uint64_t common_seed(Communicator& team) {
  const auto seed = at::full({}, static_cast<int64_t>(std::random_device()()), at::kLong);
  team.broadcast(seed);
  return static_cast<uint64_t>(seed.item<int64_t>());
}

}  // namespace

void resume(Trainer& trainer, const VariableSource& checkpoint) {
  const auto restored = trainer.load(checkpoint, Trainer::Load::kContinue);
  if (!restored.optional.empty())
    log::warn(concat(checkpoint.where(),
                     " does not say where the random draws of this kind of device were: they start anew"));
}

void start_from(Trainer& trainer, const VariableSource& checkpoint) {
  const auto [optional, fresh, unused] = trainer.load(checkpoint, Trainer::Load::kStart);
  log::info(concat("weights from ", checkpoint.where(),
                   fresh.empty() ? "" : concat("; not there, so fresh: ", join_words(fresh)),
                   unused.empty() ? "" : concat("; not used: ", join_words(unused))));
}

StartingPoint find_start(const std::optional<Checkpoint>& checkpoint, bool continues,
                         std::optional<int64_t> seed, Communicator& team) {
  StartingPoint start{.seed = seed ? static_cast<uint64_t>(*seed) : common_seed(team),
                      .continues = continues};
  if (!checkpoint) return start;
  const auto& variables = start.variables.emplace(VariableSource::open(*checkpoint));
  if (!continues) return start;
  const auto before = number_in(variables.metadata(), metadata_keys::kSeed, variables.where());
  if (before && !seed) start.seed = *before;
  start.position = position_in(variables, {team.rank(), team.size()});
  return start;
}

void fill(Trainer& trainer, StartingPoint& start) {
  if (start.variables)
    start.continues ? resume(trainer, *start.variables) : start_from(trainer, *start.variables);
  start.variables.reset();
  trainer.share();
}

}  // namespace savp
