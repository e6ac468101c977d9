#include "cli/memory_plan.h"

#include <signal.h>  // NOLINT: SIGKILL is of POSIX
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "cli/facts.h"
#include "cli/run.h"
#include "core/caught.h"
#include "core/device.h"
#include "core/device_memory.h"
#include "core/failure.h"
#include "core/limits.h"
#include "core/log.h"

namespace savp::cli {
namespace {

constexpr const char* kWholeDevice = "device";

// Of "16GiB"; none for `device`.
std::optional<double> bytes_of(const std::string& size) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"GB", 1e9}, {"MB", 1e6}};
  if (size == kWholeDevice) return std::nullopt;
  double number = 0;
  const auto* end = size.data() + size.size();
  const auto [rest, error] = std::from_chars(size.data(), end, number);
  for (const auto& [unit, bytes] : kUnits)
    if (error == std::errc() && number > 0 && std::isfinite(number) && std::string_view(rest, end) == unit)
      return number * bytes;
  throw UsageError(concat("--plan_memory ", size, ": must be a size such as 16GiB or 900MiB, or device"));
}

std::string text_of_bytes(double bytes) {
  std::ostringstream text;
  const bool large = bytes >= 1 << 30;
  text << std::fixed << std::setprecision(large ? 2 : 0) << bytes / (large ? 1 << 30 : 1 << 20)
       << (large ? " GiB" : " MiB");
  return text.str();
}

// What a process tells of its training.
struct Told {
  int code = 0;
  std::string error = {};
  double needed = 0, whole = 0;  // bytes
  std::string device = {};
};

Told trained(const TrainOptions& options, int64_t batch_size, const Training& train) {
  try {
    train(options, batch_size);
    const auto device = device_named(options.device, "--device");
    const auto memory = device_memory(device);
    return {.needed = static_cast<double>(memory.needed),
            .whole = static_cast<double>(memory.whole),
            .device = device_name(device)};
  } catch (...) {
    const auto [code, message] = caught_error();
    return {.code = static_cast<int>(code), .error = message};
  }
}

void write_all(int pipe, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const auto count = ::write(pipe, text.data() + done, text.size() - done);
    if (count <= 0) return;
    done += static_cast<size_t>(count);
  }
}

std::string read_all(int pipe) {
  std::string text;
  char some[4096];
  for (;;) {
    const auto count = ::read(pipe, some, sizeof some);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(some, static_cast<size_t>(count));
  }
}

[[noreturn]] void be_child(pid_t parent, int pipe, const std::function<Told()>& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  fall_silent();
  const auto told = body();
  const Json line = {told.code, told.error, told.needed, told.whole, told.device};
  write_all(pipe, line.dump(-1, ' ', false, Json::error_handler_t::replace));
  ::_exit(0);
}

// The body in a process of its own.
Told in_another_process(const std::function<Told()>& body) {
  int ends[2];
  if (::pipe(ends) != 0) throw_failure(errno, "no pipe to another process");
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0) throw_failure(errno, "another process cannot be started");
  if (pid == 0) be_child(parent, ends[1], body);
  ::close(ends[1]);
  const auto text = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))  // the system ends so whoever takes too much memory
    throw Error(WTERMSIG(status) == SIGKILL ? ExitCode::kOutOfMemory : ExitCode::kInternal,
                concat("a training that was tried was killed (", ::strsignal(WTERMSIG(status)), ")"));
  const auto line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  SAVP_CHECK(line.is_array(), DataError, "a training that was tried ended without a word");
  return {line[0], line[1], line[2], line[3], line[4]};
}

constexpr int64_t kLargestTried = 32;  // sequences, of each part

struct Tried {
  int64_t batch_size;
  double bytes;
};

// Memory as a line over the size of the batch.
struct MemoryLine {
  MemoryLine(const Tried& a, const Tried& b)
      : each((b.bytes - a.bytes) / static_cast<double>(b.batch_size - a.batch_size)),
        fixed(a.bytes - each * static_cast<double>(a.batch_size)) {}
  double at(int64_t batch_size) const { return fixed + each * static_cast<double>(batch_size); }
  // The largest batch, of a multiple of `unit`, within so many bytes.
  int64_t within(double bytes, int64_t unit) const {
    const auto many = each > 0 ? (bytes - fixed) / each : static_cast<double>(limits::kSequences);
    const auto most = std::clamp(many, 0.0, static_cast<double>(limits::kSequences));
    return static_cast<int64_t>(most) / unit * unit;
  }
  double each, fixed;  // bytes
};

