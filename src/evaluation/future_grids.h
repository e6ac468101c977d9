// Grids of futures: what was given, what happened where that is known, and what may happen, side by side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "evaluation/sheets.h"
#include "io/gif.h"

namespace savp {

enum class GridFormat { kGif, kMp4, kWebm, kPng, kStrip, kNpz };
template <>
struct EnumNames<GridFormat> {
  static constexpr std::pair<GridFormat, const char*> kTable[] = {
      {GridFormat::kGif, "gif"}, {GridFormat::kMp4, "mp4"},     {GridFormat::kWebm, "webm"},
      {GridFormat::kPng, "png"}, {GridFormat::kStrip, "strip"}, {GridFormat::kNpz, "npz"}};
};

struct GridLayout {
  std::vector<GridFormat> formats;
  SheetStyle style;
  double fps = 4;
  GifPalette palette = GifPalette::kVideo;
  int64_t futures = 10;  // of each sequence, the first
  int64_t overview = 0;  // sequences, the first, that are shown together
  int64_t first_sample = 0;
  std::vector<std::string> labels;  // of the futures; else "future" and the number of the sample
};

// grid_SSSSS.gif (.mp4, .webm), grid_SSSSS_TTT.png, strip_SSSSS.png and grid_SSSSS.npz, by number of the
// sequence and the frame; overview.gif (and so on) of several sequences.
class FutureGrids {
 public:
  FutureGrids(std::filesystem::path folder, GridLayout layout);

  // A further sequence; `truth` are the frames that followed, as far as they are known.
  void begin(int64_t sequence, std::vector<Picture> context, std::vector<Picture> truth);
  // The next future of the sequence that begin() named.
  void add(int64_t sequence, const std::vector<Picture>& future);
  // Writes the sequences that were begun since.
  void write();
  // Writes what shows several sequences.
  void finish();

 private:
  struct Sequence {
    int64_t number;
    std::vector<Picture> context, truth;
    std::vector<std::vector<Picture>> futures;
  };

  std::string label(size_t future) const;
  Sheet moving(const Sequence& sequence, bool with_given) const;
  Sheet still(const Sequence& sequence) const;
  void write_moving(const Sheet& sheet, const std::string& name) const;
  void write_arrays_of(const Sequence& sequence, const std::string& name) const;
  bool wants(GridFormat format) const;

  std::filesystem::path folder_;
  GridLayout layout_;
  std::vector<Sequence> open_;
  Sheet overview_;
};

}  // namespace savp
