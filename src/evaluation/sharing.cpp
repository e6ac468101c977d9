#include "evaluation/sharing.h"

#include <charconv>
#include <cstring>

#include "core/error.h"

namespace savp {
namespace {

struct Starter {
  const char *rank, *size, *local_rank;
};
constexpr Starter kStarters[] = {
    {"RANK", "WORLD_SIZE", "LOCAL_RANK"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
    {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"}};

int number(const char* name, const char* text) {
  int value = 0;
  const auto* end = text + std::strlen(text);
  const auto [stop, failure] = std::from_chars(text, end, value);
  SAVP_CHECK(failure == std::errc() && stop == end && value >= 0, UsageError, name, "=", text,
             " in the environment is no number: start the processes with torchrun, srun or mpirun");
  return value;
}

}  // namespace

ProcessShare process_share(const std::function<const char*(const char* name)>& variable) {
  for (const auto& [rank, size, local_rank] : kStarters) {
    const auto *rank_text = variable(rank), *size_text = variable(size), *local_text = variable(local_rank);
    if (rank_text == nullptr || size_text == nullptr) continue;
    const ProcessShare share{number(rank, rank_text), number(size, size_text),
                             local_text == nullptr ? 0 : number(local_rank, local_text)};
    SAVP_CHECK(share.rank < share.size, UsageError, rank, "=", share.rank,
               " in the environment is not below ", size, "=", share.size);
    if (share.size > 1) return share;
  }
  return {};
}

}  // namespace savp
