#include "checkpoints/run_dir.h"

#include "checkpoints/own_file.h"
#include "support/killed.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

using Files = std::vector<fs::path>;

struct ModelValues {
  using Self = ModelValues;
  HPARAM(int64_t, context_frames, -1, "frames");
  HPARAM(int64_t, sequence_length, -1, "frames");
  HPARAM(int64_t, repeat, 1, "steps");
  HPARAM(double, lr, 0.001, "rate");
};

class RunDir : public ScratchTest {
 protected:
  // A run with the given model hyperparameters, and checkpoints without content at the steps.
  std::string make_run(const std::string& name, const std::string& model_hparams,
                       const std::vector<int64_t>& steps) const {
    write(name + "/options.json", R"({"dataset": "bair", "model": "savp", "seed": null})");
    write(name + "/dataset_hparams.json", R"({"sequence_length": 12, "context_frames": 2})");
    if (!model_hparams.empty()) write(name + "/model_hparams.json", model_hparams);
    for (const auto step : steps) write_own_file(checkpoint_file(folder_ / name, step).string(), {}, {});
    return (folder_ / name).string();
  }
  std::string error_of(const std::string& text) const {
    return message_of<DataError>([&] { Checkpoint::open((folder_ / text).string()).files(); });
  }
};

TEST_F(RunDir, DescriptionIsWrittenWithSortedKeysIndentedByFour) {
  write_description(folder_ / "a/b",
                    {{{"seed", nullptr}, {"batch_size", 2}}, {{"x", {1, 2}}}, {{"lr", 0.0002}}});
  EXPECT_EQ(read(folder_ / "a/b/options.json"), "{\n    \"batch_size\": 2,\n    \"seed\": null\n}");
  EXPECT_EQ(read(folder_ / "a/b/dataset_hparams.json"), "{\n    \"x\": [\n        1,\n        2\n    ]\n}");
  EXPECT_EQ(read(folder_ / "a/b/model_hparams.json"), "{\n    \"lr\": 0.0002\n}");
}

TEST_F(RunDir, KilledWhileItIsDescribedItIsNoRunOrAWholeOne) {
  const auto run = folder_ / "a";
  kill_at_every_call([&] { fs::remove_all(run); },
                     [&] {
                       write_description(run, {{{"model", "savp"}}, {{"x", 1}}, {{"lr", 0.5}}});
                     },
                     [&] {
                       if (!fs::exists(run / "options.json")) return;
                       const auto whole = Checkpoint::open(run.string());
                       EXPECT_EQ(whole.dataset_hparams().size() + whole.model_hparams().size(), 2U);
                     });
}

TEST_F(RunDir, EveryWayToNameACheckpointOpensIt) {
  const auto run = make_run("run", R"({"lr": 0.5})", {90, 100, 1000});
  const std::pair<std::string, std::string> cases[] = {
      {run, "model-1000.safetensors"},
      {run + "/", "model-1000.safetensors"},
      {run + "//.", "model-1000.safetensors"},
      {run + "/model-90", "model-90.safetensors"},
      {run + "/model-100.safetensors", "model-100.safetensors"}};
  for (const auto& [text, file] : cases) {
    const auto checkpoint = Checkpoint::open(text);
    EXPECT_EQ(checkpoint.name(), "run") << text;
    EXPECT_EQ(checkpoint.files(), Files{folder_ / "run" / file}) << text;
    EXPECT_EQ(checkpoint.option("dataset"), "bair");
    ASSERT_EQ(checkpoint.model_hparams().size(), 1U);
    EXPECT_EQ(checkpoint.model_hparams()[0].first, run + "/model_hparams.json");
    EXPECT_EQ(checkpoint.model_hparams()[0].second, Json({{"lr", 0.5}}));
    EXPECT_EQ(checkpoint.dataset_hparams()[0].second["sequence_length"], 12);
  }
}

TEST_F(RunDir, SeveralCheckpointsAreNamedWithCommasBetween) {
  const auto run = make_run("run", R"({"lr": 0.5})", {90, 100});
  write("weights/generator.safetensors", "");
  const auto both = Checkpoint::open(concat(run, ",", (folder_ / "weights/generator").string()));
  EXPECT_EQ(both.files(),
            (Files{folder_ / "run/model-100.safetensors", folder_ / "weights/generator.safetensors"}));
  EXPECT_EQ(both.name(), "run");
  EXPECT_EQ(both.model_hparams()[0].second, Json({{"lr", 0.5}})) << "the first says";
  const auto with_comma = make_run("a,b", "{}", {3});
  EXPECT_EQ(Checkpoint::open(with_comma).files(), Files{folder_ / "a,b/model-3.safetensors"});
  EXPECT_CONTAINS(error_of("run,nowhere/model-1"), "there is no folder nowhere");
  EXPECT_THROW(Checkpoint::open(","), UsageError);
}

