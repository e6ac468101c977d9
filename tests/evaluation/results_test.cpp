#include "evaluation/results.h"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: kill() is of POSIX, not of <csignal>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <torch/types.h>
#include <unistd.h>

#include <set>

#include "core/error.h"
#include "io/image.h"
#include "support/scratch.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

const RunDescription kOrigin{{{"seed", 7}}, {{"sequence_length", 4}}, {{"context_frames", 2}}};

// Everything that is the same for all videos and samples: value = frame / 10.
at::Tensor steps(int64_t first, int64_t frames, int64_t videos, int64_t channels = 3) {
  return (torch::arange(first, first + frames).to(torch::kFloat) / 10)
      .view({-1, 1, 1, 1, 1})
      .expand({frames, videos, channels, 16, 16});
}

// Two videos at a time; two context frames, two predicted ones.
void add_two_videos(EvaluationWriter& writer) {
  SampleStatistics statistics(steps(0, 4, 2), 2);
  statistics.add(steps(1, 3, 4) + 0.05F);
  writer.add(steps(0, 2, 2), statistics);
}

bool has(const ScratchFolder& folder, const std::string& name) {
  return std::filesystem::exists(folder.path() / name);
}

TEST(EvaluationWriter, NamesFilesAsPublished) {
  const ScratchFolder folder;
  EvaluationWriter writer({folder.path(), {Subtask::kMax}, true}, kOrigin);
  add_two_videos(writer);
  add_two_videos(writer);
  writer.commit();
  std::vector<std::string> expected = {"dataset_hparams.json", "model_hparams.json", "options.json"};
  for (const std::string metric : {"mse", "psnr", "ssim"}) {
    const auto task = "prediction_eval_" + metric + "_max/";
    for (int video = 0; video < 4; ++video)
      for (int t = 0; t < 2; ++t) {
        const auto number = "_0000" + std::to_string(video) + "_0" + std::to_string(t) + ".png";
        expected.push_back(task + "inputs/context_image" + number);
        expected.push_back(task + "outputs/gen_image" + number);
      }
    expected.push_back(task + "metrics/" + metric + ".csv");
    expected.push_back("samples/" + metric + ".csv");
  }
  for (const std::string metric : {"coverage", "pixel_diversity", "sharpness"}) {
    const auto task = "prediction_eval_" + metric + "/";
    expected.push_back(task + "metrics/" + metric + ".csv");
    for (const char* number : {"0_00", "0_01", "1_00", "1_01", "2_00", "2_01", "3_00", "3_01"})
      expected.push_back(task + "inputs/context_image_0000" + number + ".png");
  }
  for (int video = 0; video < 4; ++video)
    for (const std::string strip : {"truth_0000?", "sample_0000?_00", "sample_0000?_01"}) {
      auto name = "sequences/" + strip + ".png";
      name.replace(name.find('?'), 1, std::to_string(video));
      expected.push_back(name);
    }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(folder.names(), expected);
  EXPECT_EQ(writer.videos(), 4);
  EXPECT_EQ(writer.tables().at(0).rows.size(), 4U);
  EXPECT_EQ(writer.numbers().samples.at(0).rows.at(3).size(), 2U);
  const auto strip = read_image(folder / "sequences/truth_00003.png");
  EXPECT_EQ(strip.width, 4 * 16);
  EXPECT_EQ(strip.pixels.at(0), 0);
  EXPECT_EQ(strip.pixels.at(3 * (2 * 16 + 1)), 51);  // the second row of the third frame: floor(255 * 0.2)
  const auto predicted = read_image(folder / "prediction_eval_psnr_max/outputs/gen_image_00003_01.png");
  EXPECT_EQ(predicted.pixels.at(0), 89);  // floor(255 * 0.35)
  EXPECT_EQ(read_image(folder / "prediction_eval_psnr_max/inputs/context_image_00003_01.png").pixels.at(0),
            25);
}

TEST(EvaluationWriter, WritesNumbersAloneIfAsked) {
  const ScratchFolder folder;
  EvaluationWriter writer({folder.path(), {Subtask::kAvg, Subtask::kMin}, /*pictures=*/false}, kOrigin);
  add_two_videos(writer);
  writer.commit();
  EXPECT_EQ(folder.names().size(), 3U + 3 * 2 + 3 + 3);  // descriptions, tasks, samples, metrics of videos
  EXPECT_TRUE(has(folder, "prediction_eval_ssim_avg/metrics/ssim.csv"));
}

