// What savp_generate and savp_evaluate do with models that need no weights.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/array_file.h"
#include "io/gif.h"
#include "io/image.h"
#include "io/video.h"
#include "tools/process.h"

namespace savp {
namespace {

using Json = nlohmann::json;

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";
const std::string kDamaged = SAVP_TEST_DATA "/golden/data/C_bad_inputs/data_crc";

struct BadCall {
  std::string name, tool;
  Arguments arguments;
  int code;
  std::string message;  // a part of it
};
void PrintTo(const BadCall& call, std::ostream* out) { *out << call.name; }

class BadCalls : public testing::TestWithParam<BadCall> {};

TEST_P(BadCalls, EndWithOneLineAndALastingCode) {
  const auto& call = GetParam();
  const ScratchFolder out;
  const auto outcome =
      run_tool(call.tool, call.arguments + Arguments{"--results_dir", (out / "results").string()});
  EXPECT_EQ(outcome.code, call.code) << outcome.err;
  EXPECT_NE(outcome.err.find(call.message), std::string::npos) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_TRUE(out.names().empty());
}

const Arguments kTest = {"--input_dir", kBair, "--mode", "test"};
const Arguments kRepeat = {"--model", "repeat", "--dataset", "bair"};

INSTANTIATE_TEST_SUITE_P(
    All, BadCalls,
    testing::Values(
        BadCall{"nothing_given", "savp_generate", {}, 2, "--input_video PATH"},
        BadCall{"no_input", "savp_evaluate", kRepeat, 2, "--input_dir DIR must be given"},
        BadCall{"two_inputs", "savp_generate", kTest + kRepeat + Arguments{"--input_video", "x"}, 2,
                "cannot both"},
        BadCall{"no_model", "savp_generate", kTest, 2, "--checkpoint PATH must be given"},
        BadCall{"unknown_model", "savp_evaluate", kTest + Arguments{"--model", "repaet"}, 2,
                "did you mean repeat?"},
        BadCall{"bad_mode", "savp_generate", {"--mode", "tset"}, 2, "did you mean test?"},
        BadCall{"bad_subtask", "savp_evaluate", {"--eval_substasks", "maximum"}, 2, "max|avg|min"},
        BadCall{"fast_gif", "savp_generate", kTest + kRepeat + Arguments{"--fps", "60"}, 2,
                "--fps=60 must be from 1 to 50"},
        BadCall{"no_split", "savp_evaluate", kRepeat + Arguments{"--input_dir", kBair, "--mode", "train"}, 3,
                "train"},
        BadCall{"too_long", "savp_evaluate", kTest + kRepeat + Arguments{"--sequence_length", "40"}, 2,
                "sequence_length=40: true frames are needed"},
        BadCall{"absurd", "savp_evaluate",
                kTest + kRepeat + Arguments{"--dataset_hparams", "scale_size=1000000000"}, 2,
                "scale_size=1000000000 must be from 0 to 4096"},
        BadCall{"no_gpu", "savp_evaluate", kTest + kRepeat + Arguments{"--device", "cuda:7"}, 2,
                "--device cuda:7"},
        BadCall{"too_many", "savp_generate", kTest + kRepeat + Arguments{"--num_samples", "4"}, 2,
                "only 2 sequences"},
        BadCall{"no_checkpoint", "savp_generate", kTest + Arguments{"--checkpoint", "no/such/model-1"}, 3,
                "no/such"},
        BadCall{"no_such_data", "savp_evaluate", kRepeat + Arguments{"--input_dir", "no/such"}, 3, "no/such"},
        BadCall{"no_such_clip", "savp_generate",
                kRepeat + Arguments{"--input_video", "no/such.mp4", "--sequence_length", "5"}, 3,
                "no/such.mp4"},
        BadCall{"only_context", "savp_evaluate",
                kTest + kRepeat + Arguments{"--dataset_hparams", "sequence_length=4,context_frames=4"}, 2,
                "nothing to predict"}),
    [](const auto& info) { return info.param.name; });

TEST(Generate, ContinuesBeyondTheTrueFrames) {
  const ScratchFolder out;
  const auto outcome =
      run_tool("savp_generate",
               kTest + kRepeat +
                   Arguments{"--sequence_length", "40", "--num_stochastic_samples", "1", "--num_samples", "1",
                             "--output_gif_dir", (out / "gif").string(), "--output_png_dir",
                             (out / "png").string(), "--results_dir", (out / "all").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(out / "all/model.repeat/grids/grid_00000.gif"));
  EXPECT_FALSE(std::filesystem::exists(out / "gif/grids")) << "a folder for GIFs has these alone";
  EXPECT_EQ(read_video(out / "gif/gen_image_00000_00.gif").size(), 40U);
  EXPECT_TRUE(std::filesystem::exists(out / "png/gen_image_00000_00_37.png"));
  EXPECT_FALSE(std::filesystem::exists(out / "png/gen_image_00000_00_38.png"));
}

// Frames of one gray level each, 10, 20, 30 ...
std::filesystem::path write_clip(const ScratchFolder& folder, int frames) {
  for (int t = 1; t <= frames; ++t) {
    Picture picture{24, 40, 3, std::vector<uint8_t>(24 * 40 * 3, static_cast<uint8_t>(10 * t))};
    write_png(folder / ("clip/frame_" + std::to_string(t) + ".png"), picture);
  }
  return folder / "clip";
}

Arguments clip_arguments(const ScratchFolder& folder, int frames) {
  return {"--input_video", write_clip(folder, frames).string(), "--results_dir",
          (folder / "results").string()};
}

TEST(Generate, ContinuesAFolderOfFrames) {
  const ScratchFolder folder;
  const auto outcome =
      run_tool("savp_generate",
               clip_arguments(folder, 6) + Arguments{"--model", "repeat", "--dataset_hparams",
                                                     "context_frames=2,scale_size=16", "--start_frame", "3",
                                                     "--sequence_length", "5", "--num_stochastic_samples",
                                                     "2", "--gif_length", "4"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto picture = read_image(folder / "results/model.repeat/gen_image_00000_01_02.png");
  EXPECT_EQ(picture.height, 16);
  EXPECT_EQ(picture.width, 16);
  EXPECT_EQ(picture.pixels.at(0), 50);  // frames 4 and 5 were shown
  EXPECT_EQ(read_video(folder / "results/model.repeat/gen_image_00000_01.gif").size(), 4U);
  const auto options = Json::parse(folder.read("results/model.repeat/options.json"));
  EXPECT_EQ(options["model"], "repeat");
  EXPECT_EQ(options["start_frame"], 3);
  EXPECT_EQ(Json::parse(folder.read("results/model.repeat/model_hparams.json"))["sequence_length"], 5);
}

TEST(Generate, PicksFramesOutOfAClipAndKeepsGifsAndPngsApart) {
  const ScratchFolder folder;
  std::vector<Picture> frames;
  for (uint8_t t = 1; t <= 6; ++t)
    frames.push_back({16, 16, 3, std::vector<uint8_t>(16 * 16 * 3, static_cast<uint8_t>(10 * t))});
  write_gif(folder / "clip.gif", frames, 10);
  const auto outcome =
      run_tool("savp_generate",
               {"--input_video", (folder / "clip.gif").string(), "--video_fps", "5", "--model", "repeat",
                "--dataset_hparams", "context_frames=2", "--sequence_length", "4", "--num_stochastic_samples",
                "1", "--results_gif_dir", (folder / "gifs").string(), "--results_png_dir",
                (folder / "pngs").string(), "--output_grid_dir", folder.path().string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "gifs/model.repeat/gen_image_00000_00.gif"));
  const auto picture = read_image(folder / "pngs/model.repeat/gen_image_00000_00_01.png");
  EXPECT_EQ(picture.pixels.at(0), 30);  // every second frame: the first two are of levels 10 and 30
}

TEST(Generate, FewerFuturesLeaveNoOldOnes) {
  const ScratchFolder out;
  for (const std::string samples : {"3", "1"}) {
    const auto outcome = run_tool(
        "savp_generate", kTest + kRepeat +
                             Arguments{"--dataset_hparams", "sequence_length=4", "--num_stochastic_samples",
                                       samples, "--results_dir", out.path().string()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  // descriptions and samples.json; of two videos a GIF and two frames, a grid and a strip
  EXPECT_EQ(out.names().size(), 3U + 1 + 2 * (1 + 2 + 2));
}

TEST(Generate, ShowsWhatHappenedAndOneSampleAlone) {
  const ScratchFolder folder;
  const auto outcome = run_tool(
      "savp_generate", clip_arguments(folder, 6) +
                           Arguments{"--model", "repeat", "--dataset_hparams",
                                     "context_frames=2,scale_size=16", "--sequence_length", "8", "--sample",
                                     "17", "--no_single_files", "--format", "npz,strip", "--scale", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"grids/grid_00000.npz", "grids/strip_00000.png", "samples.json"})
    EXPECT_TRUE(std::filesystem::exists(folder / "results/model.repeat" / name)) << name;
  for (const auto& name : folder.names()) EXPECT_EQ(name.find("gen_image"), std::string::npos) << name;
  const ArrayFile arrays(folder / "results/model.repeat/grids/grid_00000.npz");
  auto truth = arrays.open("truth");
  EXPECT_EQ(truth.header().shape.at(0), 4) << "the clip has six frames, two of which are given";
  EXPECT_EQ(static_cast<uint8_t>(truth.read_bytes(truth.header().values()).back()), 60);
  const auto made = Json::parse(folder.read("results/model.repeat/samples.json"));
  EXPECT_EQ(made["samples"].size(), 1U);
  EXPECT_EQ(made["samples"][0]["sample"], 17);
}

TEST(Generate, RefusesActionsThatNobodyTakes) {
  const ScratchFolder folder;
  folder.write("plans.csv", "left,1\n");
  const auto outcome =
      run_tool("savp_generate",
               clip_arguments(folder, 6) + Arguments{"--model", "repeat", "--dataset_hparams",
                                                     "context_frames=2,scale_size=16", "--sequence_length",
                                                     "4", "--actions", (folder / "plans.csv").string()});
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_NE(outcome.err.find("takes no actions"), std::string::npos) << outcome.err;
}

TEST(Generate, MemoryDoesNotGrowWithTheSamples) {
  const auto peak = [](const std::string& samples) {
    const ScratchFolder out;
    return peak_of("savp_generate",
                   kTest + kRepeat +
                       Arguments{"--num_samples", "1", "--dataset_hparams", "sequence_length=30",
                                 "--num_stochastic_samples", samples, "--results_dir", out.path().string()});
  };
  const auto few = peak("48"), many = peak("560");  // memory settles within the first portions
  // All frames of 512 more futures would be 168 MiB as bytes and 672 as float.
  EXPECT_LT(many - few, 100 * 1024) << few << " and " << many << " KiB";
}

TEST(Generate, KeepsClearOfAnEvaluation) {
  const ScratchFolder out;
  const auto same = kTest + kRepeat +
                    Arguments{"--dataset_hparams", "sequence_length=4", "--results_dir", out.path().string()};
  ASSERT_EQ(run_tool("savp_evaluate", same).code, 0);
  const auto options = out.read("model.repeat/options.json");
  const auto outcome = run_tool("savp_generate", same);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("model.repeat.futures"), std::string::npos) << outcome.err;
  EXPECT_EQ(out.read("model.repeat/options.json"), options);
  EXPECT_TRUE(std::filesystem::exists(out / "model.repeat.futures/gen_image_00000_00.gif"));
  const auto refused =
      run_tool("savp_generate", same + Arguments{"--output_gif_dir", (out / "model.repeat").string()});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("holds an evaluation"), std::string::npos) << refused.err;
}

TEST(Evaluate, TakesAnyBatchSizeAndNamesTheFrames) {
  const ScratchFolder out;
  const auto outcome =
      run_tool("savp_evaluate", kTest + kRepeat +
                                    Arguments{"--batch_size", "8", "--only_metrics", "--sequence_length", "5",
                                              "--output_dir", (out / "r").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("evaluating samples 0 to 1 of 2"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("* the best of the samples by this metric"), std::string::npos) << outcome.out;
}

TEST(Generate, SaysThatAClipIsTooShort) {
  const ScratchFolder folder;
  const auto outcome =
      run_tool("savp_generate", clip_arguments(folder, 3) +
                                    Arguments{"--model", "repeat", "--dataset_hparams", "context_frames=2",
                                              "--start_frame", "2", "--sequence_length", "5"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("has 3 frames, 2 from number 2 on are needed"), std::string::npos)
      << outcome.err;
}

TEST(Evaluate, ShowsWhatWasAskedFor) {
  const ScratchFolder out;
  const auto outcome =
      run_tool("savp_evaluate", kTest + kRepeat +
                                    Arguments{"--eval_subtasks", "avg", "avg", "min", "--only_metrics",
                                              "--output_dir", (out / "r").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("prediction_eval_psnr_avg psnr"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("prediction_eval_mse_min mse"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n            psnr avg      17.1132  ["), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("] *\n"), std::string::npos) << outcome.out;
  const auto files = out.names();
  const auto tables = std::count_if(files.begin(), files.end(), [](const std::string& file) {
    return file.find("prediction_eval_") != std::string::npos && file.ends_with(".csv");
  });
  EXPECT_EQ(tables, 3 * 2 + 1);  // sharpness has none of min, avg, max
}

// Validation is the published default, but could not be run there.
TEST(Evaluate, LeavesDamagedRecordsOutOnRequest) {
  const ScratchFolder out;
  const Arguments arguments = {"--input_dir",
                               kDamaged,
                               "--dataset",
                               "softmotion",
                               "--mode",
                               "test",
                               "--model",
                               "repeat",
                               "--results_dir",
                               (out / "results").string(),
                               "--dataset_hparams",
                               "sequence_length=4"};
  const auto stopped = run_tool("savp_evaluate", arguments);
  EXPECT_EQ(stopped.code, 3);
  EXPECT_NE(stopped.err.find("record 1 at byte 3519"), std::string::npos) << stopped.err;
  const auto went_on = run_tool("savp_evaluate", arguments + Arguments{"--skip_bad_records"});
  EXPECT_EQ(went_on.code, 0) << went_on.err;
  EXPECT_NE(went_on.err.find("; 1 damaged record was left out"), std::string::npos) << went_on.err;
}

TEST(Evaluate, ReadsValidationUnlessToldOtherwise) {
  const ScratchFolder data;
  std::filesystem::create_directories(data / "bair");
  std::filesystem::copy(kBair + "/test", data / "bair/val", std::filesystem::copy_options::recursive);
  const auto outcome =
      run_tool("savp_evaluate", {"--input_dir", (data / "bair").string(), "--model", "repeat",
                                 "--only_metrics", "--results_dir", (data / "results").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto options = Json::parse(data.read("results/model.repeat/options.json"));
  EXPECT_EQ(options["mode"], "val");
  EXPECT_EQ(options["dataset"], "bair");
}

}  // namespace
}  // namespace savp
