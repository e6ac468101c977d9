#include "core/interrupt.h"

#include <csignal>

#include "core/error.h"

namespace savp {
namespace {

volatile std::sig_atomic_t came = 0;

extern "C" void savp_note_interrupt(int /*signal*/) {
  came = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  came = 0;
  std::signal(SIGINT, savp_note_interrupt);
  std::signal(SIGTERM, savp_note_interrupt);
}

bool interrupted() { return came != 0; }

void stop_if_interrupted() { SAVP_CHECK(!interrupted(), InterruptedError, "stopped on request"); }

}  // namespace savp
