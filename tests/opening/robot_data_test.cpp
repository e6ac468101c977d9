// Videos with actions and states beside them.
#include "support/robot_data.h"

#include "io/gif.h"
#include "io/image.h"
#include "support/written_arrays.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class NumbersBesideVideos : public RobotData {
 protected:
  // Of levels 10 t, with what lies beside it.
  void write_clip(const std::string& name, int frames, const std::string& numbers = "",
                  const std::string& ending = ".csv") const {
    write_gif(folder_ / ("in/" + name + ".gif"), uniform_frames(16, 16, frames, 0, /*rise=*/10), 10);
    if (!numbers.empty()) write("in/" + name + ending, numbers);
  }
  // Columns action_1, action_0 and state_0; step t has 100 + t, t and -t.
  static std::string table(int rows) {
    std::string text = "time,action_1,action_0,state_0\r\n";
    for (int t = 0; t < rows; ++t) text += concat("noon, ", 100 + t, ", ", t, ",", -t, "\r\n");
    return text;
  }
  void expect_table(const Batch& batch) const {
    for (int t : {0, 5, 10}) {
      EXPECT_EQ(batch.actions[t][0][0].item<float>(), t);
      EXPECT_EQ(batch.actions[t][0][1].item<float>(), 100 + t);
    }
    for (int t : {0, 11}) EXPECT_EQ(batch.states[t][0][0].item<float>(), -t);
  }
};

TEST_F(NumbersBesideVideos, AreRead) {
  for (int i = 0; i < 3; ++i) write_clip(concat("clip", i), 12, table(12));
  const auto data = open(folder_ / "in", "train");
  EXPECT_EQ(data->shape().actions, 2);
  EXPECT_EQ(data->shape().states, 1);
  expect_table(batches(*data)[0]);
}

// A single video, and a folder of frames that is the input itself.
TEST_F(NumbersBesideVideos, BesideTheInputAreReadAndNoticed) {
  write_clip("clip", 12, table(12));
  for (int t = 0; t < 12; ++t)
    write_png(folder_ / concat("in/walk/", t, ".png"), uniform_frames(16, 16, 1, t).front());
  write("in/walk.csv", table(12));
  for (const char* name : {"clip.gif", "walk", "walk/"}) {
    SCOPED_TRACE(name);
    const auto first_action = [&] {
      const auto data = open_dataset("video", (folder_ / "in" / name).string(), "train", {}, kWhole);
      return batches(*data)[0].actions[0][0][0].item<float>();
    };
    const auto beside = std::string(name).starts_with("clip") ? "in/clip.csv" : "in/walk.csv";
    write(beside, table(12));
    EXPECT_EQ(first_action(), 0);
    auto changed = table(12);
    changed.replace(changed.find(", 0,"), 4, ", 7,");
    write(beside, changed);
    EXPECT_EQ(first_action(), 7);
  }
}

TEST_F(NumbersBesideVideos, ColumnsThatAreAlmostThereAreNoChance) {
  for (const char* column : {"ACTION_0", "action[0]", "State 0", "action.x"}) {
    write_clip("clip", 12, concat("time,", column, "\n1,2\n"));
    EXPECT_CONTAINS(refusal(folder_ / "in"), concat("clip.csv: the column ", column,
                                                    " is none of action_0, action_1, ..., state_0, ..."));
  }
}

TEST_F(NumbersBesideVideos, MayComeWithTexts) {
  write_clip("clip", 12);
  write_npz(folder_ / "in/clip.npz", {{"actions", npy("<f4", {12, 1}, bytes_of(std::vector<float>(12, 1)))},
                                      {"task", npy("<U4", {}, std::string(16, '\0'))}});
  EXPECT_EQ(open_dataset("video", (folder_ / "in/clip.gif").string(), "train", {}, kWhole)->shape().actions,
            1);
}

