#include "datasets/dataset.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>

#include "core/error.h"
#include "io/example.h"
#include "io/tfrecord.h"
#include "support/scratch.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// Clips of one gray pixel whose value tells clip and step apart: clip * 10 + step.
void write_clips(const fs::path& folder, const std::vector<int>& lengths) {
  fs::create_directories(folder);
  TfRecordWriter writer((folder / "clips.tfrecords").string());
  for (size_t clip = 0; clip < lengths.size(); ++clip) {
    std::string pixels;
    for (int t = 0; t < lengths[clip]; ++t) pixels += static_cast<char>(clip * 10 + t);
    std::vector<std::string_view> frames;
    for (const auto& pixel : pixels) frames.emplace_back(&pixel, 1);
    writer.write(ExampleBuilder()
                     .ints("sequence_length", {lengths[clip]})
                     .ints("height", {1})
                     .ints("width", {1})
                     .ints("channels", {1})
                     .bytes("images/encoded", frames)
                     .serialize());
  }
  writer.close();
}

// The values of the first frames.
std::vector<int> values_of(const Batch& batch) {
  std::vector<int> values;
  for (int64_t b = 0; b < batch.batch_size(); ++b)
    values.push_back(static_cast<int>(std::lround(batch.images[0][b].item<float>() * 255)));
  return values;
}

// Those of all sequences.
std::vector<int> first_values(const Dataset& dataset, const BatchOptions& options, int most = 1000) {
  const auto stream = dataset.batches(options);
  std::vector<int> values;
  while (static_cast<int>(values.size()) < most) {
    const auto batch = stream->next();
    if (!batch) break;
    for (const int value : values_of(*batch)) values.push_back(value);
  }
  return values;
}

class Clips : public testing::Test {
 protected:
  Clips() { write_clips(folder_ / "train", {9, 9, 9, 9, 9, 9, 9, 3, 9, 9}); }
  std::unique_ptr<Dataset> open(const std::string& hparams) const {
    return Dataset::open_records("video", folder_.path().string(), "train", {}, hparams);
  }
  const ScratchFolder folder_;
};

TEST_F(Clips, AnEpochHasEachLongEnoughClipOnce) {
  const auto dataset = open("sequence_length=4,time_shift=0");
  EXPECT_EQ(dataset->num_examples_per_epoch(), 9);
  auto values = first_values(*dataset, {.num_epochs = 1});
  EXPECT_FALSE(std::is_sorted(values.begin(), values.end()));
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<int>{0, 10, 20, 30, 40, 50, 60, 80, 90}));
}

TEST_F(Clips, TheSeedAloneDecides) {
  const auto dataset = open("sequence_length=4");
  const auto expected = first_values(*dataset, {.batch_size = 2, .num_epochs = 6, .seed = 3, .threads = 0});
  for (const int64_t threads : {1, 2, 7})
    EXPECT_EQ(first_values(*dataset, {.batch_size = 2, .num_epochs = 6, .seed = 3, .threads = threads}),
              expected);
  EXPECT_NE(first_values(*dataset, {.batch_size = 2, .num_epochs = 6, .seed = 4}), expected);
}

TEST_F(Clips, AllPossibleStartsComeUp) {
  const auto dataset = open("sequence_length=3,frame_skip=1,time_shift=2");  // spans 5 of 9 frames
  std::set<int> starts;
  for (const auto value : first_values(*dataset, {.num_epochs = 30})) starts.insert(value % 10);
  EXPECT_EQ(starts, (std::set<int>{0, 2, 4}));
}

TEST_F(Clips, TrainingSequencesAreVariedOnRequest) {
  const auto plain = open("sequence_length=3"), varied = open("sequence_length=3,augment_color=0.5");
  const BatchOptions options{.num_epochs = 1, .seed = 3};
  EXPECT_NE(first_values(*plain, options), first_values(*varied, options));
  EXPECT_EQ(first_values(*varied, options),
            first_values(*open("sequence_length=3,augment_color=0.5"), options));
}

TEST_F(Clips, EndlessStreamsGoOnAndCanBeLeft) {
  const auto dataset = open("sequence_length=4");
  EXPECT_EQ(first_values(*dataset, {.threads = 3}, /*most=*/100).size(), 100);
}

TEST_F(Clips, AStreamGoesOnWhereAnotherStood) {
  const auto dataset = open("sequence_length=4");
  const auto whole = first_values(*dataset, {.batch_size = 2, .num_epochs = 5, .seed = 3});
  for (const int64_t threads : {0, 3})
    for (int64_t read = 0; read < static_cast<int64_t>(whole.size()) / 2; ++read) {
      const auto first = dataset->batches({.batch_size = 2, .num_epochs = 5, .seed = 3, .threads = threads});
      for (int64_t i = 0; i < read; ++i) first->next();
      const auto position = parse_position(text(first->position()));
      const auto rest = first_values(
          *dataset, {.batch_size = 2, .num_epochs = 5, .seed = 3, .start = position, .threads = threads});
      EXPECT_EQ(rest, std::vector<int>(whole.begin() + 2 * read, whole.end())) << read << " batches before";
    }
}

TEST_F(Clips, APositionBeyondTheDataIsTheNextEpoch) {
  const auto dataset = open("sequence_length=4");
  const auto second_epoch = first_values(*dataset, {.num_epochs = 2, .seed = 3, .start = {1, 0}});
  EXPECT_EQ(second_epoch.size(), 9U);
  EXPECT_EQ(first_values(*dataset, {.num_epochs = 2, .seed = 3, .start = {0, 500}}), second_epoch);
  EXPECT_THROW(parse_position("3"), UsageError);
}

