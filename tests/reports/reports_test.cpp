// Reports, from folders of results as savp_evaluate leaves them.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "io/image.h"
#include "io/whole_file.h"
#include "reports/clips.h"
#include "reports/html.h"
#include "reports/page.h"
#include "reports/result.h"
#include "reports/svg.h"
#include "reports/table.h"
#include "support/scratch.h"

namespace savp::reports {
namespace {

using Json = nlohmann::json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Json interval(double value) { return {{"value", value}, {"low", value - 1}, {"high", value + 1}}; }

// Of 3 sequences with 1 context and 2 predicted frames of 4x4 pixels; psnr of the sequences: 20, 30, 10.
class ReportsTest : public testing::Test {
 protected:
  std::filesystem::path make(const std::string& label, double psnr, const std::string& samples = "10") {
    const auto folder = folder_ / ("r" + std::to_string(made_++));
    const Json metric = {
        {"name", "psnr"},
        {"better", "max"},
        {"best", "max"},
        {"decimals", 2},
        {"unit", "dB"},
        {"fingerprint", "p"},
        {"definition", "peak & noise"},
        {"values", {{"max", interval(psnr)}, {"avg", interval(psnr - 2)}}},
        {"curves", {{"max", {{"value", {psnr + 1, psnr - 1}}, {"low", {1, 1}}, {"high", {50, 50}}}}}},
        {"baseline", {{"value", 9.5}, {"low", 9}, {"high", 10}}},
        {"csv", {{"max", "prediction_eval_psnr_max/metrics/psnr.csv"}}}};
    const Json summary = {{"format", "savp-summary-1"},
                          {"fingerprint", "f" + samples},
                          {"comparable", {{"samples", samples}, {"context_frames", 1}}},
                          {"model", {{"label", label}}},
                          {"rank_histogram", {{"metric", "mse"}, {"counts", {6, 3, 0}}}},
                          {"metrics", Json::array({metric})}};
    write_whole_file(folder / "summary.json", summary.dump());
    add_table(folder, "max");
    return folder;
  }

  void add_table(const std::filesystem::path& folder, const std::string& subtask) {
    const auto task = folder / ("prediction_eval_psnr_" + subtask);
    write_whole_file(
        task / "metrics/psnr.csv",
        "sample_ind\t0\t1\tmean\r\n0\t21.0\t19.0\t20.0\r\n1\t31.0\t29.0\t30.0\r\n2\t11.0\t9.0\t10.0\r\n");
    for (int sequence = 0; sequence < 3; ++sequence) {
      const auto number = "0000" + std::to_string(sequence);
      write_png(task / ("inputs/context_image_" + number + "_00.png"), plain(10));
      for (const char* frame : {"_00.png", "_01.png"})
        write_png(task / ("outputs/gen_image_" + number + frame),
                  plain(static_cast<uint8_t>(100 + sequence)));
    }
  }

  static Picture plain(uint8_t value) { return {4, 4, 3, std::vector<uint8_t>(48, value)}; }

  std::vector<Result> read(const std::vector<std::filesystem::path>& folders) {
    std::vector<Result> results;
    for (const auto& folder : folders) results.push_back(read_result(folder));
    return results;
  }

