#include "core/interrupt.h"

#include <algorithm>
#include <csignal>

#include "core/error.h"

namespace savp {
namespace {

struct Noted {
  int signal;
  const char* name;
  bool respects_ignored = true;  // by whoever started this program
};
// Shells ignore SIGINT for what runs in their background, and some programs leave SIGPIPE ignored in all that
// they start: neither says anything about this program.
constexpr Noted kNoted[] = {{SIGINT, "SIGINT", false},  {SIGTERM, "SIGTERM", false}, {SIGHUP, "SIGHUP"},
                            {SIGUSR1, "SIGUSR1"},       {SIGUSR2, "SIGUSR2"},        {SIGXCPU, "SIGXCPU"},
                            {SIGPIPE, "SIGPIPE", false}};

volatile std::sig_atomic_t came = 0;         // the first
volatile std::sig_atomic_t pipe_broken = 0;  // SIGPIPE came, whenever

// Only who asks twice is impatient: terminals and schedulers send the other signals more than once.
extern "C" void savp_note_interrupt(int signal) {
  if (came == 0) came = signal;
  if (signal == SIGPIPE) pipe_broken = 1;
  if (signal != SIGINT && signal != SIGTERM) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  came = 0;
  pipe_broken = 0;
  for (const auto& noted : kNoted) {
    const auto before = std::signal(noted.signal, savp_note_interrupt);
    if (before == SIG_IGN && noted.respects_ignored) std::signal(noted.signal, SIG_IGN);
  }
  std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() { return came != 0; }

bool output_unread() { return pipe_broken != 0; }

const char* interrupt_name() {
  const auto* const found = std::find_if(std::begin(kNoted), std::end(kNoted),
                                         [](const Noted& noted) { return noted.signal == came; });
  return found == std::end(kNoted) ? "" : found->name;
}

void stop_if_interrupted() {
  SAVP_CHECK(!interrupted(), InterruptedError, "stopped on request (", interrupt_name(), ")");
}

}  // namespace savp