TEST_F(NumbersBesideVideos, AnArrayAloneHoldsTheActions) {
  write_clip("clip", 12);
  const auto said = [&](const std::string& array, const std::string& hparams = kWhole) {
    write("in/clip.npy", array);
    return refusal(folder_ / "in", hparams);
  };
  const auto zeros = [](size_t count) { return std::string(4 * count, '\0'); };
  write("in/clip.npy", npy("<f4", {12, 3}, zeros(36)));
  EXPECT_EQ(open_dataset("video", (folder_ / "in/clip.gif").string(), "train", {}, kWhole)->shape().actions,
            3);
  EXPECT_CONTAINS(
      said(npy("<f4", {12, 3, 2}, zeros(72))),
      "clip.npy: has the shape [12, 3, 2], but a table [steps, numbers] is needed beside a video");
  EXPECT_CONTAINS(said(npy("<U5", {12}, std::string(240, '\0'))),
                  "clip.npy: the header says values of type <U5");
  EXPECT_CONTAINS(said(npy("<f4", {5, 3}, zeros(15))), "clip.npy: holds 5 actions, but ");
  EXPECT_CONTAINS(said(npy("<f4", {12, 3}, zeros(36)), "state_key=pos"),
                  "clip.npy: holds no pos (state_key); there are actions alone");
  EXPECT_CONTAINS(said("no array"), "clip.npy: is ");
}

TEST_F(NumbersBesideVideos, TablesAreReadAsSpreadsheetsWriteThem) {
  const auto actions_of = [&](const std::string& text) {
    write_clip("clip", 12, text);
    const auto data = open_dataset("video", (folder_ / "in/clip.gif").string(), "train", {}, kWhole);
    EXPECT_EQ(data->shape().actions, 2);
    return batches(*data)[0].actions[10][0];
  };
  for (const char* separator : {",", ";", "\t"}) {
    std::string text = concat("\"action_1\"", separator, "action_0", separator, "\r\n");
    for (int t = 0; t < 12; ++t) text += concat(100 + t, separator, "\"", t, "\"", separator, "\r\n");
    const auto actions = actions_of(text);
    EXPECT_EQ(actions[0].item<float>(), 10);
    EXPECT_EQ(actions[1].item<float>(), 110);
  }
}

TEST_F(NumbersBesideVideos, AreCutWithTheirVideo) {
  write_clip("long", 80, table(80));
  const auto train = open(folder_ / "in", "train", std::string(kWhole) + ",split_within_videos=true");
  expect_table(batches(*train)[0]);
  const auto test = open(folder_ / "in", "test", std::string(kWhole) + ",split_within_videos=true");
  const auto batch = batches(*test)[0];
  EXPECT_EQ(batch.actions[0][0][0].item<float>(), 64) << "the second clip";
  EXPECT_EQ(batch.states[11][0][0].item<float>(), -75);
}

TEST_F(NumbersBesideVideos, MayBeArraysAndLieBesideFolders) {
  std::vector<float> actions, states;
  for (int i = 0; i < 11 * 4; ++i) actions.push_back(static_cast<float>(i));
  for (int i = 0; i < 12; ++i) states.push_back(static_cast<float>(-i));
  const auto write_numbers = [&](const std::string& name) {
    write_npz(folder_ / "in" / (name + ".NPZ"), {{"actions", npy("<f4", {11, 4}, bytes_of(actions))},
                                                 {"state", npy("<f4", {12}, bytes_of(states))},
                                                 {"gripper", npy("<f4", {12}, bytes_of(states))}});
  };
  write_clip("a", 12);
  write_numbers("a");
  for (int t = 0; t < 12; ++t)
    write_png(folder_ / concat("in/b/", t, ".png"), {16, 16, 3, std::vector<uint8_t>(768, 9)});
  write_numbers("b");
  write_clip("c", 12);
  write_numbers("c");
  for (const char* mode : {"train", "val", "test"}) {
    const auto batch = batches(*open(folder_ / "in", mode))[0];
    EXPECT_EQ(batch.actions.sizes(), (std::vector<int64_t>{11, 1, 4}));
    EXPECT_EQ(batch.actions[10][0][3].item<float>(), 43);
    EXPECT_EQ(batch.states[11][0][0].item<float>(), -11);
  }
  const auto joined = open(folder_ / "in", "train", std::string(kWhole) + ",state_key=gripper+state");
  EXPECT_EQ(joined->shape().states, 2);
  EXPECT_CONTAINS(refusal(folder_ / "in", "action_key=torque"),
                  "NPZ: holds no torque (action_key); there are the arrays actions, state and gripper");
}

