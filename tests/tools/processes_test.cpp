// savp_train in several processes, as it is used.
#include <fcntl.h>
#include <signal.h>  // NOLINT: kill() is of POSIX, not of <csignal>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "core/hparams.h"
#include "io/safetensors.h"
#include "support/event_reader.h"
#include "support/scratch_test.h"
#include "tools/process.h"
#include "tools/square_records.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class Processes : public ScratchTest {
 protected:
  static constexpr const char* kTiny =
      "batch_size=4,ngf=2,nef=2,ndf=2,nz=2,clip_length=4,video_sn_gan_weight=0.1,vae_gan_feature_cdist_"
      "weight=0";

  void SetUp() override {
    ScratchTest::SetUp();
    write_records(folder_ / "bair/train", 6);  // no multiple of a batch: it runs across the ends of epochs
    write_records(folder_ / "bair/val", 4);
    ::setenv("OMP_NUM_THREADS", "1", 1);
  }

  Arguments arguments(const std::string& run, const std::string& model_hparams,
                      const Arguments& more = {}) const {
    return Arguments{"--input_dir",
                     (folder_ / "bair").string(),
                     "--output_dir",
                     (folder_ / run).string(),
                     "--dataset_hparams",
                     "sequence_length=5",
                     "--seed",
                     "1",
                     "--progress_freq",
                     "1",
                     "--summary_freq",
                     "0",
                     "--device",
                     "cpu",
                     "--threads",
                     "1",
                     "--model_hparams",
                     concat(kTiny, ",", model_hparams)} +
           more;
  }

  std::string run(int code, const Arguments& all) const {
    const auto outcome = run_tool("savp_train", all);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return outcome.err;
  }

  // By name and step, without what tells of time, and without the futures of the training batch: those are of
  // the videos of one process.
  std::map<std::string, double> metrics(const std::string& run) const {
    std::map<std::string, double> all;
    std::istringstream lines(read(folder_ / run / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto values = Json::parse(line);
      for (const auto& [name, value] : values.items())
        if (name != "wall_time_s" && name != "it_per_s" && value.is_number() &&
            (!name.starts_with("eval_") || name.starts_with("eval_val_")))
          all[concat(values["step"], " ", name)] = value.get<double>();
    }
    return all;
  }

  void expect_near(const std::string& run, const std::string& expected, double tolerance) const {
    const auto a = metrics(run), b = metrics(expected);
    for (const auto& [name, value] : b) {
      ASSERT_TRUE(a.contains(name)) << name;  // a run in parts also measures where a part ends
      // Drawn for a batch of validation, which may have another size.
      if (name.find(" accum_eval_") != std::string::npos && name.ends_with("_loss")) continue;
      EXPECT_NEAR(a.at(name), value, tolerance * std::abs(value) + 1e-7) << name;
    }
    EXPECT_GT(b.size(), 0);
  }

  // Name, shape and bytes of all tensors.
  std::map<std::string, std::string> tensors(const std::string& file) const {
    const auto opened = SafetensorsFile::open((folder_ / file).string());
    std::map<std::string, std::string> all;
    for (const auto& view : opened.tensors())
      all[concat(view.name, Json(view.shape).dump())] =
          std::string(reinterpret_cast<const char*>(view.data), view.bytes);
    return all;
  }

  std::string steps_in(const std::string& run) const {
    std::string names;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder_ / run, missing))
      if (entry.path().extension() == ".safetensors") names += entry.path().stem().string() + " ";
    return names;
  }

  template <class Condition>
  static bool wait_until(const Condition& condition, std::chrono::seconds most = std::chrono::seconds(120)) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!condition() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return condition();
  }

  // Starts a program without waiting for it; its standard error goes to the file "err".
  pid_t start(const Arguments& words) const {
    std::vector<char*> argv;
    auto copy = words;
    for (auto& word : copy) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
    ::dup2(::open((folder_ / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  static int exit_code(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  // Of the processes that a launcher has started, by rank.
  static std::vector<pid_t> children_of(pid_t pid) {
    std::ifstream file(concat("/proc/", pid, "/task/", pid, "/children"));
    std::vector<pid_t> all;
    for (pid_t child = 0; file >> child;) all.push_back(child);
    return all;
  }

  int64_t errors_told() const {
    std::istringstream lines(read(folder_ / "err"));
    int64_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line.starts_with("error: ") ? 1 : 0;
    return count;
  }
};

TEST_F(Processes, TrainAsOneDoes) {
  run(0, arguments("one", "max_steps=3"));
  for (const char* count : {"2", "4"}) {
    const auto text = run(0, arguments(concat("of_", count), "max_steps=3", {"--processes", count}));
    EXPECT_CONTAINS(text, concat("divided among ", count, " processes"));
    expect_near(concat("of_", count), "one", 1e-4);
    EXPECT_EQ(steps_in(concat("of_", count)), "model-3 ");
  }
  run(0, arguments("parts", "max_steps=3", {"--accumulate_steps", "2"}));
  expect_near("parts", "one", 1e-4);
}

TEST_F(Processes, AnotherNumberContinues) {
  run(0, arguments("one", "max_steps=4"));
  run(0, arguments("run", "max_steps=2", {"--processes", "4"}));
  run(0, arguments("run", "max_steps=3", {"--processes", "2", "--resume"}));
  run(0, arguments("run", "max_steps=4", {"--resume"}));
  expect_near("run", "one", 2e-3);
}

TEST_F(Processes, OneThatIsKilledEndsAllAndNothingIsLost) {
  for (const size_t rank : {0, 1}) {
    const auto run_name = concat("killed_", rank);
    const auto pid = start(Arguments{SAVP_BIN "/savp_train"} +
                           arguments(run_name, "max_steps=100000", {"--processes", "2", "--save_freq", "1"}));
    ASSERT_TRUE(wait_until([&] { return fs::exists(folder_ / run_name / "model-2.safetensors"); }))
        << read(folder_ / "err");
    ::kill(children_of(pid).at(rank), SIGKILL);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(exit_code(pid), 4);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
    EXPECT_EQ(errors_told(), 1) << read(folder_ / "err");
    EXPECT_CONTAINS(read(folder_ / "err"), "--resume continues from");
    const auto saved = steps_in(run_name);
    const auto last = std::stoll(saved.substr(saved.rfind('-') + 1));
    EXPECT_CONTAINS(
        run(0, arguments(run_name, concat("max_steps=", last + 2), {"--processes", "2", "--resume"})),
        "training from step ");
  }
}

TEST_F(Processes, StopTogetherOnRequest) {
  const auto pid =
      start(Arguments{SAVP_BIN "/savp_train"} + arguments("run", "max_steps=100000", {"--processes", "2"}));
  const auto metrics = folder_ / "run/metrics.jsonl";
  ASSERT_TRUE(wait_until([&] { return fs::exists(metrics) && fs::file_size(metrics) > 0; }));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(exit_code(pid), 130) << read(folder_ / "err");
  EXPECT_EQ(errors_told(), 1) << read(folder_ / "err");
  EXPECT_CONTAINS(read(folder_ / "err"), "is saved: --resume continues from there");
}

TEST_F(Processes, TellAnErrorOnce) {
  const auto told_once = [&](int code, const std::string& hparams, const Arguments& more,
                             const std::string& message) {
    const auto pid = start(Arguments{SAVP_BIN "/savp_train"} + arguments("run", hparams, more));
    EXPECT_EQ(exit_code(pid), code) << read(folder_ / "err");
    EXPECT_EQ(errors_told(), 1) << read(folder_ / "err");
    EXPECT_CONTAINS(read(folder_ / "err"), message);
  };
  told_once(2, "lrr=1", {"--processes", "2"}, "did you mean lr?");
  told_once(2, "max_steps=1", {"--processes", "512"}, "--processes 512: this machine has ");
  told_once(2, "max_steps=1", {"--processes", "3"}, "batch_size=4 cannot be divided among 3 processes");
  told_once(2, "max_steps=1", {"--processes", "2", "--accumulate_steps", "4"}, "a multiple of 8");
  // damage in the data of one
  const auto file = folder_ / "bair/train/traj_0_to_5.tfrecords";
  auto bytes = read(file);
  bytes[bytes.size() - 100] ^= 1;  // in the last record
  write("bair/train/traj_0_to_5.tfrecords", bytes);
  told_once(3, "max_steps=100", {"--processes", "2"}, "record 5 at byte");
}

TEST_F(Processes, AnEnvironmentThatCannotBeIsRefused) {
  const auto refused = [&](const std::map<std::string, std::string>& variables, const std::string& message) {
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    EXPECT_CONTAINS(run(2, arguments("run", "max_steps=1")), message);
    for (const auto& [name, value] : variables) ::unsetenv(name.c_str());
    EXPECT_FALSE(fs::exists(folder_ / "run"));
  };
  refused({{"WORLD_SIZE", "2"}, {"RANK", "2"}}, "RANK=\"2\" in the environment must be a number from 0 to 1");
  refused({{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"LOCAL_RANK", "0"}}, "MASTER_ADDR is not set");
}

// Whatever is switched on, what was killed and continued ends with the bits of what was not.
struct Resumed : Processes {
  void expect_exact(const std::string& model_hparams, const Arguments& more, int64_t steps) {
    const auto all = [&](const std::string& name, const Arguments& last) {
      return arguments(name, concat("max_steps=", steps, model_hparams),
                       Arguments{"--save_freq", std::to_string(steps / 2)} + more + last);
    };
    for (const char* name : {"whole", "run"}) fs::remove_all(folder_ / name);
    run(0, all("whole", {}));
    const auto pid = start(Arguments{SAVP_BIN "/savp_train"} + all("run", {}));
    const auto half = folder_ / concat("run/model-", steps / 2, ".safetensors");
    ASSERT_TRUE(wait_until([&] { return fs::exists(half); })) << read(folder_ / "err");
    ::kill(pid, SIGKILL);
    exit_code(pid);
    fs::remove(folder_ / concat("run/model-", steps, ".safetensors"));  // it was quick
    wait_until([&] { return run_tool("savp_train", all("run", {"--resume"})).code == 0; });
    const auto file = concat("/model-", steps, ".safetensors");
    const auto whole = tensors("whole" + file), resumed = tensors("run" + file);
    ASSERT_EQ(whole.size(), resumed.size());
    for (const auto& [name, bytes] : whole) EXPECT_EQ(bytes == resumed.at(name), true) << name;
    EXPECT_EQ(metrics("whole"), metrics("run"));
    EXPECT_EQ(shown("whole"), shown("run"));
    const auto best = steps_in("whole/best");
    EXPECT_EQ(steps_in("run/best"), best);
    if (!best.empty()) {
      const auto best_file = concat("/best/", best.substr(0, best.size() - 1), ".safetensors");
      EXPECT_EQ(tensors("whole" + best_file) == tensors("run" + best_file), true);
    }
  }

  // What TensorBoard shows of numbers and images: by step and tag, without what a later file voids.
  std::map<std::pair<int64_t, std::string>, std::string> shown(const std::string& run) const {
    std::map<std::pair<int64_t, std::string>, std::string> all;
    for (const auto& file : event_files(folder_ / run)) {
      const auto events = read_events(file);
      for (const auto start : events.starts) all.erase(all.lower_bound({start, ""}), all.end());
      for (const auto& value : events.values)
        if (value.kind == "scalar" || value.kind == "image")
          all[{value.step, value.tag}] =
              value.kind == "scalar" ? concat(value.scalar) : field_of(value.message, 4).bytes;
    }
    return all;
  }
};

struct Row {
  const char* name;
  const char* model_hparams;
  Arguments more;
};
const Row kRows[] = {
    {"plain", "", {}},
    {"validation", "", {"--summary_freq", "3", "--keep_best", "psnr"}},
    {"bf16", "", {"--precision", "bf16"}},
    {"parts", "", {"--accumulate_steps", "2"}},
    {"processes", "", {"--processes", "2"}},
    {"averages", ",ema_decay=0.9,clip_norm=1,weight_decay=0.01", {}},
    {"all",
     ",ema_decay=0.9,clip_norm=1,weight_decay=0.01",
     {"--summary_freq", "3", "--keep_best", "psnr", "--precision", "bf16", "--accumulate_steps", "2",
      "--processes", "2"}},
};

struct ResumedRow : Resumed, testing::WithParamInterface<Row> {};

TEST_F(Resumed, WithAllThatIsNewTheBitsAreTheSame) { expect_exact(kRows[6].model_hparams, kRows[6].more, 4); }

TEST_P(ResumedRow, TheBitsAreTheSame) { expect_exact(GetParam().model_hparams, GetParam().more, 40); }

INSTANTIATE_TEST_SUITE_P(Slow, ResumedRow, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(Processes, TheBestInValidationIsKept) {
  run(0, arguments("run", "max_steps=6,lr=0.05", {"--summary_freq", "1", "--keep_best", "psnr"}));
  std::map<double, int64_t> by_value;
  for (int64_t step = 1; step <= 6; ++step) by_value[metrics("run").at(concat(step, " val_psnr"))] = step;
  const auto [best, step] = *by_value.rbegin();
  EXPECT_EQ(steps_in("run/best"), concat("model-", step, " "));
  EXPECT_CONTAINS(read(folder_ / concat("run/best/model-", step, ".safetensors")),
                  "\"best_metric\":\"psnr\"");
  // opened like a run, and not beaten by what is worse
  run(0, {"--input_dir", (folder_ / "bair").string(), "--checkpoint", (folder_ / "run/best").string(),
          "--output_dir", (folder_ / "more").string(), "--model_hparams", concat("max_steps=", step + 1)});
  run(0, arguments("run", "max_steps=8,lr=10", {"--summary_freq", "1", "--keep_best", "psnr", "--resume"}));
  const auto values = metrics("run");
  const double later = std::max(values.at("7 val_psnr"), values.at("8 val_psnr"));
  if (later < best) {
    EXPECT_EQ(steps_in("run/best"), concat("model-", step, " "));
  }
  EXPECT_CONTAINS(run(2, arguments("other", "max_steps=1", {"--summary_freq", "1", "--keep_best", "psnrr"})),
                  "--keep_best psnrr: validation measures ");
  EXPECT_FALSE(fs::exists(folder_ / "other")) << "it is known before anything is written";
  EXPECT_CONTAINS(
      run(2, arguments("other", "max_steps=1", {"--summary_freq", "1", "--keep_best", "gen_l1x_loss"})),
      "(did you mean gen_l1_loss");
  EXPECT_FALSE(fs::exists(folder_ / "other"));
  EXPECT_CONTAINS(run(2, arguments("other", "max_steps=1", {"--summary_freq", "1", "--keep_best", "fvd"})),
                  "--keep_best fvd: validation measures ");
  EXPECT_CONTAINS(run(2, arguments("another", "max_steps=1", {"--keep_best", "psnr"})), "needs validation");
}

TEST_F(Processes, AveragedWeightsPredict) {
  run(0, arguments("run", "max_steps=2,ema_decay=0.5"));
  const auto outcome = run_tool(
      "savp_evaluate", {"--input_dir", (folder_ / "bair").string(), "--checkpoint",
                        (folder_ / "run").string(), "--mode", "val", "--only_metrics", "--device", "cpu",
                        "--results_dir", (folder_ / "results").string(), "--num_stochastic_samples", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.err, "(averaged weights)");
}

struct Slow : Processes {};

// Started by others: the same as by --processes.
TEST_F(Slow, UnderTorchrun) {
  const char* named = std::getenv("SAVP_PYTHON");
  const std::string python = named != nullptr ? named : "python3";
  const auto packages = (folder_ / "packages").string();
  ::setenv("PYTHONPATH", packages.c_str(), 1);
  const auto runs = [](const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  };
  const auto import = python + " -c 'import torch.distributed.run'";
  if (!runs(import) && !(runs(python + " -m pip install --target " + packages +
                              " typing_extensions filelock fsspec jinja2 networkx sympy") &&
                         runs(import)))
    GTEST_SKIP() << "no PyTorch for " << python;
  run(0, arguments("one", "max_steps=3"));
  const auto pid = start(Arguments{python, "-m", "torch.distributed.run", "--no-python", "--standalone",
                                   "--nproc-per-node=2", SAVP_BIN "/savp_train"} +
                         arguments("run", "max_steps=3"));
  EXPECT_EQ(exit_code(pid), 0) << read(folder_ / "err");
  EXPECT_CONTAINS(read(folder_ / "err"), "divided among 2 processes");
  expect_near("run", "one", 1e-4);
}

TEST_F(Slow, UnderMpirun) {
  if (std::system("mpirun --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no mpirun: install openmpi-bin";
  run(0, arguments("one", "max_steps=3"));
  const auto pid =
      start(Arguments{"mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", SAVP_BIN "/savp_train"} +
            arguments("run", "max_steps=3"));
  EXPECT_EQ(exit_code(pid), 0) << read(folder_ / "err");
  EXPECT_CONTAINS(read(folder_ / "err"), "divided among 2 processes");
  expect_near("run", "one", 1e-4);
}

}  // namespace
}  // namespace savp
