// savp_evaluate as a whole: stopped and continued, shared, under protocols, and of other
// programs' predictions.
#include <signal.h>  // NOLINT: kill() is of POSIX, not of <csignal>
#include <sys/wait.h>
#include <torch/types.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/evaluation_subject.h"
#include "core/error.h"
#include "core/text.h"
#include "evaluation/foreign_predictions.h"
#include "evaluation/video_numbers.h"
#include "io/array_writer.h"
#include "io/gif.h"
#include "io/image.h"
#include "making/kth_data.h"
#include "support/scratch_test.h"
#include "support/untrained_model.h"
#include "support/written_arrays.h"
#include "support/written_video.h"
#include "tools/process.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

// Five passes over two sequences, one at a time: ten parts.
const Arguments kRepeat = {"--input_dir",  kBair,    "--dataset",         "bair", "--mode",   "test",
                           "--model",      "repeat", "--sequence_length", "12",   "--device", "cpu",
                           "--batch_size", "1",      "--num_epochs",      "5"};

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// All files, and what is in them; without options.json, which names the folder.
std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != "options.json")
      files[fs::relative(entry.path(), folder).string()] = content(entry.path());
  return files;
}

void expect_same_files(const fs::path& a, const fs::path& b) {
  const auto of_a = files_in(a), of_b = files_in(b);
  EXPECT_EQ(of_a.size(), of_b.size());
  for (const auto& [name, bytes] : of_a)
    EXPECT_TRUE(of_b.contains(name) && of_b.at(name) == bytes) << name << " differs";
}

bool any_part_in(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder, none))
    if (entry.path().filename() == "numbers.cbor" && entry.path().parent_path().extension() != ".partial")
      return true;
  return false;
}

