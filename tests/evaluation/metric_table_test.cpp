#include "evaluation/metric_table.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ShortestText, IsNumPysTextOfAFloat32) {
  const std::pair<float, const char*> cases[] = {
      {0.0F, "0.0"},
      {1.0F, "1.0"},
      {21.140789F, "21.140789"},
      {0.007689903F, "0.007689903"},
      {1e-4F, "0.0001"},
      {9.9e-5F, "9.9e-05"},
      {1.2345e-7F, "1.2345e-07"},
      {-0.5F, "-0.5"},
      {1e10F, "10000000000.0"},
      {1e16F, "1e+16"},
      {kInfinity, "inf"},
      {-kInfinity, "-inf"},
      {NAN, "nan"},
      {-NAN, "nan"},
      {0.1F, "0.1"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(shortest_text(value), text);
}

// The table of the published program for these numbers.
TEST(MetricTable, IsLaidOutAsPublished) {
  const MetricTable table{
      "psnr",
      "max",
      true,
      4,
      {{21.140789F, 18.344154F, 17.049545F, 16.320272F}, {24.032507F, 20.502174F, 18.524794F, 17.273642F}}};
  EXPECT_EQ(table.csv(),
            "sample_ind\t0\t1\t2\t3\tmean\r\n"
            "0\t21.140789\t18.344154\t17.049545\t16.320272\t18.21369\r\n"
            "1\t24.032507\t20.502174\t18.524794\t17.273642\t20.083279\r\n");
  EXPECT_EQ(table.text(),
            "===============================\n"
            "prediction_eval_psnr_max psnr\n"
            "-------------------------------\n"
            " time step                 psnr\n"
            "         0    22.5866 ( 1.4459)\n"
            "         1    19.4232 ( 1.0790)\n"
            "         2    17.7872 ( 0.7376)\n"
            "         3    16.7970 ( 0.4767)\n"
            "mean (std)    19.1485 ( 2.4138)\n"
            "===============================\n");
}

TEST(MetricTable, ShowsWhatIsNotFinite) {
  const MetricTable table{"psnr", "max", true, 4, {{kInfinity}, {kInfinity}}};
  EXPECT_NE(table.text().find("         0        inf (    nan)\nmean (std)        inf (    nan)\n"),
            std::string::npos)
      << table.text();
  EXPECT_NE(table.csv().find("0\tinf\tinf\r\n"), std::string::npos);
}

class ReadTable : public ScratchTest {
 protected:
  template <class Table>
  std::filesystem::path written(const Table& table) const {
    return write(table.task() + "/metrics/" + table.metric + ".csv", table.csv());
  }
  std::string refusal(const std::string& name, const std::string& content) const {
    return message_of<DataError>([&] { MetricTable::read(write(name, content)); });
  }
};

TEST_F(ReadTable, GivesBackWhatWasWritten) {
  const MetricTable tables[] = {{"psnr", "max", true, 4, {{21.140789F, kInfinity}, {-1e-7F, 17.0F}}},
                                {"mse", "max", false, 6, {{0.1F, 0.25F, 1e-20F}}},
                                {"lpips", "min", false, 4, {{-0.25F}}},
                                {"diversity", "", false, 4, {{0.5F}}},
                                {"of_our_own", "best_of_two", false, 4, {{1}, {2}}}};
  for (const auto& table : tables) {
    const auto found = MetricTable::read(written(table));
    EXPECT_EQ(found.metric, table.metric);
    EXPECT_EQ(found.subtask, table.subtask);
    EXPECT_EQ(found.is_best, table.is_best) << table.task();
    EXPECT_EQ(found.decimals, table.decimals);
    EXPECT_EQ(found.rows, table.rows);
  }
  const auto nothing = MetricTable::read(written(MetricTable{"ssim", "avg", false, 4, {{NAN}}}));
  EXPECT_TRUE(std::isnan(nothing.rows.at(0).at(0)));
}

TEST_F(ReadTable, NamesWhatIsWrong) {
  const std::string name = "prediction_eval_psnr_max/metrics/psnr.csv",
                    good = "sample_ind\t0\t1\tmean\r\n0\t1.5\t2.5\t2.0\r\n";
  EXPECT_EQ(MetricTable::read(write(name, good)).rows, (std::vector<std::vector<float>>{{1.5F, 2.5F}}));
  EXPECT_CONTAINS(refusal(name, good.substr(0, good.size() - 3)), "line 2: is cut short");
  EXPECT_CONTAINS(refusal(name, "sample_ind\t0\t1\tmean\r\n0\t1.5\t2.0\r\n"),
                  "line 2: has 3 columns, the header 4");
  EXPECT_CONTAINS(refusal(name, "sample_ind\t0\tmean\r\n0\tmuch\t2.0\r\n"), "line 2: \"much\" is no number");
  EXPECT_CONTAINS(refusal(name, ""), "line 1");
  EXPECT_CONTAINS(refusal("elsewhere/psnr.csv", good), "is in no folder prediction_eval_psnr_");
  const auto of_set = [&](const std::string& content) {
    return message_of<DataError>([&] { SetResult::read(write(name, content)); });
  };
  EXPECT_CONTAINS(of_set(good), "is not the table of a metric of whole sets");
  EXPECT_CONTAINS(of_set("metric\tvalue\tlow\thigh\tunbounded\tvideos\tsamples\tcontext_frames\tframes\r\n"
                         "fvd\t100.5\t90.0\t110.0\t99.0\t256\t1\t2\t14\r\n"),
                  "psnr.csv: is of another version (9 columns, now 11): run savp_evaluate again");
}

TEST_F(ReadTable, OfAMetricOfWholeSets) {
  SetResult result{.metric = "fvd", .value = 123.456789012345, .low = -1e-9, .high = 1e300};
  result.videos = 256;
  result.samples = 100;
  result.context_frames = 2;
  result.frames = 14;
  EXPECT_EQ(result.csv(),
            "metric\tvalue\tlow\thigh\tunbounded\tunbounded_low\tunbounded_high\tvideos\tsamples\t"
            "context_frames\tframes\r\n"
            "fvd\t123.456789012345\t-1e-09\t1e+300\t\t\t\t256\t100\t2\t14\r\n");
  EXPECT_EQ(result.task(), "prediction_eval_fvd_set");
  for (const auto& unbounded : {std::optional<Interval>(), std::optional(Interval{99.5, 90.25, 108.75})}) {
    result.unbounded = unbounded;
    const auto found = SetResult::read(written(result));
    EXPECT_EQ(found.csv(), result.csv());
    EXPECT_EQ(found.decimals, 2);
  }
  EXPECT_CONTAINS(result.csv(), "\t99.5\t90.25\t108.75\t256\t");
}

MetricTable one_number(const std::string& metric, const std::string& subtask, bool is_best, float value) {
  return {metric, subtask, is_best, 4, {{value}}};
}

MetricTable two_numbers(const std::string& metric, const std::string& subtask, float a, float b) {
  return {metric, subtask, false, 4, {{a}, {b}}};
}

TEST(ClosingText, HasALineForEachNumber) {
  const auto text = closing_text({one_number("psnr", "max", true, 3), one_number("psnr", "min", false, 1),
                                  one_number("mse", "max", false, 0.3F), one_number("mse", "min", true, 0.1F),
                                  one_number("diversity", "", false, 0.5F)},
                                 {one_number("psnr", "avg", false, 2)});
  EXPECT_CONTAINS(text, "prediction_eval_psnr_max psnr");
  EXPECT_CONTAINS(text, "prediction_eval_mse_min mse");
  EXPECT_EQ(text.find("prediction_eval_psnr_min"), std::string::npos);
  EXPECT_CONTAINS(text,
                  "       mean over all\n"
                  "            psnr max       3.0000 *\n"
                  "            psnr min       1.0000\n"
                  "         psnr repeat       2.0000\n"
                  "             mse max       0.3000\n"
                  "             mse min       0.1000 *\n"
                  "           diversity       0.5000\n"
                  "[ ]: 95 % by bootstrap over the sequences\n"
                  "* the best of the samples by this metric\n"
                  "repeat: the last context frame");
}

// Of two videos a bootstrap sample has one of them twice in half of the cases, far more than 5 %.
TEST(ClosingText, ShowsIntervals) {
  EXPECT_CONTAINS(closing_text({two_numbers("ssim", "avg", 0.5F, 0.75F)}),
                  "            ssim avg       0.6250  [0.5000, 0.7500]\n");
}

TEST(ClosingText, TellsWhatANumberOfAllIsOf) {
  SetResult result{.metric = "fvd",
                   .value = 123.456,
                   .low = 100,
                   .high = 150,
                   .unbounded = Interval{90, 70, 110},
                   .videos = 256,
                   .samples = 1};
  result.frames = 14;
  EXPECT_CONTAINS(closing_text({}, {}, {result}),
                  "                 fvd       123.46  [100.00, 150.00]  256 sequences, 1 future of each, 14 "
                  "predicted frames; 90.00 [70.00, 110.00] for endlessly many\n");
}

// The published program stops here.
TEST(ClosingText, WithoutTheBestShowsWhatThereIs) {
  const auto text = closing_text({one_number("psnr", "avg", false, 2), one_number("psnr", "min", false, 1)});
  EXPECT_NE(text.find("prediction_eval_psnr_avg psnr"), std::string::npos);
}

}  // namespace
}  // namespace savp
