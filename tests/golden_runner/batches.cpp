#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "core/error.h"
#include "golden_runner/data.h"
#include "io/example.h"
#include "io/image.h"
#include "io/tfrecord.h"
#include "opening/open_dataset.h"

namespace savp::golden {
namespace {

namespace fs = std::filesystem;

// Data sets that the reference counts by what it knows of the published files; we count what is there.
bool counts_by_heart(const Json& c) {
  static const std::set<std::string> kByHeart = {"GoogleRobotVideoDataset", "SV2PVideoDataset"};
  return kByHeart.contains(c["class"]);
}

// The test reader of SequenceExamples is a data set here.
std::string dataset_name(const Json& c) {
  return c["dataset"] == "SeqEx" ? "sequence_example" : c["dataset"].get<std::string>();
}

std::string hparams_text(const Json& hparams) {
  if (hparams.is_null()) return "";
  if (hparams.is_string()) return hparams;
  std::string all;
  for (const auto& text : hparams) all += (all.empty() ? "" : ",") + text.get<std::string>();
  return all;
}

std::unique_ptr<Dataset> open(const Case& recorded, const Json& overrides = Json::object()) {
  const auto& c = recorded.json();
  const auto folder =
      fs::path(recorded.folder()).parent_path().parent_path() / c["input_dir"].get<std::string>();
  std::vector<std::pair<std::string, Json>> dicts;
  if (!c["hparams_dict"].is_null()) dicts.emplace_back("hparams_dict", c["hparams_dict"]);
  auto dataset = open_dataset(dataset_name(c), folder.string(), c["mode"], dicts, hparams_text(c["hparams"]));
  for (const auto& [name, value] : overrides.items()) dataset->view().set(name, value);
  if (c.contains("then") || !overrides.empty())
    dataset->set_sequence_length(c.contains("then") ? 0 : dataset->hparams().sequence_length);
  return dataset;
}

std::vector<Batch> read(const Dataset& dataset, const Json& c) {
  auto stream = dataset.batches(
      {.batch_size = c["batch_size"], .num_epochs = c["num_epochs"].get<int64_t>(), .seed = 5});
  std::vector<Batch> all;
  while (auto batch = stream->next()) all.push_back(std::move(*batch));
  return all;
}

// --- Where we differ on purpose (see docs/differences.md)

enum class Outcome {
  kSame,
  kReads,   // where the reference fails
  kFails,   // where the reference ends without a word
  kOthers,  // other sequences
};

int64_t resolved(const Json& c, const char* name) {
  const auto hparams = c.find("resolved_hparams");
  return hparams != c.end() && hparams->is_object() ? hparams->value(name, 0) : 0;
}

bool failed(const Json& c) { return c.contains("error") && !c["error"].is_null(); }

bool refused_records(const Json& c) {
  const auto records = c.value("per_record", Json::array());
  return std::any_of(records.begin(), records.end(),
                     [](const Json& record) { return !record.value("ok", true); });
}

// Nothing where the data set cannot be opened.
std::optional<VideoShape> shape_of(const Case& recorded, const Json& overrides = Json::object()) {
  try {
    return open(recorded, overrides)->shape();
  } catch (const Error&) {
    return std::nullopt;
  }
}

// There, pictures of one channel cannot be cropped or scaled.
bool cuts_one_channel(const Case& recorded) {
  const auto& c = recorded.json();
  if (!failed(c) || (resolved(c, "crop_size") == 0 && resolved(c, "scale_size") == 0)) return false;
  const auto shape = shape_of(recorded);
  return shape && shape->channels == 1;
}

// There, a window as large as the picture cannot be drawn.
bool draws_whole_pictures(const Case& recorded) {
  const auto size = resolved(recorded.json(), "random_crop_size");
  if (size == 0 || !refused_records(recorded.json())) return false;
  const auto shape = shape_of(recorded, {{"random_crop_size", 0}});
  return shape && std::min(shape->height, shape->width) == size;
}

// There, records that are too short because of the frame skip are not left out, and fail.
bool leaves_out_more(const Json& c) {
  return resolved(c, "frame_skip") > 0 && resolved(c, "sequence_length") > 0 &&
         (failed(c) ? c["error"]["stage"] == "run" : refused_records(c)) &&
         find_dataset(dataset_name(c)).layout == Layout::kVarLen;
}

// Sequences that an epoch's records yield one by one; nothing where reading them fails.
std::optional<int64_t> sequences(const Case& recorded) {
  try {
    const auto dataset = open(recorded);
    const auto stream = dataset->batches({.batch_size = 1, .num_epochs = 1, .seed = 5});
    int64_t count = 0;
    while (stream->next()) ++count;
    return count;
  } catch (const Error&) {
    return std::nullopt;
  }
}

int64_t whole_batches(const Json& c, int64_t sequences) {
  return sequences * c["num_epochs"].get<int64_t>() / c["batch_size"].get<int64_t>();
}

bool ended_without_a_word(const Json& c) {
  return c.value("batches_produced", 1) == 0 && !failed(c) && !c.contains("per_record");
}

// There, a sequence that fails may end the data; so does, here as well, a batch that is never full.
Outcome instead_of_nothing(const Case& recorded) {
  const auto found = sequences(recorded);
  return found && whole_batches(recorded.json(), *found) == 0 ? Outcome::kReads : Outcome::kFails;
}

// There, it yields sequences of no frames.
bool asks_for_no_frames(const Json& c) {
  return !failed(c) && c.contains("resolved_hparams") && resolved(c, "sequence_length") == 0 &&
         find_dataset(dataset_name(c)).layout == Layout::kVarLen;
}

Outcome outcome_of(const Case& recorded) {
  const auto& c = recorded.json();
  if (asks_for_no_frames(c)) return Outcome::kFails;
  if (leaves_out_more(c)) return failed(c) ? Outcome::kReads : Outcome::kOthers;
  if (cuts_one_channel(recorded) || draws_whole_pictures(recorded)) return Outcome::kReads;
  return ended_without_a_word(c) ? instead_of_nothing(recorded) : Outcome::kSame;
}

// --- Errors

// The data set must fail, and where files are missing with an error of the data.
void expect_error(const Case& recorded, Comparison& comparison) {
  const auto& c = recorded.json();
  const auto expected = failed(c) ? c["error"]["exception"] : Json("any error");
  try {
    read(*open(recorded), c);
    comparison.problem(concat("reads instead of failing with ", expected));
  } catch (const DataError& error) {
    comparison.agree(concat(expected, ": ", error.what()));
  } catch (const UsageError& error) {
    comparison.agree(concat(expected, ": ", error.what()));
    if (expected == "FileNotFoundError") comparison.problem("missing files are a usage error");
  }
}

void compare_shape(const Dataset& dataset, const std::vector<Batch>& batches, Comparison& comparison) {
  const auto list = [](const VideoShape& s) {
    return Json({s.channels, s.height, s.width, s.actions, s.states, s.pix_distribs});
  };
  if (!batches.empty()) comparison.equal("shape", list(batches.front().shape()), list(dataset.shape()));
}

// What fails there yields the sequences that are left; where there are none, it may fail here, too.
void expect_the_others(const Case& recorded, const Dataset& dataset, Comparison& comparison) {
  const auto& c = recorded.json();
  const auto found = sequences(recorded);
  if (!found) return comparison.problem("not one epoch can be read");
  try {
    const auto batches = read(dataset, c);
    compare_shape(dataset, batches, comparison);
    comparison.equal("batches", batches.size(), whole_batches(c, *found));
  } catch (const DataError& error) {
    comparison.equal("sequences, although reading fails", *found, 0);
  }
}

// --- Which sequences came, found by their pictures

using Place = std::tuple<std::string, int64_t, int64_t>;  // file, record, step

// The frames of one record.
std::vector<std::string_view> frames_of(const ExampleView& record, const std::string& images) {
  if (const auto at = images.find("%d"); at != std::string::npos) {
    std::vector<std::string_view> frames;
    for (int64_t t = 0;; ++t) {
      const auto* frame = record.find(std::string(images).replace(at, 2, std::to_string(t)));
      if (frame == nullptr) return frames;
      frames.push_back(frame->bytes().at(0));
    }
  }
  if (!record.has_list(images)) return record.find(images)->bytes();
  std::vector<std::string_view> frames;
  for (const auto& step : record.get_list(images)) frames.push_back(step.bytes().at(0));
  return frames;
}

std::string pixels_of(std::string_view frame, const PictureSize& size) {
  std::string pixels(frame);
  if (static_cast<int64_t>(frame.size()) == size.values()) return pixels;
  pixels.resize(static_cast<size_t>(size.values()));
  decode_picture(frame, size, reinterpret_cast<uint8_t*>(pixels.data()));
  return pixels;
}

std::multimap<std::string, Place> all_pictures(const Dataset& dataset, const std::string& images) {
  const PictureSize size{dataset.shape().height, dataset.shape().width, dataset.shape().channels};
  std::multimap<std::string, Place> all;
  for (const auto& file : dataset.files()) {
    TfRecordReader reader(file);
    for (int64_t record = 0; const auto data = reader.next(); ++record) {
      const ExampleView example(*data);
      const auto frames = frames_of(example, images);
      for (size_t t = 0; t < frames.size(); ++t)
        all.emplace(pixels_of(frames[t], size), Place{fs::path(file).filename().string(), record, t});
    }
  }
  return all;
}

std::string first_picture(const Tensor& images, int64_t b) {
  const auto picture = images[0][b].permute({1, 2, 0}).mul(255).round().to(at::kByte).contiguous();
  return {static_cast<const char*>(picture.data_ptr()), static_cast<size_t>(picture.numel())};
}

// Which records came, how often, in which order where it is not random, and where the sequences start.
void compare_samples(const Dataset& dataset, const Json& c, const std::vector<Batch>& batches,
                     Comparison& comparison) {
  const auto pictures = all_pictures(dataset, c["state_like_names_and_shapes"]["images"][0]);
  const auto& hparams = dataset.hparams();
  const bool random_start = hparams.force_time_shift || (c["mode"] == "train" && hparams.time_shift > 0);
  std::vector<std::pair<std::string, int64_t>> expected, found;
  for (const auto& batch : c["samples"])
    for (const auto& sample : batch) expected.emplace_back(sample[0], sample[1]);
  for (const auto& batch : batches)
    for (int64_t b = 0; b < batch.batch_size(); ++b) {
      const auto place = pictures.find(first_picture(batch.images, b));
      if (place == pictures.end()) return comparison.problem("a picture that is in no record");
      const auto& [file, record, step] = place->second;
      found.emplace_back(file, record);
      if ((random_start ? step % hparams.time_shift : step) != 0)
        comparison.problem(concat("a sequence starts at step ", step));
    }
  if (c["mode"] == "train" || (c["mode"] == "val" && hparams.shuffle_on_val)) {
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
  }
  comparison.equal("samples", Json(found), Json(expected));
}

// --- Numbers

// Ours are time-major and planar: [T, B, (P or C, H, W)] -> [B, T, (H, W, P or C)].
Tensor as_stored(const Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  return tensor.dim() == 5 ? tensor.permute({1, 0, 3, 4, 2}) : tensor.transpose(0, 1);
}

// Every 16th row and column of [B, T, H, W, C].
Tensor every16(const Tensor& images) { return images.slice(2, 0, {}, 16).slice(3, 0, {}, 16); }

// What a recorded quantity is of a batch, and how far it may be off.
struct Quantity {
  std::string name;
  Tensor (*of)(const Batch& batch);
  double tolerance;
};
const std::vector<Quantity>& quantities() {
  static const std::vector<Quantity> kQuantities = {
      {"images", [](const Batch& b) { return as_stored(b.images); }, 0},
      {"images_u8", [](const Batch& b) { return as_stored(b.images); }, 0},
      {"images_every16", [](const Batch& b) { return every16(as_stored(b.images)); }, 0},
      {"images_mean",
       [](const Batch& b) {
         return as_stored(b.images).mean(at::IntArrayRef{2, 3});
       },
       1e-6},
      {"states", [](const Batch& b) { return as_stored(b.states); }, 0},
      {"actions", [](const Batch& b) { return as_stored(b.actions); }, 0},
      {"pix_distribs", [](const Batch& b) { return as_stored(b.pix_distribs); }, 1e-6},
  };
  return kQuantities;
}

// "batch0/images" -> 0, "images".
std::pair<size_t, std::string> parts(const std::string& name) {
  const auto slash = name.find('/');
  return {std::stoul(name.substr(5, slash - 5)), name.substr(slash + 1)};
}

// Bytes stand for the floats that they are converted to.
Tensor expected_value(const Case& recorded, const std::string& name) {
  const auto& stored = recorded.tensor(name);
  return stored.scalar_type() == at::kByte ? stored.to(at::kFloat).mul(1.0F / 255.0F) : stored;
}

void compare_tensors(const Case& recorded, const std::vector<Batch>& batches, Comparison& comparison) {
  const auto& c = recorded.json();
  const bool resized = c["resolved_hparams"]["scale_size"] != 0;
  const bool in_bytes = c["value_range"]["batch0"][1] > 1.0;  // resized pictures; ours are always in [0, 1]
  for (const auto& [name, _] : c["tensors"].items()) {
    const auto [number, quantity_name] = parts(name);
    if (quantity_name == "object_pos") continue;  // drawn as pix_distribs
    const auto quantity =
        std::find_if(quantities().begin(), quantities().end(),
                     [&, wanted = quantity_name](const Quantity& q) { return q.name == wanted; });
    if (quantity == quantities().end() || number >= batches.size()) {
      comparison.problem(name + " is missing");
      continue;
    }
    const bool picture = quantity_name.starts_with("images");
    auto expected = expected_value(recorded, name);
    if (picture && in_bytes) expected = expected / 255;
    comparison.compare(name, quantity->of(batches[number]), expected,
                       picture && resized ? 2e-6 : quantity->tolerance);
  }
}

// The pictures of a sequence as they are stored, [1, T, H, W, C], have a window that satisfies `fits`.
template <class Fits>
bool has_window(const Tensor& whole, int64_t size, const Fits& fits) {
  for (int64_t row = 0; row + size <= whole.size(2); ++row)
    for (int64_t column = 0; column + size <= whole.size(3); ++column)
      if (fits(whole.slice(2, row, row + size).slice(3, column, column + size))) return true;
  return false;
}

// Random windows: ours and the recorded ones must be windows of the same pictures.
void compare_windows(const Case& recorded, const std::vector<Batch>& batches, Comparison& comparison) {
  const auto& c = recorded.json();
  const int64_t size = c["resolved_hparams"]["random_crop_size"];
  const auto whole = read(*open(recorded, {{"random_crop_size", 0}}), c);
  for (size_t i = 0; recorded.has(concat("batch", i, "/images_every16")); ++i) {
    const auto expected = recorded.tensor(concat("batch", i, "/images_every16"));
    const auto ours = as_stored(batches.at(i).images), pictures = as_stored(whole.at(i).images);
    const bool theirs_found = has_window(
        pictures, size, [&](const Tensor& window) { return at::equal(every16(window), expected); });
    const bool ours_found =
        has_window(pictures, size, [&](const Tensor& window) { return at::equal(window, ours); });
    comparison.equal(concat("windows of batch ", i), Json({theirs_found, ours_found}), Json({true, true}));
  }
}

}  // namespace

void run_batches(const Case& recorded, Comparison& comparison) {
  const auto& c = recorded.json();
  const auto outcome = outcome_of(recorded);
  const bool fails = outcome == Outcome::kSame ? failed(c) || refused_records(c) : outcome == Outcome::kFails;
  if (fails) return expect_error(recorded, comparison);
  const auto dataset = open(recorded);
  comparison.equal("hparams", dataset->view().to_json(), c["resolved_hparams"]);
  if (outcome == Outcome::kReads) return expect_the_others(recorded, *dataset, comparison);
  const auto batches = read(*dataset, c);
  compare_shape(*dataset, batches, comparison);
  if (outcome == Outcome::kSame) {
    if (c["num_examples_per_epoch"].is_number() && !counts_by_heart(c))
      comparison.equal("num_examples_per_epoch", dataset->num_examples_per_epoch(),
                       c["num_examples_per_epoch"]);
    if (c["stopped"] == "end of data or error")
      comparison.equal("batches", batches.size(), c["batches_produced"]);
    if (c.contains("samples") && c["stopped"] != "asked for 1")
      compare_samples(*dataset, c, batches, comparison);
  }
  if (resolved(c, "random_crop_size") > 0) return compare_windows(recorded, batches, comparison);
  if (!c["tensors"].empty()) compare_tensors(recorded, batches, comparison);
}

}  // namespace savp::golden
