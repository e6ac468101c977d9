#include "cli/inspect.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <vector>

#include "core/log.h"
#include "core/printable.h"
#include "core/text.h"
#include "evaluation/pictures.h"
#include "io/example.h"
#include "io/folder_lock.h"
#include "io/gif.h"
#include "io/tfrecord.h"
#include "opening/open_dataset.h"

namespace savp::cli {
namespace {

namespace fs = std::filesystem;

// --- Text

std::string text(const VideoShape& shape) {
  auto words = concat(shape.height, "x", shape.width, "x", shape.channels);
  if (shape.actions > 0) words += concat(", ", shape.actions, " actions");
  if (shape.states > 0) words += concat(", ", shape.states, " states");
  if (shape.pix_distribs > 0) words += concat(", ", shape.pix_distribs, " designated points");
  return words;
}

std::string describe_split(const Dataset& data) {
  return concat("  ", data.mode(), ": ", counted(data.num_examples_per_epoch(), "sequence"), " of ",
                counted(data.hparams().sequence_length, "frame"), " in ",
                counted(static_cast<int64_t>(data.files().size()), "file"), ", ", text(data.shape()), "\n");
}

// Features that differ in the step alone count as one.
struct FeatureRow {
  std::set<std::string> contents;  // "1 byte strings of 12288 bytes"
  int64_t steps = 0;
};

std::string content_of(const FeatureView& feature) {
  auto words = concat(feature.count(), " ", kind_name(feature.kind()));
  if (feature.kind() == FeatureView::Kind::kBytes && feature.count() > 0)
    words += concat(" of ", feature.bytes().front().size(), " bytes");
  if (feature.kind() == FeatureView::Kind::kInts && feature.count() == 1)
    words = std::to_string(feature.ints().front());
  return words;
}

std::string describe_features(const std::string& file) {
  TfRecordReader reader(file);
  const auto record = reader.next();
  SAVP_CHECK(record, DataError, file, ": holds no records");
  const ExampleView example(*record);
  std::map<std::string, FeatureRow> rows;
  for (const auto& [name, feature] : example.features()) {
    auto& row = rows[without_step(name, "<step>")];
    row.contents.insert(content_of(feature));
    ++row.steps;
  }
  for (const auto& [name, items] : example.lists()) {
    auto& row = rows[std::string(name) + " (list)"];
    for (const auto& item : items) row.contents.insert(content_of(item));
    row.steps = static_cast<int64_t>(items.size());
  }
  auto words = concat("features of the first record of ", printable(file), "\n");
  for (const auto& [name, row] : rows) {
    words += concat("  ", shown(name), ": ", row.steps > 1 ? concat(row.steps, " x ") : "");
    words += row.contents.empty() ? "nothing" : *row.contents.begin();
    words += row.contents.size() > 1 ? " (they differ)\n" : "\n";
  }
  return words;
}

// --- Pictures

Picture blank(int64_t height, int64_t width, int64_t channels) {
  return {height, width, channels, std::vector<uint8_t>(static_cast<size_t>(height * width * channels), 255)};
}

void paste(const Picture& part, Picture& whole, int64_t row, int64_t column) {
  for (int64_t y = 0; y < part.height; ++y)
    std::copy_n(part.pixels.begin() + y * part.width * part.channels, part.width * part.channels,
                whole.pixels.begin() + ((row + y) * whole.width + column) * part.channels);
}

// Pictures of one size in rows, with thin lines between them.
Picture tile(const std::vector<std::vector<Picture>>& rows) {
  constexpr int64_t kLine = 2;  // pixels
  const auto& first = rows.front().front();
  size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  const auto height = first.height + kLine, width = first.width + kLine;
  auto whole = blank(static_cast<int64_t>(rows.size()) * height - kLine,
                     static_cast<int64_t>(columns) * width - kLine, first.channels);
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t k = 0; k < rows[i].size(); ++k)
      paste(rows[i][k], whole, static_cast<int64_t>(i) * height, static_cast<int64_t>(k) * width);
  return whole;
}

// The first and last frame, and what lies between them at equal distances.
std::vector<Picture> spread(const std::vector<Picture>& video, int64_t count) {
  const auto last = static_cast<int64_t>(video.size()) - 1;
  const auto shown = std::min(count, last + 1);
  std::vector<Picture> some;
  for (int64_t i = 0; i < shown; ++i)
    some.push_back(video[static_cast<size_t>(shown == 1 ? 0 : (i * last + (shown - 1) / 2) / (shown - 1))]);
  return some;
}

// The first sequences, in the order of the files.
std::vector<std::vector<Picture>> some_videos(const Dataset& data, int64_t count) {
  std::vector<std::vector<Picture>> videos;
  const auto stream = data.batches({.batch_size = 1, .num_epochs = 1, .threads = 0});
  while (static_cast<int64_t>(videos.size()) < count) {
    const auto batch = stream->next();
    if (!batch) break;
    videos.push_back(to_pictures(batch->images).front());
  }
  SAVP_CHECK(!videos.empty(), DataError, data.files().front(),
             ": no sequence is as long as sequence_length=", data.hparams().sequence_length);
  return videos;
}

void write_pictures(const std::vector<std::vector<Picture>>& videos, const InspectOptions& options) {
  const auto folder = fs::path(options.output_dir);
  const auto lock = FolderLock::inside(folder);
  std::vector<std::vector<Picture>> rows;
  for (const auto& video : videos) rows.push_back(spread(video, options.columns));
  write_png(folder / "contact_sheet.png", tile(rows));
  std::vector<Picture> frames;
  for (size_t t = 0; t < videos.front().size(); ++t) {
    auto& side_by_side = rows.front();
    side_by_side.clear();
    for (const auto& video : videos) side_by_side.push_back(video[t]);
    frames.push_back(tile({side_by_side}));
  }
  write_gif(folder / "sequences.gif", frames, options.fps);
  log::info(concat("images of ", counted(static_cast<int64_t>(videos.size()), "sequence"), " are in ",
                   (folder / "contact_sheet.png").string(), " and sequences.gif"));
}

// --- Splits

// Null where the split is not there.
std::unique_ptr<Dataset> open_split(const InspectOptions& options, const std::string& mode) {
  try {
    const auto name = options.dataset ? *options.dataset : infer_dataset(options.input_dir, mode);
    return open_dataset(name, options.input_dir, mode, {}, options.dataset_hparams.value_or(""));
  } catch (const MissingSplitError&) {
    return nullptr;
  }
}

}  // namespace

void inspect(const InspectOptions& options) {
  std::unique_ptr<Dataset> shown;
  for (const char* mode : {"train", "val", "test"}) {
    auto data = open_split(options, mode);
    if (!data || (shown && shown->files() == data->files())) continue;  // records without splits serve all
    if (!shown) std::cout << printable(options.input_dir) << " (" << data->name() << ")\n";
    std::cout << describe_split(*data);
    if (!shown) shown = std::move(data);
  }
  SAVP_CHECK(shown, DataError, options.input_dir, ": none of its folders is called train, val or test");
  std::cout << describe_features(shown->files().front()) << std::flush;
  write_pictures(some_videos(*shown, options.num_samples), options);
}

}  // namespace savp::cli
