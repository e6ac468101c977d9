#include "making/workers.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/error.h"
#include "core/log.h"

namespace savp {

int64_t worker_threads(int64_t asked) {
  return asked > 0 ? asked : std::max<int64_t>(1, std::thread::hardware_concurrency());
}

void Countdown::step() {
  constexpr std::chrono::seconds kPause(5);
  ++done_;
  const auto now = Clock::now();
  const bool silent_so_far = told_ == start_;
  if (done_ == total_ ? silent_so_far && now - start_ < kPause : now - told_ < kPause) return;
  told_ = now;
  const std::chrono::duration<double> taken = now - start_;
  const auto left =
      taken.count() / static_cast<double>(done_) * static_cast<double>(total_ - done_);  // seconds
  log::info(concat(done_, " of ", total_, " ", things_,
                   left >= 60 ? concat(", ", std::lround(left / 60), " min left") : ""));
}

}  // namespace savp
