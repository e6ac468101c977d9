#include "evaluation/sheets.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "evaluation/action_plans.h"
#include "evaluation/future_grids.h"
#include "io/array_file.h"
#include "io/video.h"
#include "support/scratch.h"

namespace savp {
namespace {

// Of a colour that no letter has.
Picture flat(uint8_t level) {
  Picture picture{8, 8, 3, {}};
  for (int i = 0; i < 64; ++i) picture.pixels.insert(picture.pixels.end(), {level, 0, 7});
  return picture;
}

std::vector<Picture> flats(std::initializer_list<int> levels) {
  std::vector<Picture> frames;
  for (const int level : levels) frames.push_back(flat(static_cast<uint8_t>(level)));
  return frames;
}

Colour at(const Picture& picture, int64_t y, int64_t x) {
  const auto* pixel = picture.pixels.data() + (y * picture.width + x) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

int64_t count(const Picture& picture, const Colour& colour) {
  int64_t found = 0;
  for (int64_t y = 0; y < picture.height; ++y)
    for (int64_t x = 0; x < picture.width; ++x) found += at(picture, y, x) == colour ? 1 : 0;
  return found;
}

constexpr Colour kFrame{31, 119, 180}, kBar{255, 200, 0};
constexpr Colour of(uint8_t level) { return {level, 0, 7}; }

// Two frames given, two to come: what happened (90, 100) and a future (150, 160).
Sheet example() {
  return {2,
          4,
          {{{"given", flats({70, 80})},
            {"what happened", flats({70, 80, 90, 100}), 0, FrameMark::kHappened},
            {"future 0", flats({70, 80, 150, 160})}}}};
}

TEST(Sheets, ShowsEachVideoAtEachFrameEnlarged) {
  const auto pages = moving_sheet(example(), {.scale = 3});
  ASSERT_EQ(pages.size(), 4U);
  constexpr int64_t kCell = 24 * 24;
  EXPECT_EQ(count(pages[0], of(70)), 3 * kCell);
  EXPECT_EQ(count(pages[3], of(80)), kCell) << "what was given stays as it was last";
  EXPECT_EQ(count(pages[3], of(100)), kCell);
  EXPECT_EQ(count(pages[3], of(160)), kCell);
}

TEST(Sheets, FramesWhatWasGivenAndBarsWhatIsPredicted) {
  const auto pages = moving_sheet(example(), {.scale = 3});
  EXPECT_EQ(count(pages[1], kFrame), 3 * (32 * 32 - 24 * 24));
  EXPECT_EQ(count(pages[1], kBar), 0);
  EXPECT_EQ(count(pages[2], kFrame), 32 * 32 - 24 * 24) << "only the given ones";
  EXPECT_EQ(count(pages[2], kBar), 6 * 24) << "a bar below the future, none below what happened";
}

TEST(Sheets, BreaksLongRows) {
  auto sheet = example();
  while (sheet.rows[0].size() < 7) sheet.rows[0].push_back(sheet.rows[0].back());
  const auto lines = wrapped(sheet);
  ASSERT_EQ(lines.rows.size(), 2U);
  EXPECT_EQ(lines.rows[0].size(), 4U);
  EXPECT_EQ(lines.rows[1].size(), 3U);
}

TEST(Sheets, AStripShowsAllFramesAndOfLongSequencesSome) {
  const auto short_one = strip(example(), {.scale = 1});
  for (const uint8_t level : {70, 80}) EXPECT_EQ(count(short_one, of(level)), 3 * 64);
  for (const uint8_t level : {90, 100, 150, 160}) EXPECT_EQ(count(short_one, of(level)), 64);
  Sheet long_one{1, 41, {{{"future 0", std::vector<Picture>(40, flat(200)), 1}}}};
  EXPECT_EQ(count(strip(long_one, {.scale = 1}), of(200)), 13 * 64) << "frames 3, 6 ... 39";
}

// Folder "g" with one sequence, two futures of which one is to be shown.
void write_grids(const ScratchFolder& folder, GridLayout layout) {
  FutureGrids grids(folder / "g", std::move(layout));
  grids.begin(3, flats({70, 80}), flats({90}));
  grids.add(3, flats({150, 160}));
  grids.add(3, flats({170, 180}));
  grids.finish();
}

TEST(FutureGrids, WritesEveryFormat) {
  const ScratchFolder folder;
  write_grids(folder, {.formats = {GridFormat::kGif, GridFormat::kMp4, GridFormat::kWebm, GridFormat::kPng,
                                   GridFormat::kStrip, GridFormat::kNpz},
                       .futures = 1,
                       .overview = 1});
  for (const char* ending : {"gif", "mp4", "webm"})
    for (const std::string name : {"grid_00003.", "overview."})
      EXPECT_EQ(read_video(folder / ("g/" + name + ending)).size(), 4U) << name << ending;
  EXPECT_EQ(count(read_image(folder / "g/grid_00003_002.png"), of(150)), 32 * 32);
  EXPECT_EQ(count(read_image(folder / "g/strip_00003.png"), of(90)), 32 * 32)
      << "what happened, as far as known";
  const ArrayFile arrays(folder / "g/grid_00003.npz");
  auto futures = arrays.open("futures");
  EXPECT_EQ(futures.header().shape, (std::vector<int64_t>{1, 2, 8, 8, 3}));
  EXPECT_EQ(static_cast<uint8_t>(futures.read_bytes(2 * 64 * 3).at(64 * 3)), 160);
  EXPECT_EQ(arrays.open("context").header().shape, (std::vector<int64_t>{2, 8, 8, 3}));
  EXPECT_EQ(arrays.open("truth").header().shape, (std::vector<int64_t>{1, 8, 8, 3}));
}

TEST(FutureGrids, WritesWhatIsAskedForAlone) {
  const ScratchFolder folder;
  write_grids(folder, {.formats = {GridFormat::kStrip}});
  EXPECT_EQ(folder.names(), std::vector<std::string>{"g/strip_00003.png"});
}

// What reading the plans complains of; empty where it does not.
std::string complaint(const ScratchFolder& folder, const std::string& text, int64_t least = 2) {
  folder.write("plans.csv", text);
  try {
    read_action_plans((folder / "plans.csv").string(), least, 2);
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(ActionPlans, AreReadLineByLine) {
  const ScratchFolder folder;
  folder.write("plans.csv", "plan,x,y\r\nleft,-1,0\r\nleft,-2,0.5\r\nright,1,0\r\nright, 2 ,0\r\n\r\n");
  const auto plans = read_action_plans((folder / "plans.csv").string(), 2, 2);
  ASSERT_EQ(plans.size(), 2U);
  EXPECT_EQ(plans[0].name, "left");
  EXPECT_TRUE(torch::equal(plans[0].actions, torch::tensor({{-1.0F, 0.0F}, {-2.0F, 0.5F}})));
  EXPECT_TRUE(torch::equal(plans[1].actions, torch::tensor({{1.0F, 0.0F}, {2.0F, 0.0F}})));
}

TEST(ActionPlans, AreRefusedWithTheLine) {
  const ScratchFolder folder;
  EXPECT_NE(complaint(folder, "left,1,2\nleft,1\n").find("plans.csv:2: has 2 columns"), std::string::npos);
  EXPECT_NE(complaint(folder, "left,1,2\nleft,1,far\n").find("plans.csv:2: \"far\""), std::string::npos);
  EXPECT_NE(complaint(folder, "left,1,2\nleft,1,nan\n").find("\"nan\" is not a number"), std::string::npos);
  EXPECT_NE(complaint(folder, "left,1,2\n", 3).find("left has 1 actions"), std::string::npos);
  EXPECT_NE(complaint(folder, "").find("holds 0 sequences"), std::string::npos);
}

TEST(ActionPlans, SensitivityIsTheMeanDifferenceOfPairs) {
  const auto level = [](double value) { return torch::full({2, 1, 3, 4, 4}, value); };
  EXPECT_NEAR(action_sensitivity({level(0.0), level(0.2), level(0.4)}), 255 * (0.2 + 0.4 + 0.2) / 3, 1e-3);
  EXPECT_EQ(action_sensitivity({level(0.3), level(0.3)}), 0);
}

}  // namespace
}  // namespace savp