// Starts the tool and kills it as soon as a part of its work is done. Whether it was killed before its end.
bool kill_in_the_middle(const Arguments& arguments, const fs::path& folder) {
  const auto child = ::fork();
  if (child == 0) {
    ::setenv("OMP_NUM_THREADS", "2", 1);  // as run_tool(): digits depend on the number of threads
    std::vector<char*> argv = {const_cast<char*>(SAVP_BIN "/savp_evaluate")};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::freopen("/dev/null", "w", stdout);
    ::freopen("/dev/null", "w", stderr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    if (any_part_in(folder)) {
      ::kill(child, SIGKILL);
      int status = 0;
      ::waitpid(child, &status, 0);
      return WIFSIGNALED(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

TEST(Evaluate, ContinuesWhereItWasKilled) {
  const ScratchFolder folder;
  const auto whole = folder / "whole", killed = folder / "killed";
  ASSERT_EQ(run_tool("savp_evaluate", kRepeat + Arguments{"--output_dir", whole}).code, 0);
  const auto arguments = kRepeat + Arguments{"--output_dir", killed};
  ASSERT_TRUE(kill_in_the_middle(arguments, killed)) << "it ended before it could be killed";
  EXPECT_FALSE(fs::exists(killed / "summary.json"));
  const auto outcome = run_tool("savp_evaluate", arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.err, " had been evaluated before");
  expect_same_files(killed, whole);
}

// The sequences of each part that is there.
std::vector<int64_t> parts_in(const fs::path& folder) {
  std::vector<int64_t> videos;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().filename() == "numbers.cbor" && entry.path().parent_path().extension() != ".partial")
      videos.push_back(VideoNumbers::from_bytes(content(entry.path()), entry.path()).videos());
  return videos;
}

// A batch is no unit of what is kept: six sequences in two batches of four.
TEST(Evaluate, ContinuesAfterTheLastFinishedSequence) {
  const ScratchFolder folder;
  write_untrained_model(folder / "model");
  const Arguments model = {"--checkpoint",
                           folder / "model",
                           "--input_dir",
                           kBair,
                           "--mode",
                           "test",
                           "--num_epochs",
                           "3",
                           "--batch_size",
                           "4",
                           "--device",
                           "cpu",
                           "--num_stochastic_samples",
                           "12",
                           "--eval_parallel_iterations",
                           "1"};
  const auto whole = folder / "whole", killed = folder / "killed";
  ASSERT_EQ(run_tool("savp_evaluate", model + Arguments{"--output_dir", whole}).code, 0);
  const auto arguments = model + Arguments{"--output_dir", killed};
  ASSERT_TRUE(kill_in_the_middle(arguments, killed)) << "it ended before it could be killed";
  const auto parts = parts_in(killed);
  ASSERT_FALSE(parts.empty());
  for (const auto videos : parts) EXPECT_EQ(videos, 1);
  const auto outcome = run_tool("savp_evaluate", arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.err, concat(counted(parts.size(), "sequence"), " had been evaluated before"));
  expect_same_files(killed, whole);
}

// Numbers and levels of frames, but for rounding: convolutions of several videos at once round differently.
void expect_same_numbers(const fs::path& a, const fs::path& b) {
  std::istringstream of_a(content(a)), of_b(content(b));
  for (std::string cell, other; of_a >> cell;) {
    ASSERT_TRUE(of_b >> other) << a;
    const double value = std::atof(cell.c_str());
    if (cell != other)
      EXPECT_NEAR(value, std::atof(other.c_str()), 1e-6 * std::max(1.0, std::abs(value))) << a;
  }
}
void expect_same_levels(const fs::path& a, const fs::path& b) {
  const auto one = read_image(a), other = read_image(b);
  ASSERT_EQ(one.pixels.size(), other.pixels.size()) << a;
  for (size_t i = 0; i < one.pixels.size(); ++i) ASSERT_NEAR(one.pixels[i], other.pixels[i], 1) << a;
}

TEST(Evaluate, FuturesDrawnAtOnceAndOneByOneHaveTheSameResults) {
  const ScratchFolder folder;
  write_untrained_model(folder / "model");
  const auto results = [&](const char* name, const char* batch_size, const char* at_once) {
    const auto outcome = run_tool(
        "savp_evaluate", {"--checkpoint", folder / "model", "--input_dir", kBair, "--mode", "test",
                          "--device", "cpu", "--num_stochastic_samples", "6", "--batch_size", batch_size,
                          "--eval_parallel_iterations", at_once, "--output_dir", folder / name});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return folder / name;
  };
  const auto one_by_one = results("one", "1", "1");
  for (const auto& at_once : {results("four", "1", "4"), results("all", "2", "6")}) {
    EXPECT_EQ(files_in(at_once).size(), files_in(one_by_one).size());
    for (const auto& [name, bytes] : files_in(at_once))
      if (name.ends_with(".csv"))
        expect_same_numbers(at_once / name, one_by_one / name);
      else if (name.ends_with(".png"))
        expect_same_levels(at_once / name, one_by_one / name);
      else
        EXPECT_TRUE(fs::exists(one_by_one / name)) << name;
  }
}

// Other flags: nothing of before is taken, and nothing stays.
TEST(Evaluate, TakesNothingOfOtherSettings) {
  const ScratchFolder folder;
  const auto results = folder / "r";
  ASSERT_TRUE(kill_in_the_middle(kRepeat + Arguments{"--output_dir", results}, results));
  const auto outcome =
      run_tool("savp_evaluate", kRepeat + Arguments{"--output_dir", results, "--metrics", "mse"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("evaluated before"), std::string::npos) << outcome.err;
  EXPECT_FALSE(any_part_in(results));
}

TEST(Evaluate, SeveralProcessesShareTheVideos) {
  const ScratchFolder folder;
  ASSERT_EQ(run_tool("savp_evaluate", kRepeat + Arguments{"--output_dir", folder / "alone"}).code, 0);
  const auto start = [&](int rank) {
    return std::thread([&folder, rank] {
      std::string command = "RANK=" + std::to_string(rank) +
                            " WORLD_SIZE=2 OMP_NUM_THREADS=2 CUDA_VISIBLE_DEVICES= '" SAVP_BIN
                            "/savp_evaluate'";
      for (const auto& argument : kRepeat + Arguments{"--output_dir", folder / "shared"})
        command += " '" + argument + "'";
      const auto log = (folder / std::to_string(rank)).string();
      EXPECT_EQ(std::system((command + " >" + log + ".out 2>" + log + ".err").c_str()), 0)
          << content(log + ".err");
    });
  };
  auto first = start(0), second = start(1);
  first.join();
  second.join();
  expect_same_files(folder / "shared", folder / "alone");
  EXPECT_CONTAINS(folder.read("0.out"), "psnr max");
  EXPECT_EQ(folder.read("1.out"), "");
}

TEST(Evaluate, RefusesWhatDoesNotFitItsProtocol) {
  const ScratchFolder folder;
  const Arguments model = {"--input_dir", kBair,    "--dataset",    "bair",
                           "--model",     "repeat", "--output_dir", folder / "r"};
  const auto refused = [&](const Arguments& more, const char* message, int code = 2) {
    const auto outcome = run_tool("savp_evaluate", model + more);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_CONTAINS(outcome.err, message);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  };
  refused({"--protocol", "savp-bair"}, "is of 256 sequences, the data has 2");
  refused({"--protocol", "savp-kth"}, "--protocol savp-kth: sequence_length=40: true frames are needed");
  refused({"--protocol", "savp-bair-action", "--num_samples", "2"}, "scripts/fetch_metric_weights.sh", 3);
  refused({"--protocol", "savp-bair", "--sequence_length", "12"}, "--sequence_length contradicts --protocol");
  refused({"--protocol", "savp-bare"}, "did you mean savp-bair");
  // What was given counts, even where it is the flag's default.
  refused({"--protocol", "savp-bair", "--mode", "val"}, "--mode contradicts --protocol savp-bair");
  refused({"--protocol", "fvd-bair", "--num_stochastic_samples", "100"},
          "--num_stochastic_samples contradicts --protocol fvd-bair");
  refused({"--protocol", "savp-bair", "--fvd_samples=100"}, "--fvd_samples contradicts --protocol");
  refused({"--protocol", "fvd-bair", "--fvd_input", "unrounded"}, "--fvd_input contradicts --protocol");
  refused({"--protocol", "savp-bair", "--metrics", "psnr", "mae"},
          "--metrics mae contradicts --protocol savp-bair, which has psnr, ssim, mse, lpips, diversity");
  refused(
      {"--protocol", "savp-bair", "--num_samples", "2", "--dataset_hparams", "crop_size=32,scale_size=64"},
      "crop_size=32 (of --dataset_hparams or the checkpoint) contradicts --protocol savp-bair");
  const auto outcome = run_tool(
      "savp_evaluate",
      model + Arguments{"--protocol", "savp-bair", "--num_samples", "2", "--metrics", "psnr", "mse", "--mode",
                        "test", "--num_stochastic_samples", "100", "--dataset_hparams", "scale_size=64"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.err, "rollout: 2 + 28 frames, 100 futures");
  EXPECT_CONTAINS(outcome.err, "2 sequences instead of 256");
  const auto summary = Json::parse(folder.read("r/summary.json"));
  EXPECT_EQ(summary["protocol"]["name"], "savp-bair");
  EXPECT_EQ(summary["comparable"]["predicted_frames"], 28);
  EXPECT_EQ(summary["comparable"]["samples"], 100);
}

TEST(Evaluate, AProtocolOfKthLooksForItsPersons) {
  const ScratchFolder folder;
  fs::create_directories(folder / "raw");
  for (int person = 1; person <= 25; ++person)
    write_video(folder / "raw" / concat("person", person < 10 ? "0" : "", person, "_boxing_d1_uncomp.avi"),
                {.height = 32, .width = 32, .frames = 42, .fps = 25});
  KthDataOptions options;
  options.input_dir = folder / "raw";
  options.output_dir = folder / "kth";
  make_kth_data(options);
  const Arguments measure = {"--protocol", "savp-kth",  "--input_dir", folder / "kth", "--model",
                             "repeat",     "--metrics", "mse",         "--output_dir", folder / "r",
                             "--device",   "cpu",       "--dataset",   "kth"};
  const auto outcome = run_tool("savp_evaluate", measure);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string said = "persons: 17 to 25, as dataset.json says of the data";
  EXPECT_CONTAINS(outcome.err, said);
  EXPECT_EQ(Json::parse(folder.read("r/summary.json"))["protocol"]["choices"].back(), said);
  auto manifest = Json::parse(folder.read("kth/dataset.json"));
  manifest["videos"]["test"][0] = "person03_boxing_d1_uncomp.avi";
  folder.write("kth/dataset.json", manifest.dump());
  const auto refused = run_tool("savp_evaluate", measure);
  EXPECT_EQ(refused.code, 2);
  EXPECT_CONTAINS(refused.err, "is of persons 17 to 25, the data's test split has person 3, too");
  cli::EvaluateOptions subject;
  subject.input_dir = folder / "kth";
  subject.dataset = "kth";
  subject.model = "repeat";
  subject.mode = Split::kTest;
  EXPECT_FALSE(cli::open_subject(subject)->persons);  // looked for where a protocol asks for them
  subject.protocol = ProtocolName::kSavpKth;
  EXPECT_TRUE(cli::open_subject(subject)->persons);
  fs::remove(folder / "kth/dataset.json");
  EXPECT_CONTAINS(run_tool("savp_evaluate", measure).err, "which ones the data has is not known");
}

// Frames of one gray value each.
std::vector<Picture> grays(const std::vector<int>& values) {
  std::vector<Picture> frames;
  for (const int value : values)
    frames.push_back({16, 16, 3, std::vector<uint8_t>(16 * 16 * 3, static_cast<uint8_t>(value))});
  return frames;
}

void write_frames(const fs::path& folder, const std::string& prefix, const std::vector<int>& values) {
  const auto frames = grays(values);
  for (size_t t = 0; t < frames.size(); ++t)
    write_png(folder / (prefix + "0" + std::to_string(t) + ".png"), frames[t]);
}

class Foreign : public testing::Test {
 protected:
  Arguments arguments(const std::string& predictions) const {
    return {"--truth", folder_ / "truth", "--predictions", folder_ / predictions, "--context_frames",
            "1",       "--output_dir",    folder_ / "r"};
  }
  Outcome evaluate(const std::string& predictions, const Arguments& more = {}) const {
    return run_tool("savp_evaluate", arguments(predictions) + more);
  }
  std::vector<double> means(const std::string& subtask) const {
    const auto summary = Json::parse(folder_.read("r/summary.json"));
    for (const auto& metric : summary["metrics"])
      if (metric["name"] == "mse") return metric["curves"][subtask]["value"];
    return {};
  }
  void SetUp() override {
    write_frames(folder_ / "truth" / "a", "", {0, 0, 0});
    write_frames(folder_ / "truth" / "b", "", {0, 51, 51});
  }
  const ScratchFolder folder_;
};

constexpr double kFifth = 0.2 * 0.2;  // the squared difference of 51 of 255

TEST_F(Foreign, FoldersOfFramesAreMeasured) {
  write_frames(folder_ / "one" / "a", "", {0, 51});       // the predicted frames alone
  write_frames(folder_ / "one" / "b", "", {255, 51, 0});  // with their context
  const auto outcome = evaluate("one");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto found = means("avg");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NEAR(found[0], 0, 1e-9);
  EXPECT_NEAR(found[1], kFifth, 1e-6);
  EXPECT_CONTAINS(outcome.out, "mse avg");
  const auto summary = Json::parse(folder_.read("r/summary.json"));
  EXPECT_EQ(summary["model"]["label"], "one");
  EXPECT_EQ(summary["data"]["predictions"].get<std::string>(), (folder_ / "one").string());
}

TEST_F(Foreign, AReportOverwritesNeitherResultsNorItself) {
  write_frames(folder_ / "one" / "a", "", {0, 51});
  write_frames(folder_ / "one" / "b", "", {51, 0});
  ASSERT_EQ(evaluate("one").code, 0);
  const auto summary = folder_.read("r/summary.json");
  const auto report = [&](const std::string& output, const Arguments& more = {}) {
    return run_tool("savp_report", Arguments{folder_ / "r", "--output", output} + more).code;
  };
  for (const char* file :
       {"r/summary.json", "r/options.json", "r/samples/mse.csv", "r/prediction_eval_mse_max/metrics/mse.csv"})
    EXPECT_EQ(report(folder_ / file), 2) << file;
  EXPECT_EQ(folder_.read("r/summary.json"), summary);
  EXPECT_EQ(report(folder_ / "x", {"--csv", folder_ / "x"}), 2);
  EXPECT_FALSE(fs::exists(folder_ / "x"));
  EXPECT_EQ(report(folder_ / "x", {"--csv", folder_ / "y"}), 0);
}

TEST_F(Foreign, SeveralSamplesAreToldByTheirNumbers) {
  for (const std::string sequence : {"00000", "00001"}) {
    write_frames(folder_ / "many", "gen_image_" + sequence + "_00_", {0, 0});
    write_frames(folder_ / "many", "gen_image_" + sequence + "_01_", {51, 51});
  }
  ASSERT_EQ(evaluate("many").code, 0);
  EXPECT_NEAR(means("min").at(1), 0, 1e-9);
  EXPECT_NEAR(means("max").at(1), kFifth, 1e-6);
  EXPECT_NEAR(means("avg").at(1), kFifth / 2, 1e-6);
}

TEST_F(Foreign, GifsOfFoldersAreSamples) {
  for (const std::string sequence : {"a", "b"}) {
    fs::create_directories(folder_ / "gifs" / sequence);
    write_gif(folder_ / "gifs" / sequence / "0.gif", grays({0, 0, 0}), 4);
    write_gif(folder_ / "gifs" / sequence / "1.gif", grays({0, 51, 51}), 4);
  }
  ASSERT_EQ(evaluate("gifs").code, 0);
  EXPECT_NEAR(means("min").at(0), 0, 1e-3);
  EXPECT_NEAR(means("max").at(0), kFifth, 4e-3);  // the palette
}

TEST_F(Foreign, ArraysAreMeasured) {
  const std::string dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 3, 16, 16, 3), }";
  std::string npy = std::string("\x93NUMPY\x01\x00", 8);
  npy += static_cast<char>(dictionary.size());
  npy += '\0' + dictionary;
  for (int sequence = 0; sequence < 2; ++sequence)
    for (int sample = 0; sample < 2; ++sample)
      for (int t = 0; t < 3; ++t)
        npy += std::string(16 * 16 * 3, static_cast<char>(sample == 1 && t > 0 ? 51 : 0));
  folder_.write("futures.npy", npy);
  const auto outcome = evaluate("futures.npy");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NEAR(means("min").at(0), 0, 1e-9);
  EXPECT_NEAR(means("avg").at(0), kFifth / 2, 1e-6);
}

// An .npy file of floats, [sequences, 3, 16, 16, 3], each sequence of one value.
std::string float_array(const std::vector<float>& of_sequences) {
  std::string dictionary = concat("{'descr': '<f4', 'fortran_order': False, 'shape': (", of_sequences.size(),
                                  ", 3, 16, 16, 3), }");
  std::string npy =
      std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dictionary.size()) + '\0' + dictionary;
  for (const float value : of_sequences) {
    const std::vector<float> all(3 * 16 * 16 * 3, value);
    npy.append(reinterpret_cast<const char*>(all.data()), all.size() * sizeof(float));
  }
  return npy;
}

// An evaluation that continues, or shares its work, leaves sequences out.
TEST_F(Foreign, AnArrayGivesTheSequenceThatIsAskedFor) {
  folder_.write("futures.npy", float_array({0.25F, 0.75F}));
  ForeignPredictions videos({folder_ / "truth", folder_ / "futures.npy", 1});
  videos.next();
  videos.next();
  int64_t samples = 0;
  videos.sample([&](const at::Tensor& video) {
    ++samples;
    EXPECT_EQ(video.min().item<float>(), 0.75F);
  });
  EXPECT_EQ(samples, 1);
}

TEST_F(Foreign, ValuesBeyondTheRangeAreRefused) {
  for (const float value : {200.0F, -0.5F, std::nanf("")}) {
    folder_.write("futures.npy", float_array({0.5F, value}));
    const auto outcome = evaluate("futures.npy");
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_CONTAINS(outcome.err, "futures.npy: sequence 1 has values from ");
  }
}

TEST_F(Foreign, NumbersInNamesCountByTheirValues) {
  fs::remove_all(folder_ / "truth");
  for (const int sequence : {8, 9, 10}) {
    std::vector<int> values;
    for (int t = 0; t < 12; ++t) values.push_back(10 * t + sequence);
    write_frames(folder_ / "truth" / concat("t_", sequence), "", values);
    for (int t = 0; t < 12; ++t)
      write_png(folder_ / "futures" / concat("p_", sequence, "_", t, ".png"), grays({values[t]})[0]);
  }
  for (const int sequence : {8, 9, 10})  // write_frames() pads
    for (const int t : {10, 11})
      fs::rename(folder_ / "truth" / concat("t_", sequence) / concat("0", t, ".png"),
                 folder_ / "truth" / concat("t_", sequence) / concat(t, ".png"));
  const auto outcome = evaluate("futures");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const double error : means("max")) EXPECT_EQ(error, 0);

  fs::rename(folder_ / "futures" / "p_10_5.png", folder_ / "futures" / "p_10_25.png");
  const auto missing = evaluate("futures");
  EXPECT_EQ(missing.code, 3);
  EXPECT_CONTAINS(missing.err, "p_10_6.png: the frame before it is missing: there is none with number 5");
}

// One array of gray videos, in floats.
NamedArray array_of(const std::string& name, const std::vector<int64_t>& shape, float value) {
  NamedArray array{name, {NumberType::kFloat32, shape}, {}};
  const std::vector<float> all(static_cast<size_t>(array.header.values()), value);
  array.bytes.assign(reinterpret_cast<const char*>(all.data()), all.size() * sizeof(float));
  return array;
}

TEST_F(Foreign, OfSeveralArraysTheOneOfVideosCounts) {
  const auto other = array_of("seed", {2}, 7), videos = array_of("x", {2, 2, 16, 16, 3}, 0.2F);
  write_arrays(folder_ / "one.npz", {other, videos});
  ASSERT_EQ(evaluate("one.npz").code, 0);
  EXPECT_NEAR(means("avg").at(0), kFifth / 2, 1e-6);  // the truth of a is 0, of b a fifth
  write_arrays(folder_ / "two.npz", {array_of("y", {2, 2, 16, 16, 3}, 0.9F), videos});
  const auto unclear = evaluate("two.npz");
  EXPECT_EQ(unclear.code, 3);
  EXPECT_CONTAINS(unclear.err, "two.npz: holds 2 arrays (y and x), of which y and x may be videos");
  write_arrays(folder_ / "named.npz", {array_of("futures", {2, 2, 16, 16, 3}, 0.2F), videos});
  EXPECT_EQ(evaluate("named.npz").code, 0);
}

// Arrays of texts beside the videos do not matter, one that is damaged may be the videos.
TEST_F(Foreign, OtherArraysAreToldFromDamagedOnes) {
  const auto text = npy("<U2", {1}, std::string("a\0\0\0b\0\0\0", 8));
  const auto values = bytes_of<float>(std::vector<float>(2 * 2 * 16 * 16 * 3, 0.2F));
  const auto videos = npy("<f4", {2, 2, 16, 16, 3}, values),
             cut = npy("<f4", {2, 2, 16, 16, 3}, values.substr(4));
  write_npz(folder_ / "text.npz", {{"names", text}, {"x", videos}}, false);
  EXPECT_EQ(evaluate("text.npz").code, 0);
  write_npz(folder_ / "texts.npz", {{"names", text}, {"y", text}}, false);
  EXPECT_CONTAINS(evaluate("texts.npz").err, "of which none may be videos: name the right one futures; ");
  EXPECT_CONTAINS(evaluate("texts.npz").err, "array y: the header says values of type <U2");
  write_npz(folder_ / "cut.npz", {{"x", videos}, {"y", cut}}, false);
  const auto damaged = evaluate("cut.npz");
  EXPECT_EQ(damaged.code, 3);
  EXPECT_CONTAINS(damaged.err, "array y: its shape [2, 2, 16, 16, 3] of float32 needs");
}

TEST_F(Foreign, ArraysOfAFolderAreSequences) {
  write_arrays(folder_ / "arrays/f_0.npz", {array_of("x", {2, 2, 16, 16, 3}, 0)});
  write_arrays(folder_ / "arrays/f_1.npz", {array_of("x", {2, 2, 16, 16, 3}, 0.2F)});
  ASSERT_EQ(evaluate("arrays").code, 0);
  EXPECT_EQ(Json::parse(folder_.read("r/summary.json"))["comparable"]["samples"], 2);
  EXPECT_NEAR(means("avg").at(1), 0, 1e-6);
  write_arrays(folder_ / "arrays/f_1.npz", {array_of("x", {1, 2, 16, 16, 3}, 0)});
  EXPECT_CONTAINS(evaluate("arrays").err, "f_1.npz: there are 1 sample of this sequence, of others 2");
}

TEST_F(Foreign, QuantizationIsToldAndMarks) {
  const auto comparable = [&](const std::string& predictions) {
    EXPECT_EQ(evaluate(predictions).code, 0);
    return Json::parse(folder_.read("r/summary.json"));
  };
  write_arrays(folder_ / "floats.npz", {array_of("x", {2, 2, 16, 16, 3}, 0)});
  for (const std::string sequence : {"a", "b"}) {
    write_frames(folder_ / "frames" / sequence, "", {0, 0});
    fs::create_directories(folder_ / "gifs");
    write_gif(folder_ / "gifs" / (sequence + ".gif"), grays({0, 0}), 4);
  }
  const auto floats = comparable("floats.npz"), frames = comparable("frames"), gifs = comparable("gifs");
  EXPECT_EQ(floats["comparable"]["quantization"], "none");
  EXPECT_EQ(frames["comparable"]["quantization"], "bytes");
  EXPECT_EQ(gifs["comparable"]["quantization"], "palette of a GIF");
  EXPECT_NE(floats["fingerprint"], frames["fingerprint"]);
  EXPECT_NE(frames["fingerprint"], gifs["fingerprint"]);
}

// What the tools here write is read by them: the numbers are those of the model itself.
class OwnFutures : public Foreign {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_tool("savp_evaluate", kModel + Arguments{"--model", "repeat", "--output_dir", folder_ / "r",
                                                           "--metrics", "psnr", "mse"})
                  .code,
              0);
    direct_ = means("avg");
    ASSERT_EQ(direct_.size(), 10U);
    ASSERT_GT(direct_[0], 0);
  }
  void generate(const std::string& model, const std::string& folder, const Arguments& more = {}) const {
    const auto outcome =
        run_tool("savp_generate", kModel +
                                      Arguments{"--model", model, "--output_gif_dir", folder_ / folder,
                                                "--output_png_dir", folder_ / folder} +
                                      more);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  void expect_direct(const std::string& truth, const std::string& predictions, const char* context,
                     double tolerance) const {
    const auto outcome = run_tool(
        "savp_evaluate", {"--truth", folder_ / truth, "--predictions", folder_ / predictions,
                          "--context_frames", context, "--output_dir", folder_ / "r", "--metrics", "mse"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto found = means("avg");
    ASSERT_EQ(found.size(), direct_.size());
    for (size_t t = 0; t < found.size(); ++t) EXPECT_NEAR(found[t], direct_[t], tolerance) << t;
  }
  static inline const Arguments kModel = {"--input_dir",
                                          kBair,
                                          "--dataset",
                                          "bair",
                                          "--mode",
                                          "test",
                                          "--sequence_length",
                                          "12",
                                          "--num_stochastic_samples",
                                          "1",
                                          "--device",
                                          "cpu"};
  std::vector<double> direct_;
};

TEST_F(OwnFutures, AreMeasuredAsTheyLie) {
  generate("ground_truth", "truth");
  generate("repeat", "futures");
  expect_direct("truth", "futures", "0", 1e-7);  // frames, which GIFs and grids lie beside
  for (const auto& entry : fs::directory_iterator(folder_ / "futures"))
    if (entry.path().extension() == ".png") fs::remove(entry.path());
  for (const auto& entry : fs::directory_iterator(folder_ / "truth"))
    if (entry.path().extension() == ".png") fs::remove(entry.path());
  expect_direct("truth", "futures", "2", 1e-4);  // the GIFs, with their palettes
}

TEST_F(OwnFutures, AreMeasuredFromArrays) {
  generate("repeat", "arrays", {"--no_single_files", "--format", "npz", "gif"});
  expect_direct("arrays", "arrays", "2", 1e-7);
  expect_direct("arrays/grids", "arrays/grids", "2", 1e-7);
}

TEST_F(OwnFutures, GridsForTheEyeAreRefused) {
  generate("repeat", "grids_alone", {"--no_single_files"});
  const auto outcome = run_tool("savp_evaluate", {"--truth", folder_ / "grids_alone", "--predictions",
                                                  folder_ / "grids_alone", "--output_dir", folder_ / "r"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_CONTAINS(outcome.err, "grids are labelled for the eye and are no predictions");
}

TEST_F(Foreign, OtherNumbersAreTold) {
  for (const char* sequence : {"p_0", "p_9"}) write_frames(folder_ / "futures" / sequence, "", {0, 0, 0});
  fs::rename(folder_ / "truth" / "a", folder_ / "truth" / "t_0");
  fs::rename(folder_ / "truth" / "b", folder_ / "truth" / "t_1");
  const auto outcome = evaluate("futures");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_CONTAINS(outcome.err, "have other numbers (0 to 9) than those of ");
}

// Parts that were found of predictions that are others by now do not count.
TEST_F(Foreign, PredictionsThatHaveChangedAreMeasuredAnew) {
  fs::remove_all(folder_ / "truth");
  for (int i = 0; i < 60; ++i)
    for (const char* folder : {"truth", "futures"})
      write_frames(folder_ / folder / concat("s_", i), "", {0, i, i});
  const auto first_error = [&] {
    const auto outcome = evaluate("futures");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto table = folder_.read("r/samples/mse.csv");
    return std::pair(outcome.err, table.substr(table.find("\n0\t") + 3, 3));
  };
  ASSERT_TRUE(kill_in_the_middle(arguments("futures"), folder_ / "r")) << "it ended before";
  EXPECT_CONTAINS(first_error().first, "evaluated before");
  ASSERT_TRUE(kill_in_the_middle(arguments("futures"), folder_ / "r")) << "it ended before";
  write_frames(folder_ / "futures" / "s_0", "", {0, 255, 255});
  const auto [log, error] = first_error();
  EXPECT_EQ(log.find("evaluated before"), std::string::npos) << log;
  EXPECT_EQ(error, "1.0");
}

TEST_F(Foreign, FlagsOfModelsAreToldToHaveNoEffect) {
  write_frames(folder_ / "one" / "a", "", {0, 51});
  write_frames(folder_ / "one" / "b", "", {51, 0});
  const auto outcome = evaluate("one", {"--num_stochastic_samples", "7", "--mode", "test"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_CONTAINS(outcome.err,
                  "--mode and --num_stochastic_samples only matter to models that are run here: ignored");
}

TEST_F(Foreign, ResultsDoNotLieAmongPredictions) {
  write_frames(folder_ / "one" / "a", "", {0, 51});
  write_frames(folder_ / "one" / "b", "", {51, 0});
  for (const char* folder : {"one", "truth"}) {
    auto call = arguments("one");
    call.back() = folder_ / folder;
    const auto outcome = run_tool("savp_evaluate", call);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_CONTAINS(outcome.err,
                    concat(folder, ": is what the results are made from: choose another folder"));
  }
  EXPECT_EQ(evaluate("one").code, 0);
}

TEST_F(Foreign, WhatDoesNotFitIsNamed) {
  const auto refused = [&](const std::string& name, int code, const char* message) {
    const auto outcome = evaluate(name);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_CONTAINS(outcome.err, message);
  };
  refused("none", 3, "none: there is no such file or folder");
  write_frames(folder_ / "fewer" / "a", "", {0, 0});
  refused("fewer", 3, "fewer: has 1 sequence, ");
  write_frames(folder_ / "short" / "a", "", {0});
  write_frames(folder_ / "short" / "b", "", {0});
  refused("short", 3, "short/a: has 1 frame, but 2 are to be compared");
  write_arrays(folder_ / "short.npz", {array_of("x", {2, 1, 16, 16, 3}, 0)});
  refused("short.npz", 3, "short.npz: sequence 0: has 1 frame, but 2 are to be compared");
  write_arrays(folder_ / "large.npz", {array_of("x", {2, 2, 32, 16, 3}, 0)});
  refused("large.npz", 3, "sequence 0: is of 16x32 pixels of 3 channels, the truth of 16x16");
  write_frames(folder_ / "truth" / "b", "9", {0});
  write_frames(folder_ / "two" / "a", "", {0, 0});
  write_frames(folder_ / "two" / "b", "", {0, 0});
  refused("two", 3, "truth/b: has 4 frames of 16x16 pixels of 3 channels, the first sequence 3 of 16x16");
  folder_.write("odd/a.txt", "not a video");
  folder_.write("odd/b.txt", "not a video");
  refused("odd", 3, "a.txt: is neither a video nor a folder of frames");
  EXPECT_EQ(run_tool("savp_evaluate", {"--truth", folder_ / "truth"}).code, 2);
}

}  // namespace
}  // namespace savp
