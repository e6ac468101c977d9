// savp_train as it is used: on small records in BAIR's layout, from the command line.
#include <fcntl.h>
#include <signal.h>  // NOLINT: kill() is of POSIX, not of <csignal>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "core/hparams.h"
#include "io/safetensors.h"
#include "io/tensor_bundle.h"
#include "io/tfrecord.h"
#include "support/event_reader.h"
#include "support/scratch_test.h"
#include "tools/process.h"
#include "tools/square_records.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class TrainTool : public ScratchTest {
 protected:
  static constexpr const char* kSmall = "batch_size=2,ngf=4,nef=4,ndf=4,nz=2,clip_length=4";

  void SetUp() override {
    ScratchTest::SetUp();
    write_records(folder_ / "bair/train");
    write_records(folder_ / "bair/val");
  }

  std::vector<std::string> arguments(const std::string& model_hparams,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"--input_dir",
                                    (folder_ / "bair").string(),
                                    "--output_dir",
                                    (folder_ / "run").string(),
                                    "--dataset_hparams",
                                    "sequence_length=6",
                                    "--seed",
                                    "1",
                                    "--progress_freq",
                                    "1",
                                    "--image_summary_freq",
                                    "0",
                                    "--eval_summary_freq",
                                    "0",
                                    "--accum_eval_summary_freq",
                                    "0",
                                    "--model_hparams",
                                    concat(kSmall, ",", model_hparams)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // Runs to the end and expects an exit code; what was printed to standard error.
  static std::string run(int code, const std::vector<std::string>& all) {
    const auto outcome = run_tool("savp_train", all);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return outcome.err;
  }
  Json json(const std::string& name) const { return Json::parse(read(folder_ / name)); }
  // Name, type, shape and bytes of all tensors of a checkpoint, by name.
  std::vector<std::string> tensors_in(const std::string& name) const {
    const auto file = SafetensorsFile::open((folder_ / name).string());
    std::vector<std::string> all;
    for (const auto& view : file.tensors())
      all.push_back(concat(view.name, view.dtype, Json(view.shape).dump(),
                           std::string(reinterpret_cast<const char*>(view.data), view.bytes)));
    std::sort(all.begin(), all.end());
    return all;
  }
};

