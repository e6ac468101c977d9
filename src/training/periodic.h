// What is done now and then between steps, as a row:
//
//   {"val", 1000, [&](const Moment& now) { now.sink.scalars(now.step, "val", validation()); }}
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "training/sink.h"
#include "training/trainer.h"

namespace savp {

// The moment after a step; before the first one (Periodic::at_start), report and batch are empty.
struct Moment {
  int64_t step;              // how many are done
  const StepReport& report;  // of the last one, on the device: reading it waits
  const Batch& batch;        // that it learnt from
  Sink& sink;
};

struct Periodic {
  std::string name;
  int64_t frequency;  // steps between; 0: never. Done at the last step, too.
  std::function<void(const Moment&)> act;
  StepOptions wants = {};  // of the steps after which it is done
  bool at_start = false;   // done before the first step of a new run, too
};

}  // namespace savp
