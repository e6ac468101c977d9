// Batches as the published implementation reads them. The cases lie in tests/golden/data; SAVP_GOLDEN_DATA
// names a folder with more of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "savp/core/error.h"
#include "savp/datasets/dataset.h"
#include "savp/io/example.h"
#include "savp/io/tfrecord.h"
#include "support/stored_tensor.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

fs::path golden_folder() {
  const auto* folder = std::getenv("SAVP_GOLDEN_DATA");
  return folder != nullptr ? fs::path(folder) : fs::path(SAVP_TEST_DATA "/golden/data");
}

struct Case {
  std::string name;
  Json description;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  std::set<std::string> known;
  for (const auto& spec : datasets()) known.insert(spec.name);
  std::vector<Case> all;
  for (const auto& folder : fs::directory_iterator(golden_folder() / "B_batches")) {
    std::ifstream file(folder.path() / "case.json");
    auto description = Json::parse(file);
    if (known.count(description["dataset"]) > 0)
      all.push_back({folder.path().filename(), std::move(description)});
  }
  std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return all;
}

// Where we differ on purpose.
const std::set<std::string> kReadWhereTheOriginalFails = {
    "kth_test_crop",            // pictures of one channel can be cropped
    "kth_test_skip_filter_b2",  // records too short because of the frame skip are left out ...
};
const std::set<std::string> kOtherSequences = {"kth_test_skip_filter",
                                               "kth_test_skip_forced"};  // ... here, too

std::string hparams_text(const Json& hparams) {
  if (hparams.is_null()) return "";
  if (hparams.is_string()) return hparams;
  std::string all;
  for (const auto& text : hparams) all += (all.empty() ? "" : ",") + text.get<std::string>();
  return all;
}

std::unique_ptr<Dataset> open(const Json& c) {
  std::vector<std::pair<std::string, Json>> dicts;
  if (!c["hparams_dict"].is_null()) dicts.emplace_back("hparams_dict", c["hparams_dict"]);
  const auto folder = (golden_folder() / c["input_dir"].get<std::string>()).string();
  auto dataset = Dataset::open(c["dataset"], folder, c["mode"], dicts, hparams_text(c["hparams"]));
  if (c.contains("then")) dataset->set_sequence_length(0);
  return dataset;
}

std::vector<Batch> read(const Dataset& dataset, const Json& c) {
  auto stream = dataset.batches(
      {.batch_size = c["batch_size"], .num_epochs = c["num_epochs"].get<int64_t>(), .seed = 5});
  std::vector<Batch> all;
  while (auto batch = stream->next()) all.push_back(std::move(*batch));
  return all;
}

// Ours are time-major and planar: [T, B, (P or C, H, W)] -> [B, T, (H, W, P or C)].
Tensor as_stored(const Tensor& tensor) {
  return tensor.dim() == 5 ? tensor.permute({1, 0, 3, 4, 2}) : tensor.transpose(0, 1);
}

// Every picture of the files, by its bytes: file, record and step.
using Place = std::tuple<std::string, int64_t, int64_t>;
std::multimap<std::string, Place> all_pictures(const Dataset& dataset, const std::string& images) {
  std::multimap<std::string, Place> all;
  const auto step_at = images.find("%d");
  for (const auto& file : dataset.files()) {
    TfRecordReader reader(file);
    for (int64_t record = 0; const auto data = reader.next(); ++record) {
      const ExampleView example(*data);
      const auto name = fs::path(file).filename().string();
      if (step_at == std::string::npos) {
        const auto frames = example.find(images)->bytes();
        for (size_t t = 0; t < frames.size(); ++t) all.emplace(frames[t], Place{name, record, t});
        continue;
      }
      for (int64_t t = 0;; ++t) {
        const auto* frame = example.find(std::string(images).replace(step_at, 2, std::to_string(t)));
        if (frame == nullptr) break;
        all.emplace(frame->bytes().at(0), Place{name, record, t});
      }
    }
  }
  return all;
}

std::string bytes_of_first_picture(const Tensor& images, int64_t b) {
  const auto picture = images[0][b].permute({1, 2, 0}).mul(255).round().to(torch::kUInt8).contiguous();
  return {static_cast<const char*>(picture.data_ptr()), static_cast<size_t>(picture.numel())};
}

