#include "evaluation/protocols.h"

#include <map>

#include "core/error.h"
#include "evaluation/sharing.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

TEST(Protocols, EachNameHasARow) {
  for (const auto& [name, text] : EnumNames<ProtocolName>::kTable) {
    const auto& protocol = find_protocol(name);
    EXPECT_EQ(protocol.name, name);
    EXPECT_FALSE(protocol.metrics.empty()) << text;
    EXPECT_CONTAINS(list_protocols(), concat(text, "\n  source: ", protocol.source));
    EXPECT_CONTAINS(list_protocols(), concat("  doubt: ", protocol.doubt));
  }
  EXPECT_EQ(protocols().size(), std::size(EnumNames<ProtocolName>::kTable));
}

std::string text_of(ProtocolName name) {
  std::string text;
  for (const auto& line : choices(find_protocol(name))) text += line + "\n";
  return text;
}

TEST(Protocols, PrintTheirChoices) {
  const auto savp = text_of(ProtocolName::kSavpBair);
  EXPECT_CONTAINS(savp, "rollout: 2 + 28 frames, 100 futures of each sequence");
  EXPECT_CONTAINS(savp, "psnr: of each frame's mean squared error");
  EXPECT_EQ(savp.find("fvd"), std::string::npos);
  const auto mcvd = text_of(ProtocolName::kMcvdBair);
  EXPECT_CONTAINS(mcvd, "ssim: of the luma in bytes");
  EXPECT_CONTAINS(mcvd, "context and predicted frames; 100 futures of each sequence; not rounded to bytes");
  EXPECT_CONTAINS(text_of(ProtocolName::kSrvpKth), "64x64 pixels, 1 channel\n");
  EXPECT_CONTAINS(text_of(ProtocolName::kOpenstlKth), "summed over pixels and channels");
  EXPECT_CONTAINS(text_of(ProtocolName::kSavpBairAction), "with actions and states");
}

std::string refusal(ProtocolName name, const OfferedVideos& videos) {
  return message_of<UsageError>([&] { check_fits(find_protocol(name), videos); });
}

TEST(Protocols, RefuseWhatDoesNotFit) {
  const OfferedVideos bair{
      .height = 64, .width = 64, .channels = 3, .context = 2, .future = 28, .sequences = 256};
  EXPECT_EQ(refusal(ProtocolName::kSavpBair, bair), "no error");
  auto other = bair;
  other.width = 48;
  EXPECT_CONTAINS(refusal(ProtocolName::kSavpBair, other),
                  "is of 64x64 pixels of 3 channels, the data of 48x64");
  EXPECT_CONTAINS(refusal(ProtocolName::kSavpBairAction, bair), "with actions");
  EXPECT_CONTAINS(refusal(ProtocolName::kSavpKth, bair), "of 1 channel");
  other = bair;
  other.actions = 4;
  EXPECT_EQ(refusal(ProtocolName::kSavpBairAction, other), "no error");
  EXPECT_CONTAINS(refusal(ProtocolName::kSavpBair, other), "savp-bair-action");
  other = bair;
  other.future = 14;
  EXPECT_CONTAINS(refusal(ProtocolName::kSavpBair, other), "is of 2 + 28 frames, the predictions of 2 + 14");
  other = bair;
  other.sequences = 8;
  EXPECT_CONTAINS(refusal(ProtocolName::kSavpBair, other), "is of 256 sequences, the data has 8");
  other.all_sequences = false;
  EXPECT_EQ(refusal(ProtocolName::kSavpBair, other), "no error");
}

