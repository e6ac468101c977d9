// One command becomes several processes on this machine.
#pragma once

#include <cstdint>

namespace savp::cli {

// Starts this command again in so many processes, which find each other and share the cores and GPUs; hands
// on the signals that ask to stop, and waits for all. Where one ends in failure the others follow: by
// themselves, or killed after a while. Throws an Error with the exit code of the first that failed, without a
// message where that process told its own.
void launch(int64_t processes);

}  // namespace savp::cli