// Compares which records came, how often and in which order where it is not random, and where the sequences
// start.
void compare_samples(const Dataset& dataset, const Json& c, const std::vector<Batch>& batches) {
  const auto pictures = all_pictures(dataset, c["state_like_names_and_shapes"]["images"][0]);
  const auto& hparams = dataset.hparams();
  const bool random_start = hparams.force_time_shift || (c["mode"] == "train" && hparams.time_shift > 0);
  std::vector<std::pair<std::string, int64_t>> expected, found;
  for (const auto& batch : c["samples"])
    for (const auto& sample : batch) expected.emplace_back(sample[0], sample[1]);
  for (const auto& batch : batches)
    for (int64_t b = 0; b < batch.batch_size(); ++b) {
      const auto place = pictures.find(bytes_of_first_picture(batch.images, b));
      ASSERT_NE(place, pictures.end()) << "a picture that is in no record";
      const auto& [file, record, step] = place->second;
      found.emplace_back(file, record);
      EXPECT_EQ(random_start ? step % hparams.time_shift : step, 0);
    }
  const bool shuffled = c["mode"] == "train" || (c["mode"] == "val" && hparams.shuffle_on_val);
  if (shuffled) {
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
  }
  EXPECT_EQ(found, expected);
}

void compare_tensors(const Json& c, const std::vector<Batch>& batches) {
  const auto file =
      SafetensorsFile::open((golden_folder() / "B_batches" / c["case"] / "batches.safetensors").string());
  const std::map<std::string, Tensor Batch::*> members = {{"images", &Batch::images},
                                                          {"states", &Batch::states},
                                                          {"actions", &Batch::actions},
                                                          {"pix_distribs", &Batch::pix_distribs}};
  const bool original_in_bytes =
      c["value_range"]["batch0"][1] > 1.0;  // resized pictures; ours are always in [0, 1]
  const bool resized = c["resolved_hparams"]["scale_size"] != 0;
  for (const auto& [name, _] : c["tensors"].items()) {
    const auto slash = name.find('/');
    const auto number = std::stoul(name.substr(5, slash - 5));
    const auto quantity = name.substr(slash + 1);
    if (quantity == "object_pos") continue;  // drawn as pix_distribs
    ASSERT_LT(number, batches.size());
    auto expected = stored_tensor(file, name);
    if (quantity == "images" && original_in_bytes) expected = expected / 255;
    const double tolerance = quantity == "pix_distribs" ? 1e-6 : quantity == "images" && resized ? 2e-6 : 0;
    EXPECT_TRUE(near(as_stored(batches[number].*members.at(quantity)), expected, tolerance)) << name;
  }
}

class GoldenBatches : public testing::TestWithParam<Case> {};

TEST_P(GoldenBatches, EqualTheReference) {
  const auto& c = GetParam().description;
  const bool fails =
      c.contains("error") && !c["error"].is_null() && kReadWhereTheOriginalFails.count(GetParam().name) == 0;
  const bool bad_record =
      GetParam().name == "bair_train_shift_too_long" || GetParam().name == "kth_no_lengths_file";
  if (fails || bad_record) {
    EXPECT_THROW(read(*open(c), c), Error);
    return;
  }
  const auto dataset = open(c);
  const auto batches = read(*dataset, c);
  EXPECT_EQ(dataset->view().to_json(), c["resolved_hparams"]);
  if (!batches.empty()) {
    const auto shape = batches[0].shape(), promised = dataset->shape();
    EXPECT_EQ(
        std::tie(shape.channels, shape.height, shape.width, shape.actions, shape.states),
        std::tie(promised.channels, promised.height, promised.width, promised.actions, promised.states));
  }
  if (kReadWhereTheOriginalFails.count(GetParam().name) > 0) {
    EXPECT_FALSE(batches.empty());
    return;
  }
  if (kOtherSequences.count(GetParam().name) == 0) {
    EXPECT_EQ(dataset->num_examples_per_epoch(), c["num_examples_per_epoch"]);
    if (c["stopped"] == "end of data or error") EXPECT_EQ(batches.size(), c["batches_produced"]);
    if (c.contains("samples") && c["stopped"] != "asked for 1") compare_samples(*dataset, c, batches);
  }
  if (!c["tensors"].empty()) compare_tensors(c, batches);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenBatches, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace savp
