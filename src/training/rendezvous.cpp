#include "training/rendezvous.h"

#include <charconv>
#include <cstring>

#include "core/error.h"

namespace savp {
namespace {

constexpr int64_t kManyProcesses = 100000;
constexpr uint16_t kFirstPort = 20000, kPorts = 20000;  // chosen from where none is given

// Whose variables tell what.
struct Starter {
  const char* name;
  const char *rank, *size, *local_rank;
  const char* hosts;  // the machines, that of rank 0 first; null: it does not tell
  const char* job;    // a text that all processes of a job share; null: there is none
};
// SLURM_STEP_NUM_TASKS is there for what srun started, and not for a batch script itself.
constexpr Starter kStarters[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", nullptr, nullptr},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", nullptr,
     "PMIX_NAMESPACE"},
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_NODELIST", "SLURM_JOB_ID"},
};

class Reader {
 public:
  Reader(const Environment& environment, const Starter& starter)
      : environment_(environment), starter_(starter) {}

  std::string text(const char* name) const {
    const char* value = name != nullptr ? environment_(name) : nullptr;
    return value != nullptr ? value : "";
  }

  int64_t number(const char* name, int64_t low, int64_t high) const {
    const auto value = text(name);
    SAVP_CHECK(!value.empty(), UsageError, name, " is not set in the environment, but ", starter_.size,
               " is: start all processes with ", starter_.name, ", or unset ", starter_.size);
    int64_t parsed = 0;
    const auto* end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, parsed);
    SAVP_CHECK(error == std::errc() && rest == end && parsed >= low && parsed <= high, UsageError, name,
               "=\"", value, "\" in the environment must be a number from ", low, " to ", high);
    return parsed;
  }

 private:
  const Environment& environment_;
  const Starter& starter_;
};

uint16_t port_of(const std::string& job) {
  uint32_t sum = 2166136261;  // FNV-1a
  for (const char c : job) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619;
  return static_cast<uint16_t>(kFirstPort + sum % kPorts);
}

// All processes on this machine: mpirun says how many there are.
bool all_are_here(const Reader& reader, const Starter& starter) {
  return std::strcmp(starter.name, "mpirun") == 0 &&
         reader.text("OMPI_COMM_WORLD_LOCAL_SIZE") == reader.text(starter.size);
}

std::string address_of(const Reader& reader, const Starter& starter) {
  if (auto given = reader.text("MASTER_ADDR"); !given.empty()) return given;
  if (const auto hosts = reader.text(starter.hosts); !hosts.empty()) return first_host(hosts);
  SAVP_CHECK(all_are_here(reader, starter), UsageError, "MASTER_ADDR is not set in the environment, but ",
             starter.size, "=", reader.text(starter.size), ": set it to the name of the machine of rank 0");
  return "127.0.0.1";
}

uint16_t port_in(const Reader& reader, const Starter& starter) {
  const auto job = reader.text(starter.job);
  if (reader.text("MASTER_PORT").empty() && !job.empty()) return port_of(job);
  return static_cast<uint16_t>(reader.number("MASTER_PORT", 1, 65535));
}

std::optional<Rendezvous> read(const Reader& reader, const Starter& starter) {
  Rendezvous r{.starter = starter.name};
  r.size = reader.number(starter.size, 1, kManyProcesses);
  r.rank = reader.number(starter.rank, 0, r.size - 1);
  if (r.size == 1) return std::nullopt;
  r.local_rank = reader.number(starter.local_rank, 0, r.size - 1);
  r.address = address_of(reader, starter);
  r.port = port_in(reader, starter);
  r.serves_store = reader.text("TORCHELASTIC_USE_AGENT_STORE") != "True";
  r.attempt = reader.text("TORCHELASTIC_RESTART_COUNT");
  return r;
}

}  // namespace

std::string first_host(const std::string& hosts) {
  const auto end = hosts.find_first_of(",[");
  auto host = hosts.substr(0, end);
  if (end == std::string::npos || hosts[end] == ',') return host;
  const auto first = hosts.substr(end + 1);
  return host + first.substr(0, first.find_first_of(",-]"));
}

std::optional<Rendezvous> find_rendezvous(const Environment& environment) {
  for (const auto& starter : kStarters) {
    const Reader reader(environment, starter);
    if (!reader.text(starter.size).empty()) return read(reader, starter);
  }
  return std::nullopt;
}

}  // namespace savp