TEST(EvaluationWriter, OneSampleHasNeitherDiversityNorCoverage) {
  const ScratchFolder folder;
  EvaluationWriter writer({folder.path(), {Subtask::kAvg}, /*pictures=*/false}, kOrigin);
  SampleStatistics statistics(steps(0, 4, 2), 2);
  statistics.add(steps(1, 3, 2) + 0.05F);
  writer.add(steps(0, 2, 2), statistics);
  writer.commit();
  EXPECT_EQ(writer.tables().size(), 3U + 1);
  EXPECT_TRUE(has(folder, "prediction_eval_sharpness"));
  EXPECT_FALSE(has(folder, "prediction_eval_pixel_diversity"));
  EXPECT_FALSE(has(folder, "prediction_eval_coverage"));
}

TEST(EvaluationWriter, AnInterruptedRunChangesNothing) {
  const ScratchFolder folder;
  folder.write("prediction_eval_psnr_max/metrics/psnr.csv", "old");
  {
    EvaluationWriter writer({folder.path(), {Subtask::kMax}, true}, kOrigin);
    add_two_videos(writer);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"prediction_eval_psnr_max/metrics/psnr.csv"});
  EXPECT_EQ(folder.read("prediction_eval_psnr_max/metrics/psnr.csv"), "old");
}

TEST(EvaluationWriter, AFinishedRunReplacesTasksWholly) {
  const ScratchFolder folder;
  folder.write("prediction_eval_psnr_max/outputs/gen_image_00099_00.png", "stale");
  folder.write(".unfinished/stale", "left by a run that was killed");
  folder.write("notes.txt", "not ours");
  EvaluationWriter writer({folder.path(), {Subtask::kMax}, true}, kOrigin);
  add_two_videos(writer);
  writer.commit();
  EXPECT_FALSE(has(folder, "prediction_eval_psnr_max/outputs/gen_image_00099_00.png"));
  EXPECT_TRUE(has(folder, "prediction_eval_psnr_max/outputs/gen_image_00001_00.png"));
  EXPECT_TRUE(has(folder, "notes.txt"));
}

TEST(EvaluationWriter, NoEarlierTaskStays) {
  const ScratchFolder folder;
  folder.write("r/prediction_eval_psnr_min/metrics/psnr.csv", "of an evaluation with other subtasks");
  folder.write("r/notes/of/mine.txt", "not ours");
  EvaluationWriter writer({folder / "r", {Subtask::kMax}, false}, kOrigin);
  add_two_videos(writer);
  writer.commit();
  EXPECT_FALSE(has(folder, "r/prediction_eval_psnr_min"));
  EXPECT_EQ(folder.read("r/notes/of/mine.txt"), "not ours");
}

TEST(EvaluationWriter, OneAtATimeWritesIntoAFolder) {
  const ScratchFolder folder;
  {
    EvaluationWriter first({folder / "r", {Subtask::kMax}, false}, kOrigin);
    try {
      EvaluationWriter({folder / "r", {Subtask::kMax}, false}, kOrigin);
      FAIL() << "two at once";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(concat("process ", ::getpid())), std::string::npos) << message;
    }
    add_two_videos(first);
    first.commit();
  }
  EXPECT_NO_THROW(EvaluationWriter({folder / "r", {Subtask::kMax}, false}, kOrigin));
  for (const auto& name : folder.names()) EXPECT_EQ(name.rfind("r/", 0), 0U) << name << " was left behind";
}

