// What savp_train shows in TensorBoard, against the tags that the original wrote for the same command lines.
#include <torch/types.h>

#include <set>

#include "checkpoints/tensors.h"
#include "core/hparams.h"
#include "io/example.h"
#include "io/tfrecord.h"
#include "metrics/lpips.h"
#include "nn/alex_net.h"
#include "support/event_reader.h"
#include "support/scratch_test.h"
#include "tools/process.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(SAVP_TEST_DATA) / "golden/data";

// Random pictures of 30 steps in BAIR's layout.
void write_bair(const fs::path& folder) {
  fs::create_directories(folder);
  TfRecordWriter writer((folder / "traj_0_to_2.tfrecords").string());
  for (int record = 0; record < 3; ++record) {
    ExampleBuilder example;
    for (int t = 0; t < 30; ++t) {
      const auto step = std::to_string(t);
      example.bytes(step + "/image_aux1/encoded",
                    {std::string(64 * 64 * 3, static_cast<char>(40 * record + t))});
      example.floats(step + "/action", {1, 0, 0, 0}).floats(step + "/endeffector_pos", {0, 0, 0});
    }
    writer.write(example.serialize());
  }
  writer.close();
}

class SummaryTags : public ScratchTest {
 protected:
  void SetUp() override {
    write_bair(folder_ / "A_datasets/bair/train");
    write_bair(folder_ / "A_datasets/bair/val");
    fs::create_directory_symlink(kGolden / "A_datasets/softmotion_view0",
                                 folder_ / "A_datasets/softmotion_view0");
    torch::manual_seed(0);  // tags do not depend on what LPIPS has learnt
    auto network = Lpips(std::make_shared<nn::AlexNet>()).variables();
    for (auto& variable : network) variable.second = torch::rand_like(variable.second) * 0.05;
    fs::create_directories(folder_ / "networks");
    write_variables(folder_ / "networks/lpips_alex.safetensors", network, {});
  }

  // The command that was recorded, in this test's folder, with two samples as it had.
  std::vector<std::string> arguments(const Json& recorded) const {
    std::vector<std::string> all;
    for (const std::string word : recorded["command"])
      if (word != "train.py")
        all.push_back(word.starts_with("A_datasets") || word.starts_with("logs") ? (folder_ / word).string()
                                                                                 : word);
    all.insert(all.end(),
               {"--eval_samples", "2", "--val_batches", "1", "--metric_weights", folder_ / "networks"});
    return all;
  }
};

// "accum_eval_X_1_2" of the longer validation is "accum_eval_X_2", as the original's README has it.
std::string ours(std::string tag) {
  const auto end = tag.find('/');
  const auto scope = tag.substr(0, end);
  return scope.ends_with("_1_2") ? scope.substr(0, scope.size() - 4) + "_2" + tag.substr(end) : tag;
}

std::string kind_of(const std::string& recorded) { return recorded == "scalar" ? "scalar" : "image"; }

TEST_F(SummaryTags, EqualTheOriginalsForTheSameCommands) {
  for (const auto& file : fs::directory_iterator(kGolden / "G_summaries")) {
    SCOPED_TRACE(file.path().filename());
    const auto recorded = Json::parse(read(file.path()));
    const auto outcome = run_tool("savp_train", arguments(recorded));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto files = event_files(folder_ / "logs/run");
    ASSERT_EQ(files.size(), 1u);
    const auto events = read_events(files.front());
    std::map<std::string, Json> expected;
    for (const auto& tag : recorded["tags"]) expected[ours(tag["tag"])] = tag;
    std::set<std::string> seen;
    for (const auto& value : events.values) {
      if (value.tag.starts_with("run/")) continue;  // texts, which the original did not write
      ASSERT_TRUE(expected.contains(value.tag)) << value.tag << " is not the original's";
      const auto& tag = expected[value.tag];
      seen.insert(value.tag);
      EXPECT_EQ(value.kind, kind_of(tag["kind"])) << value.tag;
      if (tag["kind"] != "gif") continue;
      EXPECT_EQ(field_of(value.message, 1).number, tag["height"]) << value.tag;
      EXPECT_EQ(field_of(value.message, 2).number, tag["width"]) << value.tag;
      EXPECT_EQ(field_of(value.message, 3).number, tag["colorspace"]) << value.tag;
      EXPECT_TRUE(field_of(value.message, 4).bytes.starts_with("GIF89a")) << value.tag;
    }
    for (const auto& [tag, what] : expected) EXPECT_TRUE(seen.contains(tag)) << tag << " is missing";
    EXPECT_EQ(events.steps("d_loss_1/d_loss").empty(), !expected.contains("d_loss_1/d_loss"));
    EXPECT_EQ(events.steps("g_loss/g_loss"), (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(events.steps("g_loss_1/g_loss"), (std::vector<int64_t>{0, 1, 2}));
    fs::remove_all(folder_ / "logs");
  }
}

}  // namespace
}  // namespace savp