  ScratchFolder folder_;
  int made_ = 0;
};

TEST(Html, TextCannotLeaveItsPlace) {
  EXPECT_EQ(escaped("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  EXPECT_EQ(escaped("a\x1b[1m"), "a\\x1b[1m");
}

TEST(Html, Base64) {  // RFC 4648, section 10
  const std::pair<const char*, const char*> kRows[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kRows) EXPECT_EQ(base64(bytes), text);
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(Html, Numbers) {
  EXPECT_EQ(number_text(19.086, 2), "19.09");
  EXPECT_EQ(number_text(0.0000123, 4), "1.2e-05");
  EXPECT_EQ(number_text(0, 2), "0.00");
  EXPECT_EQ(number_text(kNone, 2), "–");
  EXPECT_EQ(number_text(INFINITY, 2), "∞");
}

TEST(Svg, DrawsLinesBandsAndGaps) {
  const Line line{"a<b", 9, false, {1, 2, 3}, {1, kNone, 3}, {0, 0, 0}, {4, 4, 4}};
  const auto chart = line_chart({"title & all", "frame", "psnr", {line}});
  EXPECT_NE(chart.find("class=\"line c1\""), std::string::npos) << "colours begin anew after the eighth";
  EXPECT_NE(chart.find("<path class=\"band c1\""), std::string::npos);
  EXPECT_NE(chart.find("a&lt;b"), std::string::npos);
  EXPECT_NE(chart.find("aria-label=\"title &amp; all\""), std::string::npos);
  const auto stroke = chart.substr(chart.find("class=\"line"));
  const auto path = stroke.substr(stroke.find("d=\"") + 3, stroke.find("\">") - stroke.find("d=\"") - 3);
  EXPECT_EQ(std::count(path.begin(), path.end(), 'M'), 2) << "a gap where there is no number: " << path;
}

TEST(Svg, NeedsTwoPoints) {
  EXPECT_EQ(line_chart({"t", "x", "y", {{"a", 0, false, {1}, {1}}}}), "");
  EXPECT_EQ(line_chart({"t", "x", "y", {{"a", 0, false, {1, 2}, {kNone, kNone}}}}), "");
  EXPECT_EQ(rank_chart("t", {0, 0}, 0), "");
}

TEST(Svg, FilesOfTheirOwnNeedNoVariables) {
  const auto file = standalone(rank_chart("t", {1, 2, 3}, 0), chart_style());
  EXPECT_NE(file.find("fill: #0072b2"), std::string::npos);
  EXPECT_EQ(file.find("var("), std::string::npos);
}

TEST_F(ReportsTest, MarksTheBest) {
  const auto results = read({make("a", 20), make("b", 25)});
  const auto table = make_table(results);
  ASSERT_EQ(table.columns.size(), 2);
  EXPECT_EQ(table.columns[0].heading, "psnr (dB)");
  ASSERT_EQ(table.rows.size(), 3);
  EXPECT_TRUE(table.rows[1].cells[0].best);
  EXPECT_FALSE(table.rows[0].cells[0].best);
  EXPECT_EQ(table.rows[0].cells[1].number.value, 18);
  EXPECT_TRUE(table.rows[2].baseline);
  EXPECT_EQ(table.rows[2].cells[1].number.value, 9.5);
  EXPECT_FALSE(table.rows[2].cells[1].best) << "a baseline is no model";
}

TEST_F(ReportsTest, WhatCannotBeComparedIsMarkedAndNoRival) {
  const auto results = read({make("a", 20), make("few", 40, "1"), make("c", 21)});
  const auto table = make_table(results);
  EXPECT_EQ(table.rows[1].note, "samples 10 and 1");
  EXPECT_FALSE(table.rows[1].cells[0].best);
  EXPECT_TRUE(table.rows[2].cells[0].best);
  EXPECT_NE(html(table).find("few cannot be compared with a: samples 10 and 1."), std::string::npos);
  EXPECT_NE(latex(table).find("few$^\\dagger$"), std::string::npos);
  EXPECT_EQ(html(table).find("‡"), std::string::npos) << "a mark for the row and more for its numbers";
  EXPECT_NE(csv(table).find("few,psnr,max,40,39,41,samples 10 and 1\r\n"), std::string::npos) << csv(table);
}

TEST_F(ReportsTest, ColumnsMeasuredInAnotherWayAreMarked) {
  auto results = read({make("a", 20), make("b", 25)});
  results[1].metrics[0].fingerprint = "another SSIM";
  const auto table = make_table(results);
  EXPECT_TRUE(table.rows[1].cells[0].foreign);
  EXPECT_FALSE(table.rows[1].cells[0].best);
  EXPECT_NE(html(table).find("<li>‡ measured in another way than what the column is compared with.</li>"),
            std::string::npos);
  EXPECT_EQ(html(make_table(read({make("c", 20), make("d", 25)}))).find("‡"), std::string::npos);
}

// The first result that has a metric is what the others are compared with, not the first result.
TEST_F(ReportsTest, ColumnsThatTheFirstLacksAreComparedAmongTheOthers) {
  auto results = read({make("without", 20), make("with context", 25), make("without context", 30)});
  for (size_t i : {1, 2}) {
    results[i].metrics.push_back({.name = "fvd", .best = "value", .fingerprint = results[i].label});
    results[i].metrics.back().values["value"] = {100, 90, 110};
  }
  const auto table = make_table(results);
  ASSERT_EQ(table.columns.at(2).metric, "fvd");
  EXPECT_FALSE(table.rows[1].cells[2].foreign);
  EXPECT_TRUE(table.rows[2].cells[2].foreign);
  EXPECT_EQ(reference(results, "fvd"), &results[1]);

  results[1].summary["fingerprint"] = "other videos";  // marked, and so nothing to compare with
  EXPECT_TRUE(make_table(results).rows[1].cells[2].foreign);
  EXPECT_FALSE(make_table(results).rows[2].cells[2].foreign);
  EXPECT_EQ(reference(results, "ssim"), nullptr);
}

// One future of a deterministic model stands for any number of them; of others it does not.
TEST_F(ReportsTest, DeterministicModelsCountAsAnyNumberOfSamples) {
  auto results = read({make("repeat", 20, "1"), make("many", 25, "100"), make("few", 30, "10")});
  for (auto& result : results) result.metrics[0].fingerprint = result.fingerprint();
  EXPECT_EQ(make_table(results).rows[1].note, "samples 1 and 100");
  results[0].summary["model"]["deterministic"] = true;
  const auto table = make_table(results);
  EXPECT_EQ(table.reference, "many");
  EXPECT_EQ(table.rows[0].note, "");
  EXPECT_FALSE(table.rows[0].cells[0].foreign);
  EXPECT_EQ(table.rows[1].note, "");
  EXPECT_TRUE(table.rows[1].cells[0].best);
  EXPECT_EQ(table.rows[2].note, "samples 100 and 10");
  EXPECT_TRUE(table.rows[2].cells[0].foreign);

  results[0].metrics[0].definition = "of channels";
  EXPECT_TRUE(make_table(results).rows[0].cells[0].foreign);
}

TEST_F(ReportsTest, Sorts) {
  auto table = make_table(read({make("a", 20), make("b", 25), make("few", 40, "1")}));
  sort_by(table, "psnr");
  const std::vector<std::string> expected = {"b", "a", "few", "baseline: repeat the last frame"};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(table.rows[i].label, expected[i]);
  EXPECT_THROW(sort_by(table, "psn"), UsageError);
}

TEST_F(ReportsTest, LatexAndCsvQuoteNames) {
  const auto table = make_table(read({make("a_1, \"50%\"", 20)}));
  EXPECT_NE(latex(table).find("a\\_1, \"50\\%\""), std::string::npos);
  EXPECT_NE(csv(table).find("\"a_1, \"\"50%\"\"\",psnr"), std::string::npos);
}

TEST_F(ReportsTest, ChoosesSequencesByRank) {
  const auto result = read_result(make("a", 20));
  const auto choices = choose_sequences(result, 5);
  ASSERT_EQ(choices.size(), 3);
  EXPECT_EQ(choices[0].sequence, 1);
  EXPECT_EQ(choices[0].why, "best: rank 1 of 3 by psnr");
  EXPECT_EQ(choices[1].sequence, 0);
  EXPECT_EQ(choices[1].why, "median: rank 2 of 3 by psnr");
  EXPECT_EQ(choices[2].sequence, 2);
  EXPECT_EQ(choose_sequences(result, 2)[1].why, "worst: rank 3 of 3 by psnr");
}

TEST_F(ReportsTest, ClipsHoldContextAndPrediction) {
  const auto clips = predicted_clips(read_result(make("a", 20)), 2);
  ASSERT_EQ(clips.size(), 1) << "the worst was not kept";
  EXPECT_EQ(clips[0].frames, 3);
  EXPECT_EQ(clips[0].context, 1);
  EXPECT_EQ(clips[0].strip.width, 12);
  EXPECT_EQ(clips[0].strip.pixels[0], 10);
  EXPECT_EQ(clips[0].strip.pixels[4 * 3], 102);
}

TEST_F(ReportsTest, ThePageIsWholeAndSafe) {
  const auto results = read({make("<img onerror=x>", 20), make("b", 25)});
  const auto text = page(results, make_table(results), {.title = "A & B", .sequences = 2});
  EXPECT_NE(text.find("<title>A &amp; B</title>"), std::string::npos);
  EXPECT_EQ(text.find("<img"), std::string::npos);
  for (const char* outside : {"src=\"", "src=http", "url(http", "@import", "<link rel=\"style"})
    EXPECT_EQ(text.find(outside), std::string::npos) << outside << ": it must need nothing else";
  for (const char* part : {"id=\"numbers\"", "id=\"curves\"", "id=\"videos\"", "id=\"coverage\"",
                           "id=\"made\"", "peak &amp; noise", "data:image/png;base64,"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  EXPECT_EQ(page(results, make_table(results), {.sequences = 0}).find("data:image/png"), std::string::npos);
}

TEST_F(ReportsTest, ReadsResultsOfOlderVersions) {
  const auto folder = folder_ / "old";
  add_table(folder, "max");
  add_table(folder, "avg");
  const auto result = read_result(folder);
  ASSERT_NE(result.metric("psnr"), nullptr);
  EXPECT_NEAR(result.metric("psnr")->values.at("max").value, 20, 1e-6);
  EXPECT_EQ(result.metric("psnr")->curves.at("max").value.size(), 2);
  EXPECT_EQ(difference(result, read_result(make("new", 20))), "how they were made is not known");
}

TEST_F(ReportsTest, TellsResultsOfOneNameApart) {
  std::vector<Result> results = {read_result(make("run", 20)), read_result(make("other", 20)),
                                 read_result(make("run", 21))};
  tell_apart(results);
  EXPECT_EQ(results[0].label, "run (r0)");
  EXPECT_EQ(results[1].label, "other");
  EXPECT_EQ(results[2].label, "run (r2)");
}

TEST_F(ReportsTest, NamesWhatIsNoResult) {
  std::filesystem::create_directories(folder_ / "empty");
  EXPECT_THROW(find_results({(folder_ / "empty").string()}), DataError);
  EXPECT_THROW(find_results({(folder_ / "nope").string()}), DataError);
  const auto damaged = make("a", 20);
  write_whole_file(damaged / "summary.json", "{\"format\": \"savp-summary-9\"}");
  EXPECT_THROW(read_result(damaged), DataError);
  write_whole_file(damaged / "summary.json",
                   R"({"format": "savp-summary-1", "metrics": 7, "model": [], "comparable": 1})");
  EXPECT_THROW(read_result(damaged), DataError);
}

TEST_F(ReportsTest, FindsResultsWithinAFolder) {
  make("a", 20);
  make("b", 20);
  std::filesystem::rename(folder_ / "r0", folder_ / "ground_truth");
  std::filesystem::create_directories(folder_ / "other");
  const auto found = find_results({folder_.path().string()});
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[1].filename(), "ground_truth") << "baselines come last";
}

}  // namespace
}  // namespace savp::reports
