// Where the processes of a training meet, as whoever started them says in the environment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace savp {

struct Rendezvous {
  std::string starter;         // "torchrun"
  int64_t rank = 0, size = 1;  // of all processes
  int64_t local_rank = 0;      // on this machine
  std::string address;         // of the machine of rank 0
  uint16_t port = 0;
  bool serves_store = true;  // rank 0 listens there; else somebody does so already (torchrun)
  std::string attempt;       // which of several starts this is, where there may be some
};

// What torchrun (RANK, WORLD_SIZE ...), srun (SLURM_PROCID ...) or mpirun (OMPI_COMM_WORLD_RANK ...) says;
// nothing where this process was started alone. MASTER_ADDR and MASTER_PORT say where to meet; srun and
// mpirun can do without. Throws UsageError where what is said cannot be.
using Environment = std::function<const char*(const char*)>;
std::optional<Rendezvous> find_rendezvous(const Environment& environment);

// "node007" of "node[007-010,12],gpu3".
std::string first_host(const std::string& hosts);

}  // namespace savp