TEST(Protocols, RefuseOtherPersons) {
  OfferedVideos kth{.height = 64, .width = 64, .channels = 1, .context = 10, .future = 30, .sequences = 216};
  EXPECT_EQ(refusal(ProtocolName::kSavpKth, kth), "no error");  // not known
  const auto among = [&](std::set<int64_t> test, std::set<int64_t> others) {
    kth.persons = {std::move(test), std::move(others)};
    return refusal(ProtocolName::kSavpKth, kth);
  };
  const std::set<int64_t> all = {17, 18, 19, 20, 21, 22, 23, 24, 25};
  EXPECT_EQ(among(all, {1, 2, 16}), "no error");
  auto more = all;
  more.insert({2, 16});
  EXPECT_CONTAINS(among(more, {1}),
                  "is of persons 17 to 25, the data's test split has persons 2 and 16, too");
  EXPECT_CONTAINS(among(all, {1, 17}), "but person 17 can be seen in other splits of the data");
  EXPECT_CONTAINS(among({17, 18, 19, 20, 21, 22, 23, 24}, {1}), "the data's test split has no person 25");
  kth.all_sequences = false;
  EXPECT_EQ(among({17, 18}, {1}), "no error");
  kth.all_sequences = true;
  kth.sequences = 1000;
  EXPECT_EQ(among(all, {1}), "no error");
  EXPECT_CONTAINS(refusal(ProtocolName::kSrvpKth, kth), "persons 17, 18, 19 and 20, too");
}

TEST(Protocols, SayWhetherThePersonsAreKnown) {
  const auto last = [](ProtocolName name, const std::optional<SplitPersons>& persons) {
    return choices(find_protocol(name), persons).back();
  };
  EXPECT_EQ(last(ProtocolName::kSavpKth, SplitPersons{{17}, {}}),
            "persons: 17 to 25, as dataset.json says of the data");
  EXPECT_EQ(last(ProtocolName::kSrvpKth, std::nullopt),
            "persons: 21 to 25; which ones the data has is not known (no dataset.json names them)");
  EXPECT_EQ(choices(find_protocol(ProtocolName::kSavpBair), std::nullopt),
            choices(find_protocol(ProtocolName::kSavpBair)));
}

// Stored frames may be brought to the protocol's size, but not be cut, or be others.
TEST(Protocols, RefuseOtherFramesOfTheSameData) {
  OfferedVideos bair{.height = 64, .width = 64, .channels = 3, .context = 2, .future = 28, .sequences = 256};
  for (const Json& hparams :
       {Json{{"crop_size", 0}, {"scale_size", 64}}, Json{{"frame_size", {64, 64}}, {"time_shift", 2}}}) {
    bair.dataset_hparams = hparams;
    EXPECT_EQ(refusal(ProtocolName::kSavpBair, bair), "no error");
  }
  for (const Json& hparams : {Json{{"crop_size", 32}, {"scale_size", 64}}, Json{{"crop_size", 64}},
                              Json{{"frame_skip", 1}}, Json{{"frame_size", {64, 80}}}, Json{{"fps", 5.0}}}) {
    bair.dataset_hparams = hparams;
    EXPECT_CONTAINS(refusal(ProtocolName::kSavpBair, bair), "contradicts --protocol savp-bair");
  }
}

ProcessShare share_in(const std::map<std::string, std::string>& environment) {
  return process_share([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(ProcessShare, IsWhatTheStarterSays) {
  EXPECT_EQ(share_in({}).size, 1);
  EXPECT_TRUE(share_in({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).is_first());
  const auto torchrun = share_in({{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}});
  EXPECT_EQ(torchrun.rank, 5);
  EXPECT_EQ(torchrun.size, 8);
  EXPECT_EQ(torchrun.local_rank, 1);
  EXPECT_EQ(share_in({{"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "3"}}).rank, 2);
  EXPECT_EQ(share_in({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}}).rank, 1);
  EXPECT_CONTAINS(message_of<UsageError>([] { share_in({{"RANK", "x"}, {"WORLD_SIZE", "2"}}); }), "RANK=x");
  EXPECT_CONTAINS(message_of<UsageError>([] {
                    share_in({{"RANK", "2"}, {"WORLD_SIZE", "2"}});
                  }),
                  "not below");
}

}  // namespace
}  // namespace savp