class Planner {
 public:
  Planner(const TrainOptions& options, const Training& train)
      : options_(options), train_(train), bytes_(bytes_of(*options.plan_memory)) {}

  void plan() {
    Facts facts;
    for (const bool recompute : {false, true})
      facts.emplace_back(recompute ? "with --recompute" : "without", plan_for(recompute));
    if (device_.empty()) throw Error(ExitCode::kOutOfMemory, concat("out of memory: ", facts.front().second));
    facts.insert(facts.begin(), {"memory", concat(text_of_bytes(budget()), "; ", device_, " with ",
                                                  text_of_bytes(whole_), " in all")});
    std::cout << lines_of(facts) << std::flush;
  }

 private:
  double budget() const {
    if (bytes_) return *bytes_;
    const bool limited = options_.gpu_mem_frac > 0 && !device_named(options_.device, "--device").is_cpu();
    return limited ? options_.gpu_mem_frac * whole_ : whole_;
  }

  // Nothing where the machine's memory is not enough.
  std::optional<Tried> tried(int64_t batch_size, bool recompute) try {
    auto own = options_;
    own.plan_memory.reset();
    own.dry_run = true;
    own.recompute = recompute;
    log::info(concat("trying batch_size=", batch_size, recompute ? " with --recompute" : ""));
    const auto told = in_another_process([&] { return trained(own, batch_size, train_); });
    if (told.code != 0) throw Error(static_cast<ExitCode>(told.code), told.error);
    whole_ = told.whole;
    device_ = told.device;
    return Tried{batch_size, told.needed};
  } catch (const Error& error) {
    if (error.code() != ExitCode::kOutOfMemory) throw;
    return std::nullopt;
  }

  // Two small batches say which would fit, and one that nearly fits says the rest: what does not grow with
  // the batch is large beside a few sequences, and memory grows by leaps.
  MemoryLine line(const Tried& first, const Tried& second, bool recompute) {
    constexpr int kMoreTries = 3;
    const auto unit = options_.accumulate_steps;
    MemoryLine found(first, second);
    auto largest = second.batch_size;
    for (int i = 0; i < kMoreTries; ++i) {
      const auto here = found.within(whole_ / 2, unit);
      const auto next = std::min({found.within(budget(), unit), here, kLargestTried * unit});
      const auto larger = next > largest ? tried(next, recompute) : std::nullopt;
      if (!larger) break;
      found = MemoryLine(first, *larger);
      largest = next;
    }
    return found;
  }

  std::string plan_for(bool recompute) {
    const auto unit = options_.accumulate_steps;
    const auto first = tried(unit, recompute);
    if (!first) return concat("no batch fits: batch_size=", unit, " does not");
    const auto second = tried(2 * unit, recompute);
    if (!second) {
      if (first->bytes > budget())
        return concat("no batch fits: batch_size=", unit, " takes ", text_of_bytes(first->bytes));
      return concat("batch_size=", unit, ": ", text_of_bytes(first->bytes));
    }
    const auto found = line(*first, *second, recompute);
    if (found.each <= 0) return "any batch fits that was tried: its memory does not grow with it";
    const auto most = found.within(budget(), unit);
    const auto costs = concat(text_of_bytes(found.fixed), " and ", text_of_bytes(found.each), " a sequence");
    if (most == 0) return concat("no batch fits (", costs, ")");
    return concat("batch_size=", most, options_.processes > 1 ? " a process" : "", ": ",
                  text_of_bytes(found.at(most)), " (", costs, ")");
  }

  const TrainOptions& options_;
  const Training& train_;
  std::optional<double> bytes_;
  double whole_ = 0;
  std::string device_;
};

}  // namespace

void plan_memory(const TrainOptions& options, const Training& train) { Planner(options, train).plan(); }

void train_with_remedy(const TrainOptions& options, const Training& train) {
  try {
    train(options, std::nullopt);
  } catch (const Error&) {
    throw;
  } catch (...) {
    const auto shortage = shortage_of_memory();
    if (!shortage) throw;
    throw Error(ExitCode::kOutOfMemory,
                concat("out of memory: give a smaller batch_size, --accumulate_steps N",
                       options.recompute ? "" : " or --recompute", " (", *shortage,
                       "); --plan_memory device tells what fits"));
  }
}

}  // namespace savp::cli