// What a process that is killed leaves is neither in the way nor kept.
TEST(EvaluationWriter, RemovesWhatTheDeadHaveLeft) {
  const ScratchFolder folder;
  const auto child = ::fork();
  if (child == 0) {
    EvaluationWriter writer({folder / "r", {Subtask::kMax}, false}, kOrigin);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_FALSE(folder.names().empty());
  {
    EvaluationWriter writer({folder / "r", {Subtask::kMax}, false}, kOrigin);
    add_two_videos(writer);
    writer.commit();
  }
  for (const auto& name : folder.names()) EXPECT_EQ(name.rfind("r/", 0), 0U) << name << " was left behind";
}

// Without what is hidden beside the folder.
std::vector<std::string> results_in(const ScratchFolder& folder) {
  auto names = folder.names();
  std::erase_if(names, [](const auto& name) { return name.rfind("r/", 0) != 0; });
  return names;
}

// Runs the writer's commit in a child that is killed as it enters its n-th system call. Whether it was.
template <class Writer>
bool killed_at(int n, Writer& writer) {
  const auto child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    writer.commit();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  for (int stops = 0; WIFSTOPPED(status); ++stops) {
    if (stops == 2 * n) ::kill(child, SIGKILL);  // entering and leaving are a stop each
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    ::waitpid(child, &status, 0);
  }
  return WIFSIGNALED(status);
}

TEST(EvaluationWriter, KilledAtAnySystemCallItLeavesTheOldOrTheNewResults) {
  const ScratchFolder folder;
  const auto write = [&](Subtask subtask, int pairs) {
    auto writer =
        std::make_unique<EvaluationWriter>(EvaluationLayout{folder / "r", {subtask}, true}, kOrigin);
    for (int i = 0; i < pairs; ++i) add_two_videos(*writer);
    return writer;
  };
  write(Subtask::kMax, 1)->commit();
  folder.write("r/notes.txt", "not ours");
  const auto old_names = results_in(folder);
  std::filesystem::copy(folder / "r", folder / "old", std::filesystem::copy_options::recursive);
  std::vector<std::string> new_names;
  bool seen_old = false, killed = true;
  for (int n = 0; killed; n += 2) {
    std::filesystem::remove_all(folder / "r");
    std::filesystem::copy(folder / "old", folder / "r", std::filesystem::copy_options::recursive);
    const auto writer = write(Subtask::kMin, 2);
    killed = killed_at(n, *writer);
    const auto names = results_in(folder);
    EXPECT_EQ(folder.read("r/notes.txt"), "not ours");
    seen_old = seen_old || names == old_names;
    if (names == old_names) continue;
    if (new_names.empty()) new_names = names;
    ASSERT_EQ(names, new_names) << "killed at system call " << n;
  }
  EXPECT_TRUE(seen_old);
  EXPECT_EQ(new_names.size(),
            3U + 1 + 3 * (1 + 4 * 2) + 3 * (2 + 4 * 4) +
                4 * 3);  // descriptions, notes, metrics of videos, tasks, strips
}

TEST(PredictionWriter, KilledAtAnySystemCallItLeavesTheOldOrTheNewFutures) {
  for (const auto& [gifs, pngs] : {std::pair{"r", "r"}, {"r", "p"}}) {
    const ScratchFolder folder;
    const auto write = [&, gif_folder = folder / gifs, png_folder = folder / pngs](int64_t samples) {
      auto writer = std::make_unique<PredictionWriter>(
          PredictionLayout{gif_folder, png_folder, {}, std::nullopt, 4}, kOrigin);
      writer->begin(steps(0, 2, 1));
      writer->add(steps(2, 2, samples));
      return writer;
    };
    write(/*samples=*/2)->commit();
    folder.write("r/notes.txt", "not ours");
    fs::copy(folder / "r", folder / "old_r", fs::copy_options::recursive);
    fs::copy(folder / pngs, folder / "old_p", fs::copy_options::recursive);
    std::set<size_t> counts, png_counts;
    bool killed = true;
    for (int n = 0; killed; n += 2) {
      for (const auto& [old, name] : {std::pair{"old_r", "r"}, {"old_p", pngs}}) {
        fs::remove_all(folder / name);
        fs::copy(folder / (name == std::string("r") ? "old_r" : old), folder / name,
                 fs::copy_options::recursive);
      }
      const auto writer = write(/*samples=*/1);
      killed = killed_at(n, *writer);
      EXPECT_EQ(folder.read("r/notes.txt"), "not ours");
      counts.insert(results_in(folder).size());
      const auto all = folder.names();
      png_counts.insert(static_cast<size_t>(std::count_if(
          all.begin(), all.end(), [](const std::string& name) { return name.rfind("p/", 0) == 0; })));
    }
    // Two futures of two frames, or one: descriptions, notes, a GIF each, and two PNGs each.
    const bool together = std::string(pngs) == "r";
    EXPECT_EQ(counts, (together ? std::set<size_t>{4 + 3, 4 + 6} : std::set<size_t>{4 + 1, 4 + 2}));
    EXPECT_EQ(png_counts, (together ? std::set<size_t>{0} : std::set<size_t>{3 + 2, 3 + 4}));
  }
}

// Grids in a folder of their own: that folder, too, has the old ones or the new ones, whole.
TEST(PredictionWriter, KilledAtAnySystemCallItLeavesTheOldOrTheNewGrids) {
  const ScratchFolder folder;
  const auto write = [&](int64_t sequences) {
    auto writer = std::make_unique<PredictionWriter>(
        PredictionLayout{.gif_folder = folder / "r",
                         .png_folder = folder / "r",
                         .grid_folder = folder / "g",
                         .grids = GridLayout{.formats = {GridFormat::kStrip, GridFormat::kPng}}},
        kOrigin);
    writer->begin(steps(0, 2, sequences));
    writer->add(steps(2, 2, sequences));
    return writer;
  };
  const auto names_in = [](const fs::path& place) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(place)) names.insert(entry.path().filename().string());
    return names;
  };
  write(/*sequences=*/2)->commit();
  folder.write("g/notes.txt", "not ours");
  fs::create_directories(folder / "old");
  for (const char* name : {"r", "g"})
    fs::copy(folder / name, folder / "old" / name, fs::copy_options::recursive);
  const auto old_grids = names_in(folder / "g/grids");  // of two sequences
  std::set<std::set<std::string>> seen;
  bool killed = true;
  for (int n = 0; killed; n += 2) {
    for (const char* name : {"r", "g"}) {
      fs::remove_all(folder / name);
      fs::copy(folder / "old" / name, folder / name, fs::copy_options::recursive);
    }
    const auto writer = write(/*sequences=*/1);
    killed = killed_at(n, *writer);
    EXPECT_EQ(folder.read("g/notes.txt"), "not ours");
    EXPECT_TRUE(fs::exists(folder / "g/options.json")) << "killed at system call " << n;
    seen.insert(names_in(folder / "g/grids"));
  }
  const std::set<std::string> new_grids = {"grid_00000_000.png", "grid_00000_001.png", "grid_00000_002.png",
                                           "grid_00000_003.png", "strip_00000.png"};
  EXPECT_EQ(seen, (std::set<std::set<std::string>>{old_grids, new_grids}));
  EXPECT_EQ(old_grids.size(), 2 * new_grids.size());
}

