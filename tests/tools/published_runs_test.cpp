// Runs of the published programs, repeated with ours: the same files with the same content.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "io/image.h"
#include "io/video.h"
#include "tools/process.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kData = SAVP_TEST_DATA "/golden/data";

struct Case {
  std::string name, tool;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The arguments of the published run, with our places for input and output.
std::vector<std::string> arguments_of(const Json& run, const fs::path& out) {
  std::vector<std::string> arguments;
  const std::string published_out = "F_scripts/" + run["case"].get<std::string>() + "/out";
  for (std::string argument : run["argv"]) {
    if (argument.rfind("A_datasets", 0) == 0) argument = (kData / argument).string();
    if (argument.rfind(published_out, 0) == 0)
      argument = out.string() + argument.substr(published_out.size());
    arguments.push_back(argument);
  }
  return arguments;
}

bool is_ours(const std::string& file) { return file.find("lpips") == std::string::npos; }

// What the published programs do not write, wherever in the folder of results.
bool is_addition(const std::string& file) {
  const fs::path path = file;
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) {
    const std::set<std::string> kAdditions = {
        "grids", "prediction_eval_sharpness", "samples", "samples.json", "sequences", "summary.json"};
    return kAdditions.contains(part.string());
  });
}

std::vector<std::vector<double>> numbers_of(const std::string& csv) {
  std::vector<std::vector<double>> rows;
  std::istringstream lines(csv.substr(csv.find('\n') + 1));
  for (std::string line; std::getline(lines, line);) {
    rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) rows.back().push_back(std::stod(cell));
  }
  return rows;
}

// The layout is the same to the byte, the numbers are within the tolerance of their metric.
void expect_same_csv(const fs::path& ours, const fs::path& published) {
  const std::map<std::string, double> tolerances = {
      {"psnr.csv", 1e-4}, {"mse.csv", 1e-7}, {"ssim.csv", 1e-4}};
  const auto a = content(ours), b = content(published);
  EXPECT_EQ(a.substr(0, a.find('\n')), b.substr(0, b.find('\n'))) << ours;
  const auto layout = [](const std::string& text) {
    std::string separators;
    std::copy_if(text.begin(), text.end(), std::back_inserter(separators),
                 [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
    return separators;
  };
  ASSERT_EQ(layout(a), layout(b)) << ours;
  const auto x = numbers_of(a), y = numbers_of(b);
  for (size_t row = 0; row < x.size(); ++row)
    for (size_t column = 0; column < x[row].size(); ++column)
      if (x[row][column] != y[row][column])  // infinities are equal, but not near
        EXPECT_NEAR(x[row][column], y[row][column], tolerances.at(ours.filename().string())) << ours;
}

void expect_same_png(const fs::path& ours, const fs::path& published) {
  EXPECT_EQ(read_image(ours).pixels, read_image(published).pixels) << ours;
}

// Palettes differ a little from encoder to encoder.
void expect_same_gif(const fs::path& ours, const fs::path& published) {
  const auto a = read_video(ours), b = read_video(published);
  ASSERT_EQ(a.size(), b.size()) << ours;
  for (size_t t = 0; t < a.size(); ++t) {
    ASSERT_EQ(a[t].pixels.size(), b[t].pixels.size()) << ours;
    double difference = 0;
    for (size_t i = 0; i < a[t].pixels.size(); ++i) difference += std::abs(a[t].pixels[i] - b[t].pixels[i]);
    EXPECT_LT(difference / static_cast<double>(a[t].pixels.size()), 4.0) << ours << " frame " << t;
  }
}

void expect_same_json(const fs::path& ours, const fs::path& published) {
  EXPECT_EQ(Json::parse(content(ours)), Json::parse(content(published))) << ours;
}

class PublishedRuns : public testing::TestWithParam<Case> {};

TEST_P(PublishedRuns, LeaveTheSameFiles) {
  const auto folder = kData / "F_scripts" / GetParam().name;
  const auto run = Json::parse(content(folder / "case.json"));
  const ScratchFolder out;
  const auto outcome = run_tool(GetParam().tool, arguments_of(run, out.path()));
  ASSERT_EQ(outcome.code, 0) << outcome.err;

  std::set<std::string> expected;
  for (const auto& file : run["output_files"])
    if (const std::string name = file["file"]; is_ours(name)) expected.insert(name);
  auto names = out.names();
  std::erase_if(names, is_addition);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);

  const std::map<std::string, void (*)(const fs::path&, const fs::path&)> comparisons = {
      {".csv", expect_same_csv},
      {".png", expect_same_png},
      {".gif", expect_same_gif},
      {".json", expect_same_json}};
  for (const auto& entry : fs::recursive_directory_iterator(folder / "out"))
    if (entry.is_regular_file())
      comparisons.at(entry.path().extension())(out.path() / fs::relative(entry.path(), folder / "out"),
                                               entry.path());
}

INSTANTIATE_TEST_SUITE_P(All, PublishedRuns,
                         testing::Values(Case{"evaluate_repeat_patched", "savp_evaluate"},
                                         Case{"evaluate_ground_truth", "savp_evaluate"},
                                         Case{"generate_ground_truth", "savp_generate"},
                                         Case{"generate_repeat_patched", "savp_generate"}),
                         [](const auto& info) { return info.param.name; });

// The published output's tables, but for that of the perceptual metric.
TEST(PublishedTables, ArePrinted) {
  const std::string line = "===============================\n";
  for (const std::string name : {"evaluate_repeat_patched", "evaluate_ground_truth"}) {
    const auto folder = kData / "F_scripts" / name;
    const ScratchFolder out;
    const auto outcome =
        run_tool("savp_evaluate", arguments_of(Json::parse(content(folder / "case.json")), out.path()));
    const auto published = content(folder / "stdout.txt");
    for (const std::string metric : {"psnr", "ssim"}) {
      const auto begin = published.find(line + "prediction_eval_" + metric);
      ASSERT_NE(begin, std::string::npos);
      const auto table = published.substr(begin, published.find(line, begin + 1) - begin) + line;
      EXPECT_NE(outcome.out.find(table), std::string::npos) << table << "is missing in\n" << outcome.out;
    }
  }
}

}  // namespace
}  // namespace savp
