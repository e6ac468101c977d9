#include "evaluation/summary.h"

#include <cmath>

#include "evaluation/evaluation_parts.h"
#include "io/sha256.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

VideoNumbers two_videos() {
  VideoNumbers numbers;
  numbers.tables = {{"psnr", "max", true, 4, {{20, 18}, {24, 22}}},
                    {"psnr", "min", false, 4, {{10, 8}, {14, 12}}}};
  numbers.of_videos = {{"diversity", "", false, 4, {{0.1F, 0.2F}, {0.3F, 0.4F}}}};
  numbers.baseline = {{"psnr", "avg", false, 4, {{15, INFINITY}, {16, 17}}}};
  numbers.samples = {{"psnr", {{19, 9, 12}, {23, 13, 15}}}};
  numbers.ranks = {{0, 3}, {1, 3}};
  numbers.truths = {"aa", "bb"};
  numbers.features = {{{1, 2}, {{3, 4}}}, {{5, 6}, {{NAN, 8}}}};
  return numbers;
}

EvaluationFacts facts() {
  EvaluationFacts facts;
  facts.comparable.truth_sha256 = joint_digest({"aa", "bb"});
  facts.comparable.samples = 3;
  facts.model = {{"name", "savp"}};
  facts.prediction = {{"samples_drawn", 3}};
  facts.networks = {{"alex", "cc"}};
  facts.metrics = {{"psnr", "frame", "max", 4, "dB", "of pixels"},
                   {"diversity", "video", "none", 4, "", "of neighbours", "cc"},
                   {"fvd", "set", "min", 2, "", "I3D"},
                   {"ssim", "frame", "max", 4, "", "not measured"}};
  facts.sample_strips = 2;
  return facts;
}

Json summary(const EvaluationFacts& of = facts()) {
  const SetResult fvd{.metric = "fvd", .value = 100, .low = 90, .high = NAN, .videos = 2, .samples = 1};
  return make_summary(of, two_videos(), {fvd});
}

TEST(Summary, HoldsNumbersWithIntervals) {
  const auto found = summary();
  ASSERT_EQ(found["metrics"].size(), 3U);
  const auto& psnr = found["metrics"][0];
  EXPECT_EQ(psnr["best"], "max");
  EXPECT_EQ(psnr["values"]["max"], (Json{{"value", 21.0}, {"low", 19.0}, {"high", 23.0}}));
  EXPECT_EQ(psnr["curves"]["min"]["value"], (Json{12.0, 10.0}));
  EXPECT_EQ(psnr["csv"]["max"], "prediction_eval_psnr_max/metrics/psnr.csv");
  EXPECT_EQ(psnr["samples_csv"], "samples/psnr.csv");
  EXPECT_TRUE(psnr["baseline"]["value"].is_null());  // infinite
  EXPECT_EQ(psnr["baseline"]["curve"]["value"][0], 15.5);
  EXPECT_EQ(found["metrics"][1]["values"]["avg"]["value"].get<float>(), 0.25F);
  EXPECT_EQ(found["metrics"][1]["csv"]["avg"], "prediction_eval_diversity/metrics/diversity.csv");
  const auto& fvd = found["metrics"][2];
  EXPECT_EQ(fvd["values"]["value"]["low"], 90.0);
  EXPECT_TRUE(fvd["values"]["value"]["high"].is_null());
  EXPECT_EQ(found["rank_histogram"]["counts"], (Json{1, 1, 0, 2}));
  EXPECT_EQ(found["pictures"]["samples"].size(), 2U);
  EXPECT_EQ(found["pictures"]["outputs"]["psnr"]["min"],
            "prediction_eval_psnr_min/outputs/gen_image_SSSSS_TT.png");
}