TEST_F(Clips, ShardsShareTheRecordsOfEachEpoch) {
  const auto dataset = open("sequence_length=4");
  auto whole = first_values(*dataset, {.num_epochs = 2, .seed = 3});
  std::vector<int> together;
  for (const int64_t rank : {0, 1, 2}) {
    const auto part = first_values(*dataset, {.num_epochs = 2, .seed = 3, .shard = {rank, 3}});
    EXPECT_GE(part.size(), 4U);
    together.insert(together.end(), part.begin(), part.end());
  }
  std::sort(whole.begin(), whole.end());
  std::sort(together.begin(), together.end());
  EXPECT_EQ(together, whole);  // starts included: they do not depend on who reads
  EXPECT_THROW(dataset->batches({.shard = {2, 2}}), UsageError);
  EXPECT_TRUE(
      dataset->batches({.shard = {11, 12}})->next());  // more processes than records: the next epoch's
}

// Batch for batch, also across the ends of epochs.
TEST_F(Clips, ShardsReadTogetherWhatOneAloneWould) {
  const auto dataset = open("sequence_length=3");
  const auto whole = first_values(*dataset, {.batch_size = 6, .num_epochs = 5, .seed = 3});
  for (const int64_t world : {1, 2, 3, 6}) {
    std::vector<std::unique_ptr<BatchStream>> shards;
    for (int64_t rank = 0; rank < world; ++rank)
      shards.push_back(dataset->batches({.batch_size = 6 / world, .seed = 3, .shard = {rank, world}}));
    for (size_t read = 0; read + 6 <= whole.size(); read += 6) {
      std::vector<int> together;
      for (const auto& shard : shards)
        for (const int value : values_of(*shard->next())) together.push_back(value);
      std::vector<int> expected(whole.begin() + read, whole.begin() + read + 6);
      std::sort(together.begin(), together.end());
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(together, expected) << world << " shards after " << read;
      for (const auto& shard : shards) EXPECT_EQ(shard->position(), shards.front()->position());
    }
  }
}

TEST_F(Clips, ShardsStandAtTheSamePlace) {
  const auto dataset = open("sequence_length=4,time_shift=0");
  const auto first = dataset->batches({.seed = 3, .shard = {0, 2}});
  const auto second = dataset->batches({.seed = 3, .shard = {1, 2}});
  first->next();
  second->next();
  EXPECT_EQ(first->position(), second->position());
}

TEST_F(Clips, AStreamOutlivesItsDataset) {
  auto dataset = open("sequence_length=4");
  const auto stream = dataset->batches({.batch_size = 3});
  dataset.reset();
  EXPECT_EQ(stream->next()->images.sizes(), (std::vector<int64_t>{4, 3, 1, 1, 1}));
}

TEST_F(Clips, NothingLongEnoughIsAnErrorNotAnEndlessSearch) {
  const auto dataset = open("sequence_length=10");
  EXPECT_THROW(dataset->batches({})->next(), DataError);
  EXPECT_FALSE(dataset->batches({.num_epochs = 1})->next());
}

TEST_F(Clips, OptionsThatCannotBeAreRefused) {
  EXPECT_THROW(open("sequence_length=0"), UsageError);
  EXPECT_THROW(open("time_shift=0,force_time_shift=true"), UsageError);
  EXPECT_THROW(open("sequence_lenght=4"), UsageError);
  EXPECT_THROW(Dataset::open_records("vido", folder_.path().string(), "train"), UsageError);
  EXPECT_THROW(Dataset::open_records("video", folder_.path().string(), "validation"), UsageError);
  EXPECT_THROW(open("")->batches({.batch_size = 0}), UsageError);
}

TEST(InferDataset, ManifestThenNameThenRecords) {
  const ScratchFolder folder;
  write_clips(folder / "kth_128/val", {5});
  write_clips(folder / "mine/val", {5});
  write_clips(folder / "kth/val", {5});
  folder.write("kth/dataset.json", R"({"dataset": "video"})");
  write_clips(folder / "bad/val", {5});
  folder.write("bad/dataset.json", "video");
  const auto infer = [&](const std::string& name) {
    return infer_record_dataset((folder / name).string(), "val");
  };
  EXPECT_EQ(infer("kth_128"), "kth");
  EXPECT_EQ(infer("kth_128/"), "kth");
  EXPECT_EQ(infer("kth_128/val"), "kth");
  EXPECT_EQ(infer("mine"), "video");
  EXPECT_EQ(infer("kth"), "video");
  EXPECT_EQ(infer("kth/val"), "video");
  EXPECT_THROW(infer("bad"), DataError);
  EXPECT_EQ(infer_record_dataset(SAVP_TEST_DATA "/golden/data/C_bad_inputs/good", "test"), "softmotion");
}

TEST(DevicePrefetcher, BringsTheSameBatches) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const auto dataset = Dataset::open_records(
      "softmotion", SAVP_TEST_DATA "/golden/data/A_datasets/softmotion_view0", "val", {}, "use_state=true");
  const auto here = dataset->batches({.batch_size = 2, .num_epochs = 8});
  const auto there = dataset->batches({.batch_size = 2, .num_epochs = 8, .device = at::kCUDA});
  while (const auto expected = here->next()) {
    const auto batch = there->next();
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->images.is_cuda());
    EXPECT_TRUE(torch::equal(batch->images.cpu(), expected->images));
    EXPECT_TRUE(torch::equal(batch->actions.cpu(), expected->actions));
    EXPECT_TRUE(torch::equal(batch->states.cpu(), expected->states));
    EXPECT_TRUE(torch::equal(batch->pix_distribs.cpu(), expected->pix_distribs));
  }
  EXPECT_FALSE(there->next());
}

}  // namespace
}  // namespace savp
