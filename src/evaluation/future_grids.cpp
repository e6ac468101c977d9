#include "evaluation/future_grids.h"

#include <algorithm>

#include "core/text.h"
#include "io/array_writer.h"
#include "io/gif.h"
#include "io/movie.h"
#include "io/padded_number.h"

namespace savp {
namespace {

std::string numbered(const std::string& name, int64_t number, size_t digits) {
  return name + "_" + padded_number(number, digits);
}

std::vector<Picture> joined(std::vector<Picture> first, const std::vector<Picture>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

int64_t count(const std::vector<Picture>& frames) { return static_cast<int64_t>(frames.size()); }

// Videos of one length, [N, T, H, W, C] or, where there is but one, [T, H, W, C].
NamedArray as_array(const std::string& name, const std::vector<std::vector<Picture>>& videos, bool one) {
  const auto& first = videos.at(0).at(0);
  NamedArray array{name, {NumberType::kUint8, {}}, {}};
  if (!one) array.header.shape.push_back(static_cast<int64_t>(videos.size()));
  for (const auto size : {count(videos[0]), first.height, first.width, first.channels})
    array.header.shape.push_back(size);
  for (const auto& video : videos)
    for (const auto& frame : video) array.bytes.append(frame.pixels.begin(), frame.pixels.end());
  return array;
}

}  // namespace

FutureGrids::FutureGrids(std::filesystem::path folder, GridLayout layout)
    : folder_(std::move(folder)), layout_(std::move(layout)) {}

void FutureGrids::begin(int64_t sequence, std::vector<Picture> context, std::vector<Picture> truth) {
  open_.push_back({sequence, std::move(context), std::move(truth), {}});
}

void FutureGrids::add(int64_t sequence, const std::vector<Picture>& future) {
  for (auto& open : open_)
    if (open.number == sequence && static_cast<int64_t>(open.futures.size()) < layout_.futures)
      open.futures.push_back(future);
}

bool FutureGrids::wants(GridFormat format) const {
  return std::find(layout_.formats.begin(), layout_.formats.end(), format) != layout_.formats.end();
}

std::string FutureGrids::label(size_t future) const {
  return future < layout_.labels.size()
             ? layout_.labels[future]
             : concat("future ", layout_.first_sample + static_cast<int64_t>(future));
}

Sheet FutureGrids::moving(const Sequence& sequence, bool with_given) const {
  const auto& context = sequence.context;
  Sheet sheet{count(context), count(context) + count(sequence.futures.at(0)), {{}}};
  auto& row = sheet.rows[0];
  if (with_given || sequence.truth.empty()) row.push_back({"given", context});
  if (!sequence.truth.empty())
    row.push_back({"what happened", joined(context, sequence.truth), 0, FrameMark::kHappened});
  for (size_t i = 0; i < sequence.futures.size(); ++i)
    row.push_back({label(i), joined(context, sequence.futures[i])});
  return sheet;
}

Sheet FutureGrids::still(const Sequence& sequence) const {
  const auto& context = sequence.context;
  Sheet sheet{count(context), count(context) + count(sequence.futures.at(0)), {{}}};
  auto& row = sheet.rows[0];
  row.push_back({sequence.truth.empty() ? "given" : "given, happened", joined(context, sequence.truth), 0,
                 FrameMark::kHappened});
  for (size_t i = 0; i < sequence.futures.size(); ++i)
    row.push_back({label(i), sequence.futures[i], count(context)});
  return sheet;
}

void FutureGrids::write_moving(const Sheet& sheet, const std::string& name) const {
  const auto moves = {GridFormat::kGif, GridFormat::kMp4, GridFormat::kWebm, GridFormat::kPng};
  if (std::none_of(moves.begin(), moves.end(), [&](GridFormat format) { return wants(format); })) return;
  const auto pages = moving_sheet(sheet, layout_.style);
  if (wants(GridFormat::kGif)) write_gif(folder_ / (name + ".gif"), pages, layout_.fps, layout_.palette);
  if (wants(GridFormat::kMp4)) write_movie(folder_ / (name + ".mp4"), pages, layout_.fps);
  if (wants(GridFormat::kWebm)) write_movie(folder_ / (name + ".webm"), pages, layout_.fps);
  for (size_t t = 0; t < pages.size() && wants(GridFormat::kPng); ++t)
    write_png(folder_ / (numbered(name, static_cast<int64_t>(t), 3) + ".png"), pages[t]);
}

void FutureGrids::write_arrays_of(const Sequence& sequence, const std::string& name) const {
  std::vector<NamedArray> arrays{as_array("context", {sequence.context}, true),
                                 as_array("futures", sequence.futures, false)};
  if (!sequence.truth.empty()) arrays.push_back(as_array("truth", {sequence.truth}, true));
  write_arrays(folder_ / (name + ".npz"), arrays);
}

void FutureGrids::write() {
  for (const auto& sequence : open_) {
    const auto name = numbered("grid", sequence.number, 5);
    write_moving(wrapped(moving(sequence, true)), name);
    if (wants(GridFormat::kStrip))
      write_png(folder_ / (numbered("strip", sequence.number, 5) + ".png"),
                strip(still(sequence), layout_.style));
    if (wants(GridFormat::kNpz)) write_arrays_of(sequence, name);
    if (static_cast<int64_t>(overview_.rows.size()) >= layout_.overview) continue;
    auto sheet = moving(sequence, false);
    overview_.context = sheet.context;
    overview_.frames = sheet.frames;
    overview_.rows.push_back(std::move(sheet.rows[0]));
  }
  open_.clear();
}

void FutureGrids::finish() {
  write();
  if (!overview_.rows.empty()) write_moving(overview_, "overview");
}

}  // namespace savp