TEST(Summary, FingerprintsTellWhatMayBeCompared) {
  const auto found = summary();
  auto other = facts();
  other.model = {{"name", "sv2p"}};
  EXPECT_EQ(summary(other)["fingerprint"], found["fingerprint"]);
  other.metrics[0].definition = "of channels";
  const auto channels = summary(other);
  EXPECT_EQ(channels["fingerprint"], found["fingerprint"]);
  EXPECT_NE(channels["metrics"][0]["fingerprint"], found["metrics"][0]["fingerprint"]);
  EXPECT_EQ(channels["metrics"][1]["fingerprint"], found["metrics"][1]["fingerprint"]);
  other.metrics[1].network = "dd";
  EXPECT_NE(summary(other)["metrics"][1]["fingerprint"], found["metrics"][1]["fingerprint"]);
  other.comparable.truth_sha256 = joint_digest({"bb", "aa"});
  EXPECT_NE(summary(other)["fingerprint"], found["fingerprint"]);
  EXPECT_EQ(found["fingerprint"], sha256(found["comparable"].dump()));
}

using SummaryFile = ScratchTest;

TEST_F(SummaryFile, IsReadBackOrRefused) {
  EXPECT_CONTAINS(message_of<DataError>([&] { read_summary(folder_); }),
                  "summary.json: there is no such file");
  write("summary.json", "{\"format\": \"another\"}");
  EXPECT_CONTAINS(message_of<DataError>([&] { read_summary(folder_); }), "run savp_evaluate again");
  write("summary.json", summary().dump());
  EXPECT_EQ(read_summary(folder_), summary());
}

class Parts : public ScratchTest {
 protected:
  void finish(const EvaluationParts& parts, int64_t part) const {
    std::ofstream(parts.begin(part) / "picture.png") << "x";
    parts.finish(part, two_videos());
  }
};

TEST_F(Parts, GiveBackWhatWasFound) {
  const EvaluationParts parts(folder_, "settings");
  EXPECT_FALSE(parts.has(0, {"aa", "bb"}));
  finish(parts, 0);
  EXPECT_TRUE(parts.has(0, {"aa", "bb"}));
  EXPECT_TRUE(std::filesystem::exists(parts.pictures(0) / "picture.png"));
  EXPECT_EQ(parts.numbers(0).to_bytes(), two_videos().to_bytes());
  EXPECT_TRUE(std::isinf(parts.numbers(0).baseline.at(0).rows[0][1]));
  auto all = parts.numbers(0);
  all.append(two_videos());
  EXPECT_EQ(all.videos(), 4);
  EXPECT_EQ(all.tables.at(1).rows.size(), 4U);
  EXPECT_EQ(all.features.at(2).truth, (std::vector<float>{1, 2}));
}

TEST_F(Parts, OfOtherFramesOrSettingsAreNotTaken) {
  const EvaluationParts parts(folder_, "settings"), others(folder_, "other settings");
  finish(parts, 0);
  EXPECT_FALSE(others.has(0, {"aa", "bb"}));
  EXPECT_FALSE(parts.has(0, {"aa", "changed"}));
  finish(parts, 0);
  others.remove_others();
  EXPECT_FALSE(parts.has(0, {"aa", "bb"}));
}

TEST_F(Parts, AreOneWritersEach) {
  const EvaluationParts parts(folder_, "settings");
  {
    const auto claim = parts.claim(3);
    EXPECT_TRUE(claim);
    EXPECT_FALSE(parts.claim(3));
    EXPECT_TRUE(parts.claim(4));
  }
  EXPECT_TRUE(parts.claim(3));
}

TEST_F(Parts, ADamagedOneIsNamed) {
  const EvaluationParts parts(folder_, "settings");
  finish(parts, 0);
  write(std::filesystem::relative(parts.pictures(0).parent_path() / "numbers.cbor", folder_).string(),
        "nonsense");
  EXPECT_CONTAINS(message_of<DataError>([&] { parts.numbers(0); }), "numbers.cbor");
}

}  // namespace
}  // namespace savp