TEST(ResultsFolder, KeepsToolsApart) {
  const ScratchFolder folder;
  const auto of = [&](ResultKind kind) { return results_folder(kind, std::nullopt, folder.path(), "bair"); };
  EXPECT_EQ(of(ResultKind::kEvaluation), folder / "bair");
  folder.write("bair/prediction_eval_psnr_max/metrics/psnr.csv", "");
  EXPECT_EQ(of(ResultKind::kEvaluation), folder / "bair");
  EXPECT_EQ(of(ResultKind::kFutures), folder / "bair.futures");
  EXPECT_THROW(results_folder(ResultKind::kFutures, (folder / "bair").string(), "", ""), UsageError);
  folder.write("run/model-3.safetensors", "");
  EXPECT_EQ(results_folder(ResultKind::kEvaluation, std::nullopt, folder.path(), "run"),
            folder / "run.evaluation");
  EXPECT_THROW(results_folder(ResultKind::kEvaluation, (folder / "run").string(), "", ""), UsageError);
}

TEST(EvaluationWriter, NamesAFolderThatCannotBeMade) {
  const ScratchFolder folder;
  folder.write("file", "");
  try {
    EvaluationWriter({folder / "file", {Subtask::kMax}, true}, kOrigin);
    FAIL() << "a file was taken for a folder";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find((folder / "file").string()), std::string::npos) << error.what();
  }
}

TEST(PredictionWriter, NamesFilesAsPublished) {
  const ScratchFolder folder;
  {
    PredictionWriter writer({folder / "gif", folder / "png", {}, std::nullopt, 4}, kOrigin);
    writer.begin(steps(0, 2, 2));
    writer.add(steps(2, 3, 2));
    writer.add(steps(5, 3, 2));  // the second sample of both videos
    writer.begin(steps(0, 2, 1));
    writer.add(steps(2, 3, 1));
    EXPECT_FALSE(has(folder, "gif"));
    writer.commit();
  }
  std::vector<std::string> expected;
  for (const std::string name : {"00000_00", "00000_01", "00001_00", "00001_01", "00002_00"}) {
    expected.push_back("gif/gen_image_" + name + ".gif");
    for (const std::string t : {"00", "01", "02"})
      expected.push_back("png/gen_image_" + name + "_" + t + ".png");
  }
  for (const std::string part : {"gif/", "png/"})
    for (const std::string json : {"options", "dataset_hparams", "model_hparams"})
      expected.push_back(part + json + ".json");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(folder.names(), expected);
  EXPECT_EQ(read_image(folder / "png/gen_image_00001_01_02.png").pixels.at(0), 178);  // floor(255 * 0.7)
  EXPECT_EQ(read_image(folder / "png/gen_image_00001_00_02.png").pixels.at(0), 102);
}

TEST(PredictionWriter, NumbersManyFramesWithMoreDigits) {
  const ScratchFolder folder;
  PredictionWriter writer({folder.path(), folder.path(), {}, 5, 4}, kOrigin);
  writer.begin(steps(0, 1, 1, 1));
  writer.add(torch::zeros({101, 1, 1, 16, 16}));
  writer.commit();
  EXPECT_TRUE(has(folder, "gen_image_00000_00_100.png"));
  EXPECT_TRUE(has(folder, "gen_image_00000_00_000.png"));
  EXPECT_EQ(read_image(folder / "gen_image_00000_00_000.png", 3).channels, 3);
}

}  // namespace
}  // namespace savp
