// A wish to stop from outside, noted here and looked at between steps, so that work is saved:
//
//   SIGINT, SIGTERM               Ctrl-C, kill, a scheduler; after one of them, the next one kills
//   SIGHUP                        the terminal was closed; one that is ignored already (nohup) stays so
//   SIGUSR1, SIGUSR2, SIGXCPU     a scheduler's warning that time is nearly up
//   SIGPIPE                       nobody reads the output any more
#pragma once

namespace savp {

// Notes these signals from now on. SIGXFSZ is ignored: a file that grows too large fails to be written, which
// tells more than a signal that kills.
void catch_interrupts();

// Whether one came.
bool interrupted();

// The first one that came: "SIGHUP", or "" where none did.
const char* interrupt_name();

// Whether nobody reads the output any more.
bool output_unread();

// Throws InterruptedError if one came.
void stop_if_interrupted();

}  // namespace savp