// Starts the tool without waiting for it; its standard error goes to a file.
pid_t start(const std::vector<std::string>& arguments, const fs::path& err) {
  std::vector<std::string> words = {SAVP_BIN "/savp_train"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

int exit_code(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(TrainTool, NeedsNoMoreThanTheInput) {
  const auto text =
      run(0, {"--input_dir", (folder_ / "bair").string(), "--logs_dir", (folder_ / "logs").string(),
              "--dataset_hparams", "sequence_length=6", "--model_hparams", concat(kSmall, ",max_steps=2"),
              "--summary_freq", "1", "--eval_samples", "2"});
  EXPECT_CONTAINS(text, "looks like the data set bair");
  EXPECT_CONTAINS(text, "model savp with hparams/bair_action_free/ours_savp");
  const std::string run = "logs/model.savp.batch_size.2.ngf.4.nef.4.ndf.4.nz.2.clip_length.4.max_steps.2/";
  EXPECT_TRUE(fs::exists(folder_ / run / "model-2.safetensors"));
  const auto model = json(run + "model_hparams.json");
  EXPECT_EQ(model["lr"], 0.0002) << "published";
  EXPECT_EQ(model["ngf"], 4) << "given";
  EXPECT_EQ(model["sequence_length"], 6) << "of the data set";
  EXPECT_EQ(model["repeat"], 2) << "of the data set";
  EXPECT_EQ(json(run + "dataset_hparams.json")["sequence_length"], 6);
  const auto options = json(run + "options.json");
  EXPECT_EQ(options["dataset"], "bair");
  EXPECT_EQ(options["model"], "savp");
  EXPECT_EQ(options["seed"], nullptr);
  EXPECT_EQ(options["save_freq"], 5000);
  const auto metrics = read(folder_ / run / "metrics.jsonl");
  EXPECT_CONTAINS(metrics, "\"val_psnr\":");
  EXPECT_CONTAINS(metrics, "\"d_loss\":");
}

// A run that continues writes a file of its own, which voids what the earlier one says of later steps.
TEST_F(TrainTool, EventFilesAreContinuedNotDoubled) {
  const std::vector<std::string> each_step = {"--summary_freq", "1", "--save_freq", "2"};
  run(0, arguments("max_steps=3", each_step));
  auto again = each_step;
  again.insert(again.end(), {"--resume", "--from_step", "2"});
  run(0, arguments("max_steps=4", again));
  const auto files = event_files(folder_ / "run");
  ASSERT_EQ(files.size(), 2u);
  const auto first = read_events(files[0]), second = read_events(files[1]);
  EXPECT_EQ(first.starts, (std::vector<int64_t>{0}));
  EXPECT_EQ(second.starts, (std::vector<int64_t>{3})) << "step 3 of the first file is void";
  EXPECT_EQ(first.steps("g_loss_1/g_loss"), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(second.steps("g_loss_1/g_loss"), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(first.steps("run/command_line"), (std::vector<int64_t>{0}));
  EXPECT_EQ(second.steps("run/command_line"), (std::vector<int64_t>{3}));
  for (const auto& value : second.values)
    if (value.tag == "run/command_line") {
      EXPECT_CONTAINS(field_of(value.message, 8).bytes, "--resume --from_step 2");
    }
}

TEST_F(TrainTool, WithoutSummariesThereIsNoEventFile) {
  run(0, arguments("max_steps=1", {"--summary_freq", "0"}));
  EXPECT_TRUE(event_files(folder_ / "run").empty());
}

// With its weights, Adam's moments and step; what it was trained on is in its JSON files.
TEST_F(TrainTool, ACheckpointOfTensorFlowIsResumed) {
  fs::copy(SAVP_TEST_DATA "/golden/models/ckpt_savp_old_dna_cell/checkpoint_dir", folder_ / "run");
  const auto text = run(
      0, {"--input_dir", (folder_ / "bair").string(), "--output_dir", (folder_ / "run").string(), "--resume",
          "--progress_freq", "1", "--model_hparams", "batch_size=2,max_steps=125", "--eval_samples", "2"});
  EXPECT_CONTAINS(text, "training from step 123 to 125");
  EXPECT_CONTAINS(text, "the random draws of this kind of device were: they start anew");
  EXPECT_TRUE(fs::exists(folder_ / "run/model-125.safetensors"));
  EXPECT_TRUE(fs::exists(folder_ / "run/model-123.index")) << "not ours to remove";
}

TEST_F(TrainTool, ResumesAndNeverOverwritesARun) {
  run(0, arguments("max_steps=2"));
  EXPECT_CONTAINS(run(2, arguments("max_steps=4")),
                  "already holds model-2.safetensors: continue with --resume");
  const auto text = run(0, arguments("max_steps=4", {"--resume"}));
  EXPECT_CONTAINS(text, "training from step 2 to 4");
  EXPECT_TRUE(fs::exists(folder_ / "run/model-4.safetensors"));
  EXPECT_EQ(json("run/options.json")["resume"], true);
  EXPECT_EQ(json("run/options.json")["checkpoint"], (folder_ / "run").string());
  fs::copy(folder_ / "run", folder_ / "other");
  const auto other = (folder_ / "other").string();
  EXPECT_CONTAINS(run(2, arguments("max_steps=4", {"--resume", "--checkpoint", other})),
                  "cannot both be given");
  EXPECT_CONTAINS(run(2, arguments("max_steps=4", {"--from_step", "2"})), "give --resume with it");
  EXPECT_CONTAINS(run(3, arguments("max_steps=4", {"--resume", "--from_step", "1"})),
                  "model-1.safetensors: is not there; the folder has model-2 and model-4");
}

// Every way to name it; as if what came later had never been.
TEST_F(TrainTool, ContinuesFromAnEarlierCheckpoint) {
  run(0, arguments("max_steps=4"));
  fs::rename(folder_ / "run", folder_ / "whole");
  run(0, arguments("max_steps=3", {"--save_freq", "1", "--keep", "0"}));
  fs::rename(folder_ / "run", folder_ / "branched");
  const auto earlier = (folder_ / "run/model-2").string();
  const std::vector<std::string> ways[] = {{"--resume", "--from_step", "2"},
                                           {"--resume", "--checkpoint", earlier},
                                           {"--checkpoint", earlier + ".safetensors"}};
  for (const auto& way : ways) {
    fs::remove_all(folder_ / "run");
    fs::copy(folder_ / "branched", folder_ / "run");
    fs::resize_file(folder_ / "run/model-3.safetensors", 100);
    const auto text = run(0, arguments("max_steps=4", way));
    EXPECT_CONTAINS(text, "training from step 2 to 4");
    EXPECT_CONTAINS(text, "is now " + (folder_ / "run/model-3.safetensors.set_aside").string());
    EXPECT_EQ(tensors_in("run/model-4.safetensors"), tensors_in("whole/model-4.safetensors"));
    std::vector<int64_t> steps;
    std::istringstream lines(read(folder_ / "run/metrics.jsonl"));
    for (std::string line; std::getline(lines, line);)
      if (const auto values = Json::parse(line); values.contains("g_loss")) steps.push_back(values["step"]);
    EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 4}));
    EXPECT_TRUE(fs::exists(folder_ / "run/model-2.safetensors"));
  }
}

TEST_F(TrainTool, ADamagedCheckpointIsRefusedWithTheCommandThatUsesTheOneBefore) {
  run(0, arguments("max_steps=2", {"--save_freq", "1"}));
  const auto newest = folder_ / "run/model-2.safetensors";
  const auto whole = read(newest);
  auto seed = whole;
  seed.replace(seed.find("\"seed\":\"1\""), 10, "\"seed\":\"3\"");
  for (const auto& damaged : {seed, whole.substr(0, whole.size() - 1), whole.substr(0, 100), std::string()}) {
    write("run/model-2.safetensors", damaged);
    const auto text = run(3, arguments("max_steps=3", {"--resume"}));
    EXPECT_CONTAINS(text, newest.string() + ": ");
    EXPECT_CONTAINS(text, "--resume --from_step 1");
    if (damaged == seed) {
      EXPECT_CONTAINS(text, "is damaged: metadata seed;");
    }
  }
  EXPECT_CONTAINS(run(0, arguments("max_steps=3", {"--resume", "--from_step", "1"})),
                  "training from step 1 to 3");
}

// A file of weights that any program could have written: fine-tuning needs no more.
TEST_F(TrainTool, StartsFromWeightsAlone) {
  run(0, arguments("max_steps=2"));
  fs::create_directories(folder_ / "weights");
  for (const auto* name : {"options.json", "dataset_hparams.json", "model_hparams.json"})
    fs::copy(folder_ / "run" / name, folder_ / "weights" / name);
  const auto source = SafetensorsFile::open((folder_ / "run/model-2.safetensors").string());
  std::vector<TensorView> generator;
  for (const auto& view : source.tensors())
    if (view.name.starts_with("generator/") && view.name.find("/Adam") == std::string::npos)
      generator.push_back(view);
  const auto start = [&](int code) {
    fs::remove_all(folder_ / "tuned");
    return run(code, {"--input_dir", (folder_ / "bair").string(), "--checkpoint",
                      (folder_ / "weights/init").string(), "--output_dir", (folder_ / "tuned").string(),
                      "--model_hparams", "max_steps=1"});
  };
  write_safetensors((folder_ / "weights/init.safetensors").string(), generator, {});
  const auto text = start(0);
  EXPECT_CONTAINS(text, "not there, so fresh: discriminator/");
  EXPECT_CONTAINS(text,
                  "the step, the discriminator's optimizer (Adam) and the generator's optimizer (Adam)");
  EXPECT_TRUE(fs::exists(folder_ / "tuned/model-1.safetensors"));

  const auto left_out = generator.back().name;
  generator.pop_back();
  write_safetensors((folder_ / "weights/init.safetensors").string(), generator, {});
  EXPECT_CONTAINS(start(3), "; missing: " + left_out);
  EXPECT_FALSE(fs::exists(folder_ / "tuned"));
}

// Draws, weights and the place in the data go on: the last step reads what it would have read.
TEST_F(TrainTool, AResumedRunEndsWhereAnUninterruptedOneDoes) {
  run(0, arguments("max_steps=5"));
  fs::rename(folder_ / "run", folder_ / "whole");
  run(0, arguments("max_steps=3"));
  run(0, arguments("max_steps=5", {"--resume"}));
  const auto last_line = [&](const std::string& folder) {
    const auto text = read(folder_ / folder / "metrics.jsonl");
    auto line = Json::parse(text.substr(text.rfind('\n', text.size() - 2) + 1));
    for (const char* timing : {"it_per_s", "wall_time_s"}) line.erase(timing);
    return line;
  };
  EXPECT_EQ(last_line("run"), last_line("whole"));
}

TEST_F(TrainTool, DescribesARun) {
  run(0, arguments("max_steps=3"));
  const auto describe = [&](const std::string& of) {
    return run_tool("savp_train", {"--describe", (folder_ / of).string()});
  };
  const auto outcome = describe("run");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part :
       {"\nmodel           savp\n", "\ntrained         3 of 3 steps\n", "\ngenerator       ",
        " parameters\n  encoder       ", "\ndiscriminator   ", "\ncheckpoints     ", "\nval_psnr        ",
        "\ng_grad_norm     ", "\nskipped steps   0\n", "\nmade by         "})
    EXPECT_CONTAINS(outcome.out, part);
  std::ofstream(folder_ / "run/metrics.jsonl", std::ios::app)
      << "{\"step\": 3, \"note\": \"a loss was odd\"}\n{\"step\": ";
  EXPECT_CONTAINS(describe("run").out,
                  "\nhealth          step 3: a loss was odd\nmetrics.jsonl   1 damaged line\n");
  EXPECT_CONTAINS(describe("run/model-3").out, "\ntrained         3 of 3 steps\n");
  const auto missing = describe("nope");
  EXPECT_EQ(missing.code, 3);
  EXPECT_CONTAINS(missing.err, "nope");
}

// One that diverged, or was killed before its first checkpoint.
TEST_F(TrainTool, DescribesARunWithoutACheckpoint) {
  run(0, arguments("max_steps=3"));
  fs::remove(folder_ / "run/model-3.safetensors");
  const auto outcome = run_tool("savp_train", {"--describe", (folder_ / "run").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part :
       {"\nmodel           savp\n",
        "\ntrained         no checkpoint; metrics.jsonl ends at step 3 of 3 steps\n", "\nseed            1\n",
        "\ncheckpoints     none\n", "\nval_psnr        ", "\nskipped steps   0\n"})
    EXPECT_CONTAINS(outcome.out, part);
  EXPECT_EQ(run_tool("savp_train", {"--describe", (folder_ / "run/model-3").string()}).code, 3);
}

// The original's checkpoints have no metadata of ours.
TEST_F(TrainTool, DescribesTheStepOfATensorFlowCheckpoint) {
  run(0, arguments("max_steps=1"));
  const auto theirs = (folder_ / "theirs").string();
  ASSERT_EQ(
      run_tool("savp_convert", {"tf", "--checkpoint", (folder_ / "run").string(), "--output_dir", theirs})
          .code,
      0);
  const auto bundle = TensorBundle::open(theirs + "/model-1.index");
  std::vector<TensorView> views;
  for (const auto& view : bundle.tensors())
    if (view.name != "savp_metadata") views.push_back(view);
  fs::create_directories(folder_ / "original");
  fs::copy(folder_ / "run/options.json", folder_ / "original");
  fs::copy(folder_ / "run/model_hparams.json", folder_ / "original");
  write_tensor_bundle((folder_ / "original/model-1").string(), views);
  const auto outcome = run_tool("savp_train", {"--describe", (folder_ / "original").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.out, "\ntrained         1 of 1 steps\n");
}

// The same by way of TensorFlow's format, which has no place of its own for draws and data.
TEST_F(TrainTool, ARunContinuesExactlyFromItsTensorFlowCheckpoint) {
  run(0, arguments("max_steps=6"));
  fs::rename(folder_ / "run", folder_ / "whole");
  run(0, arguments("max_steps=4"));
  fs::rename(folder_ / "run", folder_ / "half");
  for (const bool old_names : {false, true}) {
    std::vector<std::string> words = {"tf", "--checkpoint", (folder_ / "half").string(), "--output_dir",
                                      (folder_ / "run").string()};
    if (old_names) words.emplace_back("--old_names");
    ASSERT_EQ(run_tool("savp_convert", words).code, 0);
    EXPECT_EQ(read(folder_ / "run/checkpoint"),
              "model_checkpoint_path: \"model-4\"\nall_model_checkpoint_paths: \"model-4\"\n");
    const auto index = read(folder_ / "run/model-4.index");
    EXPECT_EQ(index.find("dna_cell") != std::string::npos, old_names);
    EXPECT_EQ(index.find("savp_cell") != std::string::npos, !old_names);
    const auto text = run(0, arguments("max_steps=6", {"--resume"}));
    EXPECT_CONTAINS(text, "training from step 4 to 6");
    EXPECT_EQ(text.find("start anew"), std::string::npos) << text;
    EXPECT_EQ(tensors_in("run/model-6.safetensors"), tensors_in("whole/model-6.safetensors"));
    fs::remove_all(folder_ / "run");
  }
}

// They have the axes of what they are the averages of.
TEST_F(TrainTool, AveragesAreConvertedThereAndBack) {
  run(0, arguments("max_steps=1,ema_decay=0.5", {"--summary_freq", "0"}));
  const auto convert = [&](const std::string& to, const std::string& from, const std::string& target) {
    return run_tool("savp_convert", {to, "--checkpoint", (folder_ / from).string(), "--output_dir",
                                     (folder_ / target).string()});
  };
  ASSERT_EQ(convert("tf", "run", "theirs").code, 0);
  const auto bundle = TensorBundle::open((folder_ / "theirs/model-1.index").string());
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& view : bundle.tensors()) shapes[view.name] = view.shape;
  int64_t averages = 0;
  const std::string ending = "/ExponentialMovingAverage";
  for (const auto& [name, shape] : shapes) {
    if (!name.ends_with(ending)) continue;
    ++averages;
    EXPECT_EQ(shape, shapes.at(name.substr(0, name.size() - ending.size()))) << name;
  }
  EXPECT_GT(averages, 10);
  ASSERT_EQ(convert("savp", "theirs", "ours").code, 0);
  EXPECT_EQ(tensors_in("ours/model-1.safetensors"), tensors_in("run/model-1.safetensors"));
  // The weights alone are those that predict.
  ASSERT_EQ(convert("safetensors", "run", "weights").code, 0);
  const auto bytes = [&](const std::string& file, const std::string& name) {
    const auto opened = SafetensorsFile::open((folder_ / file / "model-1.safetensors").string());
    const auto* view = opened.find(name);
    return std::string(reinterpret_cast<const char*>(view->data), view->bytes);
  };
  const std::string kernel = "generator/rnn/savp_cell/h0/conv_pool2d/kernel";
  EXPECT_NE(bytes("run", kernel), bytes("run", kernel + ending));
  EXPECT_EQ(bytes("weights", kernel), bytes("run", kernel + ending));
}

TEST_F(TrainTool, ConvertedCheckpointsHoldTheSame) {
  run(0, arguments("max_steps=1"));
  const auto convert = [&](const std::string& to, const std::string& from, const std::string& target) {
    return run_tool("savp_convert", {to, "--checkpoint", (folder_ / from).string(), "--output_dir",
                                     (folder_ / target).string()});
  };
  ASSERT_EQ(convert("tf", "run", "theirs").code, 0);
  ASSERT_EQ(convert("savp", "theirs", "ours").code, 0);
  EXPECT_EQ(tensors_in("ours/model-1.safetensors"), tensors_in("run/model-1.safetensors"));
  EXPECT_EQ(read(folder_ / "ours/options.json"), read(folder_ / "run/options.json"));
  ASSERT_EQ(convert("safetensors", "theirs/model-1", "weights").code, 0);
  const auto weights = SafetensorsFile::open((folder_ / "weights/model-1.safetensors").string());
  EXPECT_NE(weights.find("generator/rnn/savp_cell/h0/conv_pool2d/kernel"), nullptr);
  EXPECT_NE(weights.find("discriminator/video/sn_conv0_0/conv3d/kernel"), nullptr);
  for (const auto& view : weights.tensors())
    EXPECT_EQ(view.name.find("Adam"), std::string::npos) << view.name;
  EXPECT_EQ(weights.find("global_step"), nullptr);
  EXPECT_TRUE(weights.metadata().contains("video_shape"));  // without it nothing tells the size of frames
  const auto tuned =
      run(0, {"--input_dir", (folder_ / "bair").string(), "--checkpoint", (folder_ / "weights").string(),
              "--output_dir", (folder_ / "tuned").string(), "--model_hparams", "max_steps=1"});
  EXPECT_CONTAINS(tuned, "not there, so fresh: the step");

  const auto itself = convert("tf", "run", "run");
  EXPECT_EQ(itself.code, 2);
  EXPECT_CONTAINS(itself.err, "is the run itself: choose another folder");
  EXPECT_EQ(convert("tf", "none", "theirs").code, 3);
}

TEST_F(TrainTool, DamagedRecordsStopItUnlessTheyAreToBeSkipped) {
  const auto file = folder_ / "bair/train/traj_0_to_3.tfrecords";
  auto bytes = read(file);
  bytes[bytes.size() - 100] ^= 1;  // in the last record
  write("bair/train/traj_0_to_3.tfrecords", bytes);
  EXPECT_CONTAINS(run(3, arguments("max_steps=3")), "record 3 at byte");
  fs::remove_all(folder_ / "run");
  EXPECT_CONTAINS(run(0, arguments("max_steps=3", {"--skip_bad_records"})),
                  "; 1 damaged record was left out");
}

// The checkpoint's hyperparameters beat those of a file, and are beaten by the text.
TEST_F(TrainTool, StartsFromTheCheckpointOfAnotherRun) {
  run(0, arguments("max_steps=2,lr=0.01,beta1=0.25"));
  write("file.json", R"({"lr": 0.5, "beta2": 0.5})");
  run(0, {"--input_dir", (folder_ / "bair").string(), "--checkpoint", (folder_ / "run/model-2").string(),
          "--output_dir", (folder_ / "more").string(), "--model_hparams_dict",
          (folder_ / "file.json").string(), "--model_hparams", "max_steps=3,beta1=0.75"});
  const auto model = json("more/model_hparams.json");
  EXPECT_EQ(model["lr"], 0.01);
  EXPECT_EQ(model["beta1"], 0.75);
  EXPECT_EQ(model["beta2"], 0.999) << "the checkpoint's, too";
  EXPECT_EQ(model["ngf"], 4);
  EXPECT_EQ(json("more/dataset_hparams.json")["sequence_length"], 6);
  EXPECT_TRUE(fs::exists(folder_ / "more/model-3.safetensors")) << "steps are counted on";
}

TEST_F(TrainTool, WhatAUserCanGetWrongHasItsExitCode) {
  EXPECT_CONTAINS(run(2, {}), "--input_dir DIR must be given");
  EXPECT_CONTAINS(run(3, {"--input_dir", (folder_ / "none").string()}), "none");
  EXPECT_CONTAINS(run(2, arguments("lrr=1")), "did you mean lr?");
  EXPECT_CONTAINS(run(2, arguments("lr=-1")), "must be at least 0");
  EXPECT_CONTAINS(run(2, arguments("clip_length=6")), "clip_length");
  EXPECT_CONTAINS(run(2, arguments("max_steps=1", {"--model", "svap"})), "did you mean sv2p, savp or sna?");
  EXPECT_CONTAINS(run(2, arguments("max_steps=1", {"--dataset", "biar"})), "did you mean bair?");
  EXPECT_CONTAINS(run(2, arguments("max_steps=1", {"--save_frq", "3"})), "did you mean --save_freq?");
  EXPECT_CONTAINS(run(3, arguments("max_steps=1", {"--resume"})), "run");
  EXPECT_CONTAINS(run(3, arguments("max_steps=1", {"--model_hparams_dict", "no/such.json"})), "no/such.json");
}

TEST_F(TrainTool, ACheckpointCutShortIsADataError) {
  run(0, arguments("max_steps=1"));
  const auto file = folder_ / "run/model-1.safetensors";
  fs::resize_file(file, fs::file_size(file) / 2);
  const auto text = run(3, arguments("max_steps=2", {"--resume"}));
  EXPECT_CONTAINS(text, file.string());
}

// From a good checkpoint on, at rates that are absurd: the first step already ruins the weights. Checkpoints
// that follow would remove it, if they were made.
TEST_F(TrainTool, DivergingEndsWithItsCodeAndKeepsTheLastGoodCheckpoint) {
  run(0, arguments("max_steps=2"));
  fs::copy(folder_ / "run", folder_ / "good");
  for (const char* lr : {"10", "1e6", "1e20", "1e38"}) {
    const auto text = run(5, arguments(concat("max_steps=40,lr=", lr), {"--resume", "--save_freq", "1"}));
    EXPECT_CONTAINS(text, "training diverged at step");
    EXPECT_CONTAINS(text, "the last good checkpoint is " + (folder_ / "run/model-2.safetensors").string());
    EXPECT_TRUE(fs::exists(folder_ / "run/model-2.safetensors")) << lr;
    fs::remove_all(folder_ / "run");
    fs::copy(folder_ / "good", folder_ / "run");
  }
  const auto text = run(5, arguments("max_steps=40,lr=1e20",
                                     {"--max_bad_steps", "1", "--output_dir", (folder_ / "other").string()}));
  EXPECT_CONTAINS(text, "no checkpoint was saved before");
}

TEST_F(TrainTool, ADamagedLineOfMetricsCostsNoOther) {
  run(0, arguments("max_steps=2"));
  const auto before = read(folder_ / "run/metrics.jsonl");
  write("run/metrics.jsonl", before.substr(0, 20) + "\n" + before + "{\"step");
  const auto text = run(0, arguments("max_steps=3", {"--resume"}));
  EXPECT_CONTAINS(text, "2 damaged lines moved to");
  EXPECT_EQ(read(folder_ / "run/metrics.jsonl").substr(0, before.size()), before);
  EXPECT_EQ(read(folder_ / "run/metrics.jsonl.damaged"), before.substr(0, 20) + "\n{\"step\n");
}

TEST_F(TrainTool, ASignalSavesAndTheRunCanContinue) {
  for (const int signal : {SIGINT, SIGHUP, SIGUSR1}) {
    fs::remove_all(folder_ / "run");
    const auto pid = start(arguments("max_steps=100000"), folder_ / "err");
    const auto metrics = folder_ / "run/metrics.jsonl";
    for (int tries = 0; tries < 600 && (!fs::exists(metrics) || fs::file_size(metrics) == 0); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::kill(pid, signal);
    EXPECT_EQ(exit_code(pid), 130);
    EXPECT_CONTAINS(read(folder_ / "err"), "--resume continues from there");
    std::string saved;
    for (const auto& entry : fs::directory_iterator(folder_ / "run"))
      if (entry.path().extension() == ".safetensors") saved = entry.path().stem().string();
    const auto step = std::stoll(saved.substr(saved.find('-') + 1));
    EXPECT_CONTAINS(run(0, arguments(concat("max_steps=", step + 1), {"--resume"})),
                    concat("training from step ", step, " to ", step + 1));
  }
}

// As in `savp_train ... 2>&1 | head`.
TEST_F(TrainTool, NobodyReadingEndsItInGoodOrder) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  const auto pid = start(arguments("max_steps=100000"), "/dev/fd/" + std::to_string(ends[1]));
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  ::close(ends[0]);
  EXPECT_EQ(exit_code(pid), 130);
}

TEST_F(TrainTool, OneAtATimeTrainsInAFolder) {
  const auto pid = start(arguments("max_steps=100000"), folder_ / "err");
  const auto lock = folder_ / "run/.lock";
  for (int tries = 0; tries < 6000 && read(lock).empty(); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto refused = run(2, arguments("max_steps=1"));
  EXPECT_CONTAINS(refused, concat("run: is in use by savp_train (process ", pid, " on "));
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "the first one goes on";
  ::kill(pid, SIGKILL);
  exit_code(pid);
  write("run/options.json.tmp17", "left by what was killed");
  fs::remove(folder_ / "run/metrics.jsonl");
  run(0, arguments("max_steps=1"));
  EXPECT_FALSE(fs::exists(lock));
  EXPECT_FALSE(fs::exists(folder_ / "run/options.json.tmp17"));
}

TEST_F(TrainTool, TellsOfItself) {
  const auto ask = [](const std::vector<std::string>& all) {
    const auto outcome = run_tool("savp_train", all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_CONTAINS(ask({"--help"}), "Usage: savp_train --input_dir DIR [flags]");
  EXPECT_CONTAINS(ask({"--version"}), "LibTorch");
  EXPECT_CONTAINS(ask({"--list_models"}), "  savp\n");
  const auto hparams = ask({"--help_hparams"});
  EXPECT_CONTAINS(hparams, "Data set bair");
  EXPECT_CONTAINS(hparams, "Model savp");
  EXPECT_CONTAINS(hparams, "clip_length (int, from 1 to 100000; default 10)");
  EXPECT_CONTAINS(hparams, "kth/ours_savp, model savp: {");
  EXPECT_EQ(ask({"--help_hparams", "--dataset", "kth"}).find("Data set bair"), std::string::npos);
}

// With actions: another published set than without.
TEST_F(TrainTool, ChoosesThePresetByWhatTheDataGive) {
  for (const bool use_state : {false, true}) {
    fs::remove_all(folder_ / "run");
    const auto text =
        run(0, arguments("max_steps=0", {"--dataset_hparams", use_state ? "sequence_length=6,use_state=true"
                                                                        : "sequence_length=6"}));
    EXPECT_CONTAINS(
        text, use_state
                  ? "model savp with hparams/bair/ours_savp: published for BAIR with actions"
                  : "model savp with hparams/bair_action_free/ours_savp: published for BAIR without actions");
    EXPECT_EQ(json("run/options.json")["preset"],
              use_state ? "bair/ours_savp" : "bair_action_free/ours_savp");
    EXPECT_EQ(json("run/model_hparams.json")["kl_weight"], use_state ? 0.1 : 1.0);
    EXPECT_EQ(json("run/model_hparams.json")["state_weight"], use_state ? 0.001 : 0.0);
  }
}

TEST_F(TrainTool, ADryRunTellsAllAndWritesNothing) {
  const auto outcome = run_tool("savp_train", arguments("max_steps=1000,lr=0.125", {"--dry_run"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part :
       {"model           savp with hparams/bair_action_free/ours_savp\n", "data            bair in ",
        "batch           2 x 6 frames of 32x32x3\n", " in the generator, ", "steps           0 to 1000\n",
        "precision fp32; seed 1\n", "\"lr\":0.125", "\"sequence_length\":6", "time a step     ",
        "; 1000 steps: ", "peak memory     "})
    EXPECT_CONTAINS(outcome.out, part);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(TrainTool, ComputesAsPreciselyAsAsked) {
  const auto g_loss = [&](const std::string& precision) {
    fs::remove_all(folder_ / "run");
    const auto text =
        run(0, arguments("max_steps=1", {"--precision", precision, "--graph", "--summary_freq", "0"}));
    EXPECT_CONTAINS(text, "--graph is ignored");
    return Json::parse(read(folder_ / "run/metrics.jsonl"))["g_loss"].get<double>();
  };
  const double exact = g_loss("fp32"), rough = g_loss("bf16");
  EXPECT_NE(exact, rough);
  EXPECT_NEAR(exact, rough, 0.02 * exact);
}

TEST_F(TrainTool, RefusesBeforeItWritesAnything) {
  const auto refused = [&](int code, const std::vector<std::string>& more, const std::string& message) {
    EXPECT_CONTAINS(run(code, arguments("max_steps=1", more)), message);
    EXPECT_FALSE(fs::exists(folder_ / "run")) << message;
  };
  refused(2, {"--dataset_hparams", "sequence_length=9"}, "sequence_length=9");
  refused(2, {"--preset", "smal"}, "did you mean small");
  refused(2, {"--preset", "bair/sna_l1", "--model", "savp"}, "is for --model sna");
  refused(3, {"--checkpoint", (folder_ / "nope").string()}, "nope: no such folder or checkpoint");
  refused(2, {"--lr", "0.1"}, "give --model_hparams lr=0.1");
  refused(2, {"--precision", "tf32", "--device", "cpu"}, "--precision tf32 is for --device cuda");
  refused(2, {"--precision", "fp16"}, "fp32|tf32|bf16");
  const auto networks = (folder_ / "networks").string();
  refused(2, {"--metric_weights", networks, "--model_hparams", "vgg_cdist_weight=1"},
          networks + "/vgg16.safetensors");
  refused(3, {"--metric_weights", networks, "--keep_best", "lpips"}, networks);
  // before it looks at the data at all
  refused(2, {"--input_dir", "no/such", "--dataset", "video", "--model_hparams", "ngff=1"},
          "did you mean ngf");
}

TEST_F(TrainTool, TellsTheInstructionsItUses) {
  const auto version_with = [](const char* name) {
    ::setenv("SAVP_INSTRUCTIONS", name, 1);
    const auto outcome = run_tool("savp_train", {"--version"});
    ::unsetenv("SAVP_INSTRUCTIONS");
    return outcome;
  };
  EXPECT_CONTAINS(version_with("plain").out, "\nCPU instructions: savp plain (SAVP_INSTRUCTIONS), LibTorch ");
  const auto unknown = version_with("sse");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_CONTAINS(unknown.err, "SAVP_INSTRUCTIONS=\"sse\" must be one of plain|avx2|avx512");
}

}  // namespace
}  // namespace savp
