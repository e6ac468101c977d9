#include "evaluation/comparison.h"

#include "core/error.h"
#include "evaluation/kept_features.h"
#include "evaluation/summary.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class Comparisons : public ScratchTest {
 protected:
  // The results of one model: psnr of two frames of each of some sequences, best of the samples.
  std::filesystem::path results(const std::string& name, const std::vector<std::vector<float>>& psnr,
                                int64_t samples = 10, const std::string& definition = "of pixels",
                                bool deterministic = false) const {
    VideoNumbers numbers;
    numbers.tables = {{"psnr", "max", true, 4, psnr}};
    numbers.truths = std::vector<std::string>(psnr.size(), "aa");
    EvaluationFacts facts;
    facts.comparable.truth_sha256 = joint_digest(numbers.truths);
    facts.comparable.samples = samples;
    facts.model = {{"deterministic", deterministic}};
    facts.prediction = {{"samples_drawn", samples}};
    facts.metrics = {{"psnr", "frame", "max", 4, "dB", definition}, {"fvd", "set", "min", 2, "", "I3D"}};
    const SetResult fvd{.metric = "fvd", .value = 100, .low = 90, .high = 110};
    write(name + "/summary.json", make_summary(facts, numbers, {fvd}).dump());
    write(name + "/prediction_eval_psnr_max/metrics/psnr.csv", numbers.tables[0].csv());
    return folder_ / name;
  }
};

// The sequences differ much more from each other than the two models do.
TEST_F(Comparisons, ArePaired) {
  const auto a = results("a", {{10, 12}, {20, 22}, {30, 32}, {40, 42}}),
             b = results("b", {{9, 11}, {19.5F, 21.5F}, {29, 31}, {39.5F, 41.5F}});
  const auto found = compare(a, b);
  ASSERT_EQ(found.differences.size(), 1U);
  const auto& psnr = found.differences[0];
  EXPECT_EQ(psnr.label, "psnr max");
  EXPECT_DOUBLE_EQ(psnr.a, 26);
  EXPECT_DOUBLE_EQ(psnr.difference.value, 0.75);
  EXPECT_GE(*psnr.difference.low, 0.5);
  EXPECT_LE(*psnr.difference.high, 1.0);
  EXPECT_CONTAINS(text(found), "            psnr max     26.0000     25.2500      0.7500  [0.5");
  EXPECT_CONTAINS(text(found), "] *\n");
  EXPECT_CONTAINS(text(found), concat("not compared: fvd: its features are not in ", a.string(),
                                      " (features.safetensors): run savp_evaluate again"));
}

// Two numbers a video: of what happened, and of a prediction that lies `apart` from it in the first of them.
std::vector<VideoFeatureRow> features(const std::vector<float>& apart) {
  std::vector<VideoFeatureRow> rows;
  for (size_t i = 0; i < apart.size(); ++i) {
    const auto place = static_cast<float>(i * i % 7);
    rows.push_back({{place, 1}, {{place + apart[i], 1}}});
  }
  return rows;
}

TEST_F(Comparisons, OfWholeSetsAreOfTheirFeatures) {
  const std::vector<std::vector<float>> psnr(6, {10, 12});
  const auto a = results("a", psnr), b = results("b", psnr);
  write_features(a, features({2, 2, 2, 2, 2, 2}));
  EXPECT_CONTAINS(compare(a, b).left_out.at(0), concat("its features are not in ", b.string()));
  write_features(b, features({1, 1, 1, 1, 1, 1}));
  const auto found = compare(a, b);
  EXPECT_TRUE(found.left_out.empty());
  const auto& fvd = found.differences.at(1);
  EXPECT_EQ(fvd.label, "fvd");
  EXPECT_NEAR(fvd.a, 4, 1e-9);  // one normal distribution, moved
  EXPECT_NEAR(fvd.b, 1, 1e-9);
  EXPECT_NEAR(*fvd.difference.low, 3, 1e-6);  // whatever videos are drawn
  EXPECT_NEAR(*fvd.difference.high, 3, 1e-6);
  EXPECT_CONTAINS(text(found), "                 fvd        4.00        1.00        3.00  [3.00, 3.00] *\n");
  write_features(a, features({2}));
  EXPECT_CONTAINS(compare(a, b).left_out.at(0), "fvd: features of 1 and of 6 sequences cannot be compared");
  write_features(b, features({1}));
  EXPECT_CONTAINS(compare(a, b).left_out.at(0), "fvd: a distance between sets of videos needs at least 2");
  write("b/features.safetensors", "nonsense");
  EXPECT_CONTAINS(message_of<DataError>([&] { compare(a, b); }), "features.safetensors");
}

