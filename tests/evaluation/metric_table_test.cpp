#include "evaluation/metric_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

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

MetricTable one_number(const std::string& metric, const std::string& subtask, bool is_best, float value) {
  return {metric, subtask, is_best, 4, {{value}}};
}

TEST(ClosingText, ShowsTheBestOfEachMetricAndTheMeansOfAll) {
  const auto text =
      closing_text({one_number("psnr", "max", true, 3), one_number("psnr", "min", false, 1),
                    one_number("mse", "max", false, 0.3F), one_number("mse", "min", true, 0.1F)});
  EXPECT_NE(text.find("prediction_eval_psnr_max psnr"), std::string::npos);
  EXPECT_NE(text.find("prediction_eval_mse_min mse"), std::string::npos);
  EXPECT_EQ(text.find("prediction_eval_psnr_min"), std::string::npos);
  EXPECT_NE(text.find("  mean over all        max         min\n"
                      "           psnr     3.0000*     1.0000\n"
                      "            mse     0.3000      0.1000*\n"
                      "* the best of the samples by this metric\n"),
            std::string::npos)
      << text;
}

TEST(ClosingText, PutsWhatIsMissingSomewhereInItsColumn) {
  const auto text = closing_text({one_number("psnr", "max", true, 3), one_number("psnr", "avg", false, 1),
                                  one_number("diversity", "avg", false, 0.3F)});
  EXPECT_NE(text.find("  mean over all        max         avg\n"
                      "           psnr     3.0000*     1.0000\n"
                      "      diversity                 0.3000\n"),
            std::string::npos)
      << text;
}

TEST(ClosingText, ShowsTheBaseline) {
  const auto text =
      closing_text({one_number("psnr", "max", true, 3), one_number("mse", "max", false, 0.3F),
                    one_number("diversity", "avg", false, 1)},
                   {one_number("psnr", "avg", false, 2), one_number("mse", "avg", false, 0.2F)});
  EXPECT_NE(text.find("  mean over all        max         avg      repeat\n"
                      "           psnr     3.0000*                 2.0000\n"
                      "            mse     0.3000                  0.2000\n"
                      "      diversity                 1.0000\n"
                      "* the best of the samples by this metric\n"
                      "repeat: the last context frame"),
            std::string::npos)
      << text;
}

// The published program stops here.
TEST(ClosingText, WithoutTheBestShowsWhatThereIs) {
  const auto text = closing_text({one_number("psnr", "avg", false, 2), one_number("psnr", "min", false, 1)});
  EXPECT_NE(text.find("prediction_eval_psnr_avg psnr"), std::string::npos);
}

}  // namespace
}  // namespace savp
