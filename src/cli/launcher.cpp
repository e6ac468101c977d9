#include "cli/launcher.h"

#include <netinet/in.h>
#include <signal.h>  // NOLINT: kill() is of POSIX, not of <csignal>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/failure.h"
#include "core/interrupt.h"
#include "core/text.h"

namespace savp::cli {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr int64_t kMostACore = 4, kFew = 8;    // processes; each takes some 200 MiB before it has begun
constexpr std::chrono::seconds kPatience{10};  // with processes that have lost another

std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

// A port of this machine that nobody listens on.
uint16_t free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool found =
      descriptor >= 0 && ::bind(descriptor, any, size) == 0 && ::getsockname(descriptor, any, &size) == 0;
  const int code = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!found) throw_failure(code, "no port for several processes");
  return ntohs(address.sin_port);
}

std::vector<std::pair<std::string, std::string>> environment_of(int64_t rank, int64_t processes,
                                                                uint16_t port) {
  const auto cores = static_cast<int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  const char* threads = std::getenv("OMP_NUM_THREADS");
  return {{"RANK", std::to_string(rank)},
          {"LOCAL_RANK", std::to_string(rank)},
          {"WORLD_SIZE", std::to_string(processes)},
          {"MASTER_ADDR", "127.0.0.1"},
          {"MASTER_PORT", std::to_string(port)},
          {"OMP_NUM_THREADS",
           threads != nullptr ? threads : std::to_string(std::max<int64_t>(1, cores / processes))}};
}

// In a process group of its own: a terminal's Ctrl-C comes through the launcher, once. Ends with it.
pid_t start(const std::vector<std::string>& arguments,
            const std::vector<std::pair<std::string, std::string>>& environment) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0) throw_failure(errno, "another process cannot be started");
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::execv("/proc/self/exe", argv.data());
  ::_exit(127);
}

// Of a process that only noticed the end of another, which knows better why.
constexpr int kPeerLost = static_cast<int>(ExitCode::kOutOfMemory);

class Team {
 public:
  explicit Team(int64_t processes) {
    const auto arguments = own_arguments();
    const auto port = free_port();
    for (int64_t rank = 0; rank < processes; ++rank)
      running_.push_back({start(arguments, environment_of(rank, processes, port)), rank});
    size_ = processes;
  }
  ~Team() { send(SIGKILL); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  void wait() {
    bool asked = false;
    while (!running_.empty()) {
      collect();
      if (interrupted() && !asked) {
        asked = true;
        send(SIGTERM);
      }
      if (failed_at_ && std::chrono::steady_clock::now() > *failed_at_ + kPatience) send(SIGKILL);
      std::this_thread::sleep_for(kLook);
    }
    if (code_ != 0) throw Error(static_cast<ExitCode>(code_), "");  // told by who failed
    if (!killed_.empty()) throw Error(ExitCode::kOutOfMemory, killed_);
  }

 private:
  struct Process {
    pid_t pid;
    int64_t rank;
  };

  void send(int signal) const {
    for (const auto& process : running_) ::kill(process.pid, signal);
  }

  void collect() {
    std::erase_if(running_, [this](const Process& process) {
      int status = 0;
      if (::waitpid(process.pid, &status, WNOHANG) != process.pid) return false;
      note(process, status);
      return true;
    });
  }

  void note(const Process& process, int status) {
    if (status == 0) return;
    if (WIFEXITED(status) && (code_ == 0 || code_ == kPeerLost)) code_ = WEXITSTATUS(status);
    if (WIFSIGNALED(status) && killed_.empty())
      killed_ = concat("process ", process.rank, " of ", size_, " was killed (",
                       ::strsignal(WTERMSIG(status)), "); --resume continues from the last checkpoint");
    if (!failed_at_) failed_at_ = std::chrono::steady_clock::now();
  }

  std::vector<Process> running_;
  int64_t size_ = 0;
  int code_ = 0;
  std::string killed_;
  std::optional<std::chrono::steady_clock::time_point> failed_at_;
};

}  // namespace

void launch(int64_t processes) {
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const int64_t most = std::max(kFew, kMostACore * cores);
  SAVP_CHECK(processes <= most, UsageError, "--processes ", processes, ": this machine has ",
             counted(cores, "core"), ", which is enough for ", most, " processes at most");
  Team(processes).wait();
}

}  // namespace savp::cli
