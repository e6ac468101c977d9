// A wish to stop from outside (Ctrl-C, SIGTERM): the first one is noted here and looked at between steps, so
// that work is saved; the second one kills.
#pragma once

namespace savp {

// Notes SIGINT and SIGTERM from now on.
void catch_interrupts();

// Whether one came.
bool interrupted();

// Throws InterruptedError if one came.
void stop_if_interrupted();

}  // namespace savp
