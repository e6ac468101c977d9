#include "evaluation/sheets.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace savp {
namespace {

constexpr Colour kPaper{255, 255, 255};
constexpr Colour kInk{40, 40, 40};
constexpr Colour kGivenFrame{31, 119, 180};   // blue
constexpr Colour kPredictedBar{255, 200, 0};  // yellow
constexpr int64_t kLetters = 10;              // height of capitals
constexpr int64_t kLine = 2 * kLetters;       // of words, with what is free above and below
constexpr int64_t kBorder = 4, kBar = 6, kGap = 8;

// Where the parts of a cell lie: frame, picture, bar.
struct Cell {
  int64_t height, width;  // of the enlarged picture
  int64_t outer_height() const { return height + 2 * kBorder + kBar; }
  int64_t outer_width() const { return width + 2 * kBorder; }
};

const Picture& any_frame(const Sheet& sheet) { return sheet.rows.at(0).at(0).frames.at(0); }

Cell cell_of(const Sheet& sheet, const SheetStyle& style) {
  const auto& frame = any_frame(sheet);
  return {frame.height * style.scale, frame.width * style.scale};
}

size_t columns_of(const Sheet& sheet) {
  size_t columns = 0;
  for (const auto& row : sheet.rows) columns = std::max(columns, row.size());
  return columns;
}

void draw_frame(Picture& page, int64_t top, int64_t left, const Picture& frame, FrameMark mark,
                const SheetStyle& style) {
  const auto large = enlarge(frame, style.scale, style.enlarging);
  if (mark == FrameMark::kGiven)
    fill(page, {top, left, large.height + 2 * kBorder, large.width + 2 * kBorder}, kGivenFrame);
  paste(page, large, top + kBorder, left + kBorder);
  if (mark == FrameMark::kPredicted)
    fill(page, {top + kBorder + large.height + 2, left + kBorder, kBar, large.width}, kPredictedBar);
}

FrameMark mark_of(const Sheet& sheet, const SheetVideo& video, int64_t t) {
  return t < sheet.context ? FrameMark::kGiven : video.mark;
}

// What the video shows at a time; it stays as it was last.
int64_t shown_at(const SheetVideo& video, int64_t t) {
  return std::clamp<int64_t>(t - video.first, 0, static_cast<int64_t>(video.frames.size()) - 1);
}

std::string footer(const Sheet& sheet, int64_t t) {
  return concat("frame ", t, " of 0-", sheet.frames - 1, t < sheet.context ? ", given" : ", predicted");
}

Picture page_at(const Sheet& sheet, const SheetStyle& style, int64_t t) {
  const auto cell = cell_of(sheet, style);
  const auto across = cell.outer_width() + kGap, down = kLine + cell.outer_height() + kGap;
  auto page = canvas(static_cast<int64_t>(sheet.rows.size()) * down + kLine + kGap,
                     static_cast<int64_t>(columns_of(sheet)) * across + kGap, kPaper);
  for (size_t row = 0; row < sheet.rows.size(); ++row)
    for (size_t column = 0; column < sheet.rows[row].size(); ++column) {
      const auto& video = sheet.rows[row][column];
      const auto top = kGap + static_cast<int64_t>(row) * down,
                 left = kGap + static_cast<int64_t>(column) * across;
      write_words(page, {top, left + kBorder, kLetters, cell.width}, video.label, kInk);
      const auto shown = shown_at(video, t);
      draw_frame(page, top + kLine, left, video.frames[static_cast<size_t>(shown)],
                 mark_of(sheet, video, video.first + shown), style);
    }
  write_words(page, {page.height - kLine, kGap + kBorder, kLetters, page.width - 2 * kGap - kBorder},
              footer(sheet, t), kInk);
  return page;
}

// The frames of a strip.
std::vector<int64_t> chosen_frames(const Sheet& sheet) {
  const auto step = (sheet.frames + kStripFrames - 1) / kStripFrames;
  std::vector<int64_t> chosen;
  for (int64_t t = 0; t < sheet.frames; t += step) chosen.push_back(t);
  return chosen;
}

bool has_frame(const SheetVideo& video, int64_t t) {
  return t >= video.first && t < video.first + static_cast<int64_t>(video.frames.size());
}

}  // namespace

Sheet wrapped(const Sheet& sheet) {
  Sheet lines{sheet.context, sheet.frames, {}};
  for (const auto& row : sheet.rows) {
    const auto columns = static_cast<size_t>(std::ceil(std::sqrt(1.6 * static_cast<double>(row.size()))));
    for (size_t first = 0; first < row.size(); first += columns)
      lines.rows.emplace_back(row.begin() + static_cast<ptrdiff_t>(first),
                              row.begin() + static_cast<ptrdiff_t>(std::min(first + columns, row.size())));
  }
  return lines;
}

std::vector<Picture> moving_sheet(const Sheet& sheet, const SheetStyle& style) {
  std::vector<Picture> pages;
  for (int64_t t = 0; t < sheet.frames; ++t) pages.push_back(page_at(sheet, style, t));
  return pages;
}

Picture strip(const Sheet& sheet, const SheetStyle& style) {
  constexpr int64_t kLabels = 150;  // width
  const auto cell = cell_of(sheet, style);
  const auto times = chosen_frames(sheet);
  const auto across = cell.outer_width() + kGap / 2, down = cell.outer_height() + kGap;
  int64_t lines = 0;
  for (const auto& row : sheet.rows) lines += static_cast<int64_t>(row.size());
  auto page = canvas(kGap + kLine + lines * down,
                     kLabels + static_cast<int64_t>(times.size()) * across + kGap, kPaper);
  for (size_t i = 0; i < times.size(); ++i)
    write_words(page, {kGap, kLabels + static_cast<int64_t>(i) * across + kBorder, kLetters, cell.width},
                std::to_string(times[i]), kInk);
  int64_t top = kGap + kLine;
  for (const auto& row : sheet.rows)
    for (const auto& video : row) {
      write_words(page, {top + cell.outer_height() / 2 - kLetters, kGap, kLetters, kLabels - 2 * kGap},
                  video.label, kInk);
      for (size_t i = 0; i < times.size(); ++i)
        if (has_frame(video, times[i]))
          draw_frame(page, top, kLabels + static_cast<int64_t>(i) * across,
                     video.frames[static_cast<size_t>(times[i] - video.first)],
                     mark_of(sheet, video, times[i]), style);
      top += down;
    }
  return page;
}

}  // namespace savp