TEST_F(RunDir, LaterCheckpointsAreSetAside) {
  make_run("run", "{}", {1, 2, 3});
  write("run/model-4.index", "");
  const auto renamed = set_aside_after(folder_ / "run", 2);
  EXPECT_EQ(renamed,
            (Files{folder_ / "run/model-3.safetensors.set_aside", folder_ / "run/model-4.index.set_aside"}));
  for (const auto& file : renamed) EXPECT_TRUE(fs::exists(file));
  ASSERT_EQ(saved_steps(folder_ / "run").size(), 2U);
  prune_checkpoints(folder_ / "run", {.newest = 1});
  EXPECT_TRUE(fs::exists(renamed[0])) << "not ours to remove";
  EXPECT_TRUE(set_aside_after(folder_ / "run", 2).empty());
}

// The published programs read a file's JSON first, then the checkpoint's.
TEST_F(RunDir, TheCheckpointBeatsTheFile) {
  const auto run = make_run("run", R"({"lr": 0.5})", {1});
  const auto file = write("file.json", R"({"lr": 0.25})").string();
  const std::optional<Checkpoint> none, checkpoint = Checkpoint::open(run);
  const auto values = [](const HparamsDicts& dicts) {
    std::vector<Json> all;
    for (const auto& [where, dict] : dicts) all.push_back(dict);
    return all;
  };
  using Dicts = std::vector<Json>;
  const Json of_file = {{"lr", 0.25}}, of_run = {{"lr", 0.5}};
  EXPECT_EQ(values(hparams_dicts(HparamsOf::kModel, checkpoint, file)), (Dicts{of_file, of_run}));
  EXPECT_EQ(values(hparams_dicts(HparamsOf::kModel, none, file)), Dicts{of_file});
  EXPECT_TRUE(hparams_dicts(HparamsOf::kModel, none).empty());
  EXPECT_EQ(values(hparams_dicts(HparamsOf::kDataset, checkpoint)),
            (Dicts{{{"sequence_length", 12}, {"context_frames", 2}}}));
}

TEST_F(RunDir, AHereFolderHasItsName) {
  make_run("run", "{}", {1});
  const auto before = fs::current_path();
  fs::current_path(folder_ / "run");
  EXPECT_EQ(Checkpoint::open(".").name(), "run");
  EXPECT_EQ(Checkpoint::open("model-1").name(), "run");
  fs::current_path(before);
}

TEST_F(RunDir, MissingHyperparameterFilesAreSkipped) {
  const auto run = make_run("run", "", {1});
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Checkpoint::open(run).model_hparams().empty());
  EXPECT_CONTAINS(testing::internal::GetCapturedStderr(), "model_hparams.json is not there");
}

TEST_F(RunDir, ErrorsSayWhatIsMissing) {
  EXPECT_CONTAINS(error_of("none"), "none: no such folder or checkpoint: name a run's folder");
  EXPECT_CONTAINS(error_of("none/model-1"), "there is no folder");
  EXPECT_CONTAINS(error_of("none/model-1"), (folder_ / "none").string());
  fs::create_directories(folder_ / "empty");
  EXPECT_CONTAINS(error_of("empty"), "has no options.json");
  make_run("untrained", "{}", {});
  EXPECT_CONTAINS(error_of("untrained"), "has no checkpoint");
  make_run("run", "{}", {100, 200});
  EXPECT_CONTAINS(error_of("run/model-300"), "is not there; the folder has model-100 and model-200");
  write("run/model_hparams.json", "{\"lr\": ");
  EXPECT_CONTAINS(error_of("run"), "model_hparams.json: is not JSON");
  write("run/model_hparams.json", "{\"lr\": " + std::string(1 << 20, '[') + std::string(1 << 20, ']') + "}");
  EXPECT_CONTAINS(error_of("run"), "model_hparams.json: holds lists within lists");
  write("run/model_hparams.json", "[1]");
  EXPECT_CONTAINS(error_of("run"), "a JSON object of hyperparameters is expected");
  write("run/model_hparams.json", "{}");
  const auto run = Checkpoint::open((folder_ / "run").string());
  EXPECT_CONTAINS(message_of<DataError>([&] { run.option("seed"); }), "has no seed: give --seed");
}

TEST_F(RunDir, OnlyWholeNamesAreCheckpoints) {
  make_run("run", "{}", {7});
  for (const auto* name : {"model-8.safetensors.tmp123", "model-.safetensors", "model-9x.safetensors",
                           "model--9.safetensors", "xmodel-9.safetensors", "model-9.data-00000-of-00001"})
    write(std::string("run/") + name, "");
  const auto saved = saved_steps(folder_ / "run");
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].step, 7);
  EXPECT_TRUE(saved_steps(folder_ / "none").empty());
}

