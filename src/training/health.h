// Watches a training from step to step: losses and skipped updates of every step, and now and then the
// weights. Steps are noted on the device without waiting for it; looking at them waits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "training/loss_watch.h"
#include "training/trainer.h"

namespace savp {

class Health {
 public:
  // max_bad_steps: after so many bad steps (LossWatch) in a row training is lost. The trainer must
  // outlive it.
  Health(Trainer& trainer, int64_t max_bad_steps);

  // After each step.
  void note(const StepReport& report);

  // How many steps there should be between looks: 1 on the CPU, where nothing waits.
  int64_t interval() const;

  // Judges what was noted, and the weights where it is time, bad steps begin, or `weights` asks for it.
  // Returns what is wrong for good, or an empty text: losses were bad for too long; weights are not finite,
  // or on the whole 100 times as large as shortly before, which no sensible step does.
  std::string look(bool weights = false);

  // As of the last look.
  const LossWatch& losses() const { return losses_; }
  // Whether the last step was bad: then nothing says that its weights are any good.
  bool in_doubt() const { return losses_.bad_steps() > 0; }

 private:
  struct Noted {
    int64_t step;
    Tensor values;  // the skipped steps in a row, then those of names_
  };
  struct Weights {
    std::string part;
    std::vector<Tensor> tensors;  // the live ones
    RunningMedian sizes;          // root mean squares
  };

  void judge_losses();
  std::string judge_weights();
  static std::string judge(Weights& weights);

  Trainer& trainer_;
  int64_t max_bad_steps_, weights_step_;
  LossWatch losses_;
  std::vector<Weights> weights_;
  std::vector<Noted> noted_;
  std::vector<std::string> sums_, terms_;  // names, in the order of Noted::values
};

}  // namespace savp