TEST_F(NumbersBesideVideos, ThatDoNotFitAreNamedWithBothCounts) {
  const auto said = [&](const std::string& numbers, const std::string& hparams = kWhole) {
    fs::remove_all(folder_ / "in");
    write_clip("clip", 12, numbers);
    return refusal(folder_ / "in", hparams);
  };
  std::string rows = "action_0\n";
  for (int count = 1; count <= 20; ++count) {
    rows += "1\n";
    if (count == 11 || count == 12) continue;
    EXPECT_CONTAINS(said(rows),
                    concat("clip.csv: holds ", count, count == 1 ? " action, but " : " actions, but "));
  }
  EXPECT_CONTAINS(said(table(13)), "clip.gif has 12 frames: there must be one for each frame");
  EXPECT_CONTAINS(said(table(11)), "clip.csv: holds 11 states, but ");
  EXPECT_CONTAINS(said(table(12), "fps=5"), "clip.csv: actions and states belong to every frame of clip.gif");
  EXPECT_CONTAINS(
      said(table(12), "action_key=force"),
      "clip.csv: holds no force (action_key); there are the columns time, action_1, action_0 and state_0");
  EXPECT_CONTAINS(said("action_0,action_2\n1,2\n"), "has the column action_2, but no column action_1");
  EXPECT_CONTAINS(said("action_0\n1\n\n1,2\n"), "clip.csv, line 4: holds 2 cells, the line of names 1");
  EXPECT_CONTAINS(said("action_0\n1\n1.5x\n"), "clip.csv, line 3, column action_0: \"1.5x\" is no finite");
  EXPECT_CONTAINS(said("action_0\n1\ninf\n"), "\"inf\" is no finite number");
  EXPECT_CONTAINS(said("action_0\n1\nnan\n2\n"), "clip.csv, line 3, column action_0 is empty or NaN");
  EXPECT_CONTAINS(said("action_0\n1\n1e20\n"), "clip.csv, line 3, column action_0: 1e+20 is out of range");
  EXPECT_CONTAINS(said("action_0\n1\n\n\"\"\n2\n"), "clip.csv, line 4, column action_0 is empty");
  EXPECT_CONTAINS(said("action_0,action_00\n1,2\n"), "action_0 and action_00 have the same number");
  EXPECT_CONTAINS(said("action_0,action_0\n1,1\n"),
                  "clip.csv, line 1: the column's name action_0 stands twice");
  EXPECT_CONTAINS(said("action_0\n"), "holds no table");
  EXPECT_CONTAINS(said("\"action_0\n1\n"), "line 1: a quotation mark is missing");
  write("in/clip.npz", "PK");
  EXPECT_CONTAINS(refusal(folder_ / "in"), "clip.npz: ");
}

TEST_F(NumbersBesideVideos, TheActionAfterTheLastFrameMayBeMissing) {
  std::string text = "\xEF\xBB\xBF\"action_0\", state_0\n";
  for (int t = 0; t < 11; ++t) text += concat(t, ",+", t, "\n");
  for (int i = 0; i < 3; ++i) write_clip(concat(i), 12, text + ",11\n");
  const auto batch = batches(*open(folder_ / "in", "train"))[0];
  EXPECT_EQ(batch.actions[10][0][0].item<float>(), 10);
  EXPECT_EQ(batch.states[11][0][0].item<float>(), 11);
  write_clip("0", 12, text + "NaN,11\n");
  EXPECT_EQ(open(folder_ / "in", "train")->shape().actions, 1);
  write_clip("0", 12, text + "11,\n");
  EXPECT_CONTAINS(refusal(folder_ / "in"), "0.csv, line 13, column state_0 is empty");
}

TEST_F(NumbersBesideVideos, TwoFilesForOneVideoAreDoubtful) {
  write_clip("clip", 12, table(12));
  write_npz(folder_ / "in/clip.npz", {{"actions", npy("<f4", {12, 1}, bytes_of(std::vector<float>(12, 1)))}});
  EXPECT_CONTAINS(refusal(folder_ / "in"), "may hold the actions and states of clip.gif, too: remove one");
}

TEST_F(NumbersBesideVideos, TablesOfOtherThingsAreLeftOut) {
  for (int i = 0; i < 3; ++i) write_clip(concat(i), 12, i == 0 ? "label,score\nwalk,1\n" : "");
  write("in/all.csv", table(3));
  EXPECT_EQ(open(folder_ / "in", "train", "time_shift=0")->shape().actions, 0);
  EXPECT_CONTAINS(refusal(folder_ / "in"), "use_state must be false");
}

TEST_F(NumbersBesideVideos, AllMustHaveThem) {
  write_clip("0", 12, table(12));
  write_clip("1", 12);
  EXPECT_CONTAINS(refusal(folder_ / "in"), "1.gif: holds frames of 16x16x3, but 0.gif of 16x16x3, 2 actions");
}

}  // namespace
}  // namespace savp