TEST_F(RunDir, PruningKeepsTheLastAndRemovesLeftovers) {
  make_run("run", "{}", {900, 1000, 200, 5});
  write("run/model-1100.safetensors.tmp4711", "half");
  write("run/other.tmp1", "kept");
  prune_checkpoints(folder_ / "run", {.newest = 2});
  const auto saved = saved_steps(folder_ / "run");
  ASSERT_EQ(saved.size(), 2U);
  EXPECT_EQ(saved[0].step, 900);
  EXPECT_EQ(saved[1].step, 1000);
  EXPECT_FALSE(fs::exists(folder_ / "run/model-1100.safetensors.tmp4711"));
  EXPECT_TRUE(fs::exists(folder_ / "run/other.tmp1"));
}

TEST_F(RunDir, CheckpointsOfTensorFlowAreFoundAndLeftAlone) {
  const auto run = make_run("run", "{}", {200, 400, 500});
  write("run/model-300.index", "");
  EXPECT_EQ(Checkpoint::open(run + "/model-300").files(), Files{folder_ / "run/model-300.index"});
  EXPECT_EQ(Checkpoint::open(run + "/model-300.index").files(), Files{folder_ / "run/model-300.index"});
  prune_checkpoints(folder_ / "run", {.newest = 2});
  const auto saved = saved_steps(folder_ / "run");
  ASSERT_EQ(saved.size(), 3U);
  EXPECT_EQ(saved[0].file.filename(), "model-300.index");
  EXPECT_EQ(saved[1].step, 400);
  write("run/model-600.index", "");
  EXPECT_EQ(Checkpoint::open(run).files(), Files{folder_ / "run/model-600.index"});
}

// From the weakest source to the strongest, each overriding one key more than the next.
TEST_F(RunDir, LaterSourcesOfHyperparametersWin) {
  const Json preset = {{"context_frames", 2}, {"sequence_length", 2}, {"repeat", 2}, {"lr", 2.0}};
  const Json file = {{"context_frames", 3}, {"sequence_length", 3}, {"repeat", 3}};
  const Json checkpoint = {{"context_frames", 4}, {"sequence_length", 4}};
  ModelValues values;
  const auto resolve = [&](HparamsSources sources) {
    values = {};
    sources.preset = {{"preset", preset}};
    sources.dicts = {{"file", file}, {"checkpoint", checkpoint}};
    resolve_hparams(values, sources);
    return values.context_frames;
  };
  EXPECT_EQ(resolve({}), 4);
  EXPECT_EQ(values.lr, 2.0);
  EXPECT_EQ(values.repeat, 3);
  EXPECT_EQ(values.sequence_length, 4);
  HparamsSources more{.from_dataset = {{"context_frames", 5}}};
  EXPECT_EQ(resolve(more), 5);
  more.texts = {"context_frames=6", "context_frames=7"};
  EXPECT_EQ(resolve(more), 7);
  more.flags = {{"context_frames", 8}};
  EXPECT_EQ(resolve(more), 8);
  ModelValues defaults;
  resolve_hparams(defaults, {});
  EXPECT_EQ(defaults.lr, 0.001);
}

// The published programs on a run with these files: what the data set says replaces what the run's model file
// says, --model_hparams replaces both.
TEST_F(RunDir, MergesAsThePublishedPrograms) {
  const HparamsDicts dicts = {{"", {{"sequence_length", 12}, {"context_frames", 7}, {"repeat", 9}}}};
  const Json data_set = {{"sequence_length", 6}, {"context_frames", 2}, {"repeat", 4}};
  ModelValues generate, evaluate;
  resolve_hparams(generate, {.dicts = dicts, .from_dataset = data_set});
  resolve_hparams(evaluate, {.dicts = dicts, .from_dataset = data_set, .texts = {"repeat=3"}});
  const Json expected = {{"context_frames", 2}, {"lr", 0.001}, {"repeat", 4}, {"sequence_length", 6}};
  EXPECT_EQ(HparamsView(generate).to_json(), expected);
  EXPECT_EQ(evaluate.repeat, 3);
}

TEST_F(RunDir, OldKeysArePassedOverUnknownOnesAreNot) {
  ModelValues values;
  const HparamsDicts old = {{"run/model_hparams.json", {{"lr", 0.5}, {"num_gpus", 1}}}};
  resolve_hparams(values, {.dicts = old}, {"num_gpus"});
  EXPECT_EQ(values.lr, 0.5);
  const auto message = message_of<UsageError>([&] { resolve_hparams(values, {.dicts = old}); });
  EXPECT_CONTAINS(message, "run/model_hparams.json: unknown hyperparameter num_gpus");
  for (const char* text : {"lr=inf", "lr=nan"})
    EXPECT_CONTAINS(message_of<UsageError>([&] {
                      auto others = values;
                      resolve_hparams(others, {.texts = {text}});
                    }),
                    "is not finite");
  EXPECT_CONTAINS(message_of<UsageError>([&] { resolve_hparams(values, {.texts = {"lrr=1"}}); }),
                  "did you mean lr?");
}

}  // namespace
}  // namespace savp