// One metric that this version does not know in both, one more in either of them.
TEST_F(Comparisons, WhatIsLeftOutIsTold) {
  const std::vector<std::vector<float>> psnr = {{10, 12}, {20, 22}};
  const auto a = results("a", psnr), b = results("b", psnr);
  const auto add = [&](const std::filesystem::path& folder, const char* name) {
    auto summary = read_summary(folder);
    auto metric = summary["metrics"][1];
    metric["name"] = name;
    summary["metrics"].push_back(metric);
    write(folder.filename() / "summary.json", summary.dump());
  };
  for (const auto& folder : {a, b}) add(folder, "later");
  add(a, "of_a");
  add(b, "of_b");
  const auto lines = text(compare(a, b));
  EXPECT_CONTAINS(lines, "not compared: later: this version knows no such metric of whole sets");
  for (const char* name : {"of_a", "of_b"})
    EXPECT_CONTAINS(lines, concat("not compared: ", name, ": is in one of the results only"));
}

TEST_F(Comparisons, OfDamagedSummariesAreRefused) {
  const auto a = results("a", {{10, 12}, {20, 22}}), b = results("b", {{9, 11}, {19, 21}});
  const auto summary = read_summary(b);
  const auto refused = [&](const char* place, const Json& value) {
    auto damaged = summary;
    damaged[Json::json_pointer(place)] = value;
    write("b/summary.json", damaged.dump());
    EXPECT_CONTAINS(message_of<DataError>([&] { compare(a, b); }), "b/summary.json: ") << place;
    EXPECT_CONTAINS(message_of<DataError>([&] { compare(b, a); }), "b/summary.json: ") << place;
  };
  refused("/format", 1);
  refused("/metrics", {{"psnr", 1}});
  refused("/metrics/0", Json::array());
  for (const char* key : {"name", "kind", "best", "fingerprint", "definition", "csv"})
    refused(concat("/metrics/0/", key).c_str(), 5);
  refused("/metrics/0/csv/max", 5);
}

TEST_F(Comparisons, OfOtherMeasurementsAreRefused) {
  const auto a = results("a", {{10, 12}, {20, 22}});
  EXPECT_CONTAINS(message_of<UsageError>([&] {
                    compare(a, results("b", {{10, 12}, {20, 22}}, 100));
                  }),
                  "samples 10 and 100");
  EXPECT_CONTAINS(message_of<UsageError>([&] {
                    compare(a, results("c", {{10, 12}, {20, 22}}, 10, "of channels"));
                  }),
                  "of pixels and of channels");
  EXPECT_CONTAINS(message_of<UsageError>([&] { compare(a, results("d", {{10, 12}})); }), "other true frames");
  EXPECT_CONTAINS(message_of<DataError>([&] { compare(a, folder_ / "none"); }), "none");
}

TEST_F(Comparisons, OfADeterministicModelDoNotDependOnItsSamples) {
  const std::vector<std::vector<float>> psnr = {{10, 12}, {20, 22}};
  const auto a = results("a", psnr);
  EXPECT_EQ(compare(a, results("b", psnr, 1, "of pixels", true)).differences.size(), 1U);
  EXPECT_EQ(compare(results("c", psnr, 1, "of pixels", true), a).differences.size(), 1U);
  EXPECT_CONTAINS(message_of<UsageError>([&] { compare(a, results("d", psnr, 1, "of channels", true)); }),
                  "of pixels and of channels");
}

}  // namespace
}  // namespace savp
