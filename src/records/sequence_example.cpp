// Sequences of any length, each a tf.train.SequenceExample with the feature lists images, states and actions.
#include "records/specs.h"

namespace savp {

DatasetSpec sequence_example() {
  DatasetSpec spec{.name = "sequence_example",
                   .about = "SequenceExample records: square RGB of any size, states and actions",
                   .layout = Layout::kSequenceExample,
                   .pixels = Pixels::kRaw,
                   .images = "images",
                   .states = "states",
                   .actions = "actions"};
  return spec;
}

}  // namespace savp
