// Which of several processes this is, where torchrun, srun or mpirun started them to share an evaluation.
#pragma once

#include <functional>
#include <string>

namespace savp {

struct ProcessShare {
  int rank = 0, size = 1;
  int local_rank = 0;  // among those of this machine
  bool is_first() const { return rank == 0; }
};

// From the variables of the environment that these programs set. Throws UsageError for a number that is none.
ProcessShare process_share(const std::function<const char*(const char* name)>& variable);

}  // namespace savp
