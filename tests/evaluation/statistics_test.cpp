#include "evaluation/statistics.h"

#include "core/error.h"
#include "support/stored_tensor.h"

namespace savp {
namespace {

const std::map<std::string, double> kTolerances = {{"mse", 1e-7}, {"psnr", 1e-4}, {"ssim", 1e-4}};

struct Case {
  std::string name;
  int64_t context_frames;
  int64_t samples_at_once;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name << " by " << c.samples_at_once; }

// Samples stored as [S, T - 1, B, H, W, C], delivered as [T - 1, S * B, C, H, W].
void add_in_chunks(SampleStatistics& statistics, const at::Tensor& samples, int64_t chunk) {
  for (const auto& part : samples.split(chunk)) statistics.add(part.transpose(0, 1).flatten(1, 2));
}

class Statistics : public ::testing::TestWithParam<Case> {};

TEST_P(Statistics, EqualTheReference) {
  const auto& [name, context_frames, chunk] = GetParam();
  const auto file =
      SafetensorsFile::open(SAVP_TEST_DATA "/golden/data/E_metrics/aggregate_" + name + ".safetensors");
  SampleStatistics statistics(stored_pictures(file, "images"), context_frames);
  const auto samples = stored_pictures(file, "samples");
  add_in_chunks(statistics, samples, chunk);
  const auto future = samples.slice(1, context_frames - 1);  // [S, F, B, C, H, W]
  for (const auto& row : statistics.summary()) {
    const auto& metric = row.metric->name;
    for (const auto& [subtask, text] : EnumNames<Subtask>::kTable)
      EXPECT_TRUE(near(row[subtask].values, stored_tensor(file, "eval_" + metric + "/" + text),
                       kTolerances.at(metric)))
          << metric << " " << text;
    if (samples.size(0) == 1) continue;  // nothing to choose from
    EXPECT_TRUE(near(row.avg.images,
                     stored_pictures(file, "eval_gen_images/avg").slice(0, context_frames - 1), 1e-6));
    for (const auto subtask : {Subtask::kMax, Subtask::kMin}) {
      const auto text = enum_name(subtask);
      const auto index =
          stored_tensor(file, "eval_gen_images_" + metric + "/" + text + "_sample_index").to(at::kLong);
      EXPECT_TRUE(torch::equal(row[subtask].sample, index))
          << metric << " " << text << row[subtask].sample << index;
      for (int64_t video = 0; video < index.size(0); ++video)
        EXPECT_TRUE(near(row[subtask].images.select(1, video),
                         future[index[video].item<int64_t>()].select(1, video), 0))
            << metric << " " << text << " of video " << video;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, Statistics,
                         ::testing::Values(Case{"stochastic_rgb", 1, 3}, Case{"stochastic_rgb", 1, 1},
                                           Case{"ties", 2, 5}, Case{"ties", 2, 2}, Case{"nan", 2, 3},
                                           Case{"nan", 2, 1}, Case{"deterministic", 2, 1}),
                         [](const auto& info) {
                           return info.param.name + "_by_" + std::to_string(info.param.samples_at_once);
                         });

// Undefined for a single sample.
at::Tensor diversity_of(const SampleStatistics& statistics) {
  for (const auto& row : statistics.of_videos())
    if (row.metric->name == "pixel_diversity") return row.values;
  return {};
}

TEST(SampleStatistics, OneSampleIsItsOwnBestAndWorst) {
  const auto truth = torch::rand({4, 2, 3, 16, 16});
  const auto sample = torch::rand({3, 2, 3, 16, 16});
  sample.select(1, 1).fill_(NAN);
  SampleStatistics statistics(truth, 1);
  statistics.add(sample);
  for (const auto& row : statistics.summary()) {
    EXPECT_TRUE(near(row.max.values, row.avg.values, 0));
    EXPECT_TRUE(near(row.min.images, sample, 0));
  }
}

TEST(SampleStatistics, DiversityIsTheDistanceOfPairs) {
  const auto truth = torch::rand({5, 2, 3, 16, 16});
  const auto samples = torch::rand({4, 4, 2, 3, 16, 16});  // [S, T - 1, B, C, H, W]
  SampleStatistics statistics(truth, 2);
  add_in_chunks(statistics, samples, 3);
  auto squares = torch::zeros({3, 2});
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < i; ++j) squares += (samples[i] - samples[j]).slice(0, 1).square().mean({-3, -2, -1});
  EXPECT_TRUE(near(diversity_of(statistics), (squares / 6).sqrt(), 1e-5));
}

// However the samples are divided, and however little they differ.
TEST(SampleStatistics, DiversityDoesNotDependOnPortions) {
  torch::manual_seed(5);
  const auto truth = torch::rand({4, 2, 3, 16, 16});
  const auto samples = torch::rand({3, 1, 2, 3, 16, 16}) + 1e-4 * torch::rand({3, 6, 2, 3, 16, 16});
  const auto measured = [&](int64_t at_once) {
    SampleStatistics statistics(truth, 2);
    for (const auto& portion : samples.split(at_once, 1)) statistics.add(portion.flatten(1, 2));
    return diversity_of(statistics);
  };
  const auto one_by_one = measured(1);
  const auto shown = samples.slice(0, 1).to(torch::kDouble);  // the frames after the context
  const auto exact = (2 * shown.var({1}, /*unbiased=*/true).mean({2, 3, 4})).sqrt().to(torch::kFloat);
  EXPECT_TRUE(near(one_by_one, exact, 1e-7));
  for (const int64_t at_once : {2, 4, 6}) EXPECT_TRUE(near(measured(at_once), one_by_one, 1e-9)) << at_once;
}

TEST(SampleStatistics, TheSameFutureAgainIsNotDiverse) {
  SampleStatistics statistics(torch::rand({3, 1, 3, 16, 16}), 1);
  EXPECT_FALSE(diversity_of(statistics).defined());
  const auto sample = torch::rand({2, 1, 3, 16, 16});
  statistics.add(sample);
  EXPECT_FALSE(diversity_of(statistics).defined());
  statistics.add(sample);
  EXPECT_TRUE(near(diversity_of(statistics), torch::zeros({2, 1}), 1e-3));
}

TEST(SampleStatistics, WithoutAnyNumberNothingIsChosen) {
  SampleStatistics statistics(torch::rand({3, 1, 1, 16, 16}), 1);
  statistics.add(torch::full({2, 2, 1, 16, 16}, NAN));
  for (const auto& row : statistics.summary()) {
    EXPECT_TRUE(row.max.values.isneginf().all().item<bool>());
    EXPECT_TRUE(row.min.values.isposinf().all().item<bool>());
    EXPECT_TRUE(row.avg.values.isnan().all().item<bool>());
    EXPECT_EQ(row.max.images.abs().max().item<float>(), 0.0F);
  }
}

// Every sample perfect: psnr is infinite, and the smallest is a picture all the same.
TEST(SampleStatistics, InfiniteValuesHavePictures) {
  const auto truth = torch::rand({3, 1, 1, 16, 16});
  SampleStatistics statistics(truth, 1);
  statistics.add(truth.slice(0, 1).repeat({1, 2, 1, 1, 1}));
  const auto psnr = statistics.summary().front();
  EXPECT_TRUE(psnr.min.values.isposinf().all().item<bool>());
  EXPECT_TRUE(torch::equal(psnr.min.images, truth.slice(0, 1)));
}

TEST(SampleStatistics, KeepsTheMeanOfEverySample) {
  const auto truth = torch::rand({4, 2, 3, 16, 16}), samples = torch::rand({5, 3, 2, 3, 16, 16});
  SampleStatistics statistics(truth, 1);
  add_in_chunks(statistics, samples, 2);
  for (const auto& row : statistics.summary()) {
    ASSERT_EQ(row.samples.sizes(), (std::vector<int64_t>{5, 2}));
    const auto values = row.metric->measure(truth.slice(0, 1), samples[3]).mean(0);
    EXPECT_TRUE(near(row.samples[3], values, 1e-5));
  }
  EXPECT_EQ(statistics.shown().size(), 3U);
  EXPECT_TRUE(near(statistics.shown()[2], samples[2], 0));
}

TEST(SampleStatistics, NeedsFramesAfterTheContext) {
  EXPECT_THROW(SampleStatistics(torch::rand({3, 1, 1, 16, 16}), 3), UsageError);
}

}  // namespace
}  // namespace savp
