#include "training/starting_point.h"

#include "core/error.h"
#include "core/log.h"
#include "core/text.h"

namespace savp {

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

}  // namespace savp
