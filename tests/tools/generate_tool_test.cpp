// savp_generate as a whole, with a stochastic model: other actions, palettes, and what a kill leaves.
#include <nlohmann/json.hpp>

#include "io/array_file.h"
#include "io/image.h"
#include "io/video.h"
#include "support/scratch_test.h"
#include "support/untrained_model.h"
#include "tools/process.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

// Plans of so many steps, a line a step.
std::string plans_of(int64_t steps) {
  std::string lines = "plan,x,y,z,grip\n";
  for (const auto& [name, action] : {std::pair{"far", "50,-50,50,50"}, {"still", "0,0,0,0"}})
    for (int64_t t = 0; t < steps; ++t) lines += concat(name, ",", action, "\n");
  return lines;
}

class GenerateTool : public testing::Test {
 protected:
  Outcome generate(const Arguments& more) const {
    return run_tool("savp_generate", Arguments{"--checkpoint", folder_ / "model", "--input_dir", kBair,
                                               "--mode", "test", "--device", "cpu", "--output_gif_dir",
                                               folder_ / "r", "--output_png_dir", folder_ / "r"} +
                                         more);
  }
  const ScratchFolder folder_;
};

// The data has 30 frames and 29 actions, the plans go on for 40 frames.
TEST_F(GenerateTool, ActionsOfAFileGoBeyondThoseOfTheData) {
  write_untrained_model(folder_ / "model", {.shape = kShapeWithActions});
  folder_.write("short.csv", plans_of(37));
  folder_.write("long.csv", plans_of(38));
  const Arguments far = {"--num_samples", "1",   "--sequence_length", "40",
                         "--format",      "npz", "--no_single_files"};
  const auto refused = generate(far);
  EXPECT_EQ(refused.code, 2);
  EXPECT_CONTAINS(refused.err, "or actions of your own (savp_generate --actions)");
  const auto few = generate(far + Arguments{"--actions", folder_ / "short.csv"});
  EXPECT_EQ(few.code, 3);
  EXPECT_CONTAINS(few.err, "far has 37 actions, one for each of 38 predicted frames is needed");
  const auto outcome = generate(far + Arguments{"--actions", folder_ / "long.csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const ArrayFile arrays(folder_ / "r/grids/grid_00000.npz");
  EXPECT_EQ(arrays.open("futures").header().shape, (std::vector<int64_t>{2, 38, 32, 32, 3}));
  EXPECT_EQ(arrays.open("truth").header().shape, (std::vector<int64_t>{28, 32, 32, 3}));
  const auto made = nlohmann::json::parse(folder_.read("r/samples.json"));
  EXPECT_GT(made["action_sensitivity"].get<double>(), 0);
}

// A plan's actions are those after the context; what it has beyond the prediction changes nothing.
TEST_F(GenerateTool, ThePlanTakesThePlaceOfTheActionsAfterTheContext) {
  write_untrained_model(folder_ / "model", {.shape = kShapeWithActions});
  folder_.write("plans.csv", plans_of(8));
  const Arguments format = {"--num_samples", "1", "--format", "npz", "--no_single_files"};
  const auto last_frame = [&](const Arguments& more) {
    EXPECT_EQ(generate(format + more).code, 0);
    const ArrayFile arrays(folder_ / "r/grids/grid_00000.npz");
    auto futures = arrays.open("futures");
    const auto& shape = futures.header().shape;
    const auto bytes = futures.read_bytes(futures.header().values());
    return bytes.substr(static_cast<size_t>(shape[1] - 1) * 32 * 32 * 3, 32 * 32 * 3);  // of the first plan
  };
  const auto six = last_frame({"--sequence_length", "6", "--actions", folder_ / "plans.csv"});
  folder_.write("plans.csv", plans_of(4));
  EXPECT_EQ(last_frame({"--sequence_length", "6", "--actions", folder_ / "plans.csv"}), six);
  EXPECT_NE(last_frame({"--sequence_length", "6", "--num_stochastic_samples", "1"}), six);
}

// Frames that have more colours together than a palette: with one palette each they are truer.
TEST_F(GenerateTool, PalettesOfFramesAreTruerThanOneOfTheVideo) {
  for (int t = 0; t < 6; ++t) {
    Picture frame{16, 16, 3, {}};
    for (int i = 0; i < 16 * 16; ++i)
      frame.pixels.insert(frame.pixels.end(), {static_cast<uint8_t>(i), static_cast<uint8_t>(40 * t),
                                               static_cast<uint8_t>(255 - 40 * t)});
    write_png(folder_ / concat("clip/", t, ".png"), frame);
  }
  const auto error = [&](const char* palette) {
    const auto name = concat("gifs_", palette);
    const auto outcome = run_tool(
        "savp_generate",
        {"--input_video", folder_ / "clip", "--model", "ground_truth", "--dataset_hparams",
         "context_frames=2", "--sequence_length", "6", "--num_stochastic_samples", "1", "--grid_futures", "0",
         "--gif_palette", palette, "--output_gif_dir", folder_ / name, "--output_png_dir", folder_ / name});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto shown = read_video(folder_ / name / "gen_image_00000_00.gif");
    EXPECT_EQ(shown.size(), 6U);
    int64_t sum = 0;
    for (size_t t = 0; t < shown.size(); ++t) {
      const auto exact = read_image(folder_ / concat("clip/", t, ".png"));
      for (size_t i = 0; i < exact.pixels.size(); ++i)
        sum += std::abs(static_cast<int>(exact.pixels[i]) - static_cast<int>(shown[t].pixels.at(i)));
    }
    return sum;
  };
  const auto of_video = error("video"), of_frames = error("frame");
  EXPECT_LT(2 * of_frames, of_video);
}

TEST_F(GenerateTool, WritesNothingAmongTheData) {
  write_untrained_model(folder_ / "model");
  fs::copy(kBair, folder_ / "bair", fs::copy_options::recursive);
  const auto before = folder_.names();
  for (const char* flag : {"--output_gif_dir", "--output_png_dir", "--output_grid_dir"}) {
    const auto outcome = run_tool(
        "savp_generate", {"--checkpoint", folder_ / "model", "--input_dir", folder_ / "bair", "--mode",
                          "test", "--device", "cpu", "--results_dir", folder_ / "r", flag, folder_ / "bair"});
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_CONTAINS(outcome.err, "bair: is what the results are made from: choose another folder");
  }
  EXPECT_EQ(folder_.names(), before);
}

}  // namespace
}  // namespace savp
