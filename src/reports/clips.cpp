#include "reports/clips.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <system_error>

#include "core/error.h"
#include "evaluation/metric_table.h"
#include "io/json_text.h"
#include "io/padded_number.h"

namespace savp::reports {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int64_t kWidestStrip = 16384;  // pixels that browsers draw

// SSSSS and TT stand for the number of the sequence and of the frame.
std::string filled(std::string pattern, int64_t sequence, int64_t frame) {
  const auto replace = [&](const std::string& mark, int64_t value) {
    const auto at = pattern.rfind(mark);
    if (at != std::string::npos) pattern.replace(at, mark.size(), padded_number(value, mark.size()));
  };
  replace("SSSSS", sequence);
  replace("TT", frame);
  return pattern;
}

// Files as they are laid out in results of any version.
std::string task_pattern(const std::string& metric, const std::string& subtask, const char* files) {
  return concat("prediction_eval_", metric, "_", subtask, "/", files);
}

const Json& pictures_of(const Result& result) {
  static const Json kNull;
  const auto& summary = result.summary;
  return summary.is_object() && summary.contains("pictures") ? summary["pictures"] : kNull;
}

bool there(const Result& result, const std::string& pattern, int64_t sequence) {
  std::error_code unreadable;
  return !pattern.empty() && fs::exists(result.folder / filled(pattern, sequence, 0), unreadable);
}

std::vector<Picture> read_frames(const Result& result, const std::string& pattern, int64_t sequence) {
  std::vector<Picture> frames;
  std::error_code unreadable;
  for (int64_t frame = 0;; ++frame) {
    const auto path = result.folder / filled(pattern, sequence, frame);
    if (!fs::exists(path, unreadable)) return frames;
    frames.push_back(read_image(path));
    const auto& first = frames.front();
    SAVP_CHECK(frames.back().height == first.height && frames.back().width == first.width, DataError,
               path.string(), ": is not as large as the frames before it");
  }
}

Picture side_by_side(const std::vector<Picture>& frames) {
  const auto& first = frames.front();
  Picture strip{first.height, 0, first.channels, {}};
  for (const auto& frame : frames) strip.width += frame.width;
  strip.pixels.reserve(static_cast<size_t>(strip.height * strip.width * strip.channels));
  for (int64_t y = 0; y < first.height; ++y)
    for (const auto& frame : frames) {
      const auto row = frame.pixels.begin() + y * frame.width * frame.channels;
      strip.pixels.insert(strip.pixels.end(), row, row + frame.width * frame.channels);
    }
  return strip;
}

std::vector<Picture> cut_apart(const Picture& strip, int64_t width) {
  std::vector<Picture> frames;
  for (int64_t left = 0; left + width <= strip.width; left += width) {
    Picture frame{strip.height, width, strip.channels, {}};
    for (int64_t y = 0; y < strip.height; ++y) {
      const auto row = strip.pixels.begin() + (y * strip.width + left) * strip.channels;
      frame.pixels.insert(frame.pixels.end(), row, row + width * strip.channels);
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

Clip clip_of(std::string label, std::vector<Picture> frames, int64_t context) {
  const auto most = std::max<int64_t>(1, kWidestStrip / frames.front().width);
  if (static_cast<int64_t>(frames.size()) > most) frames.resize(static_cast<size_t>(most));
  const auto count = static_cast<int64_t>(frames.size());
  return {std::move(label), side_by_side(frames), count, std::min(context, count)};
}

const Metric* metric_of_sequences(const Result& result) {
  for (const auto& metric : result.metrics)
    if (metric.tables.count(metric.best) > 0) return &metric;
  return nullptr;
}

std::string context_pattern(const Result& result) {
  const auto told = text_at(pictures_of(result), "context");
  const auto* metric = metric_of_sequences(result);
  if (!told.empty() || metric == nullptr) return told;
  return task_pattern(metric->name, metric->best, "inputs/context_image_SSSSS_TT.png");
}

// Of each sequence, over the predicted frames.
std::vector<double> means(const MetricTable& table) {
  std::vector<double> found;
  for (const auto& row : table.rows)
    found.push_back(std::accumulate(row.begin(), row.end(), 0.0) /
                    static_cast<double>(std::max<size_t>(row.size(), 1)));
  return found;
}

std::string why(size_t rank, size_t count, const Metric& metric) {
  const std::string place = rank == 0                                    ? "best"
                            : rank + 1 == count                          ? "worst"
                            : 2 * rank + 1 == count || 2 * rank == count ? "median"
                                                                         : "";
  const auto by = concat("rank ", rank + 1, " of ", count, " by ", metric.name);
  return place.empty() ? by : concat(place, ": ", by);
}

// Predicted frames behind the context, as one clip.
void add_clip(std::vector<Clip>& clips, const std::string& label, const std::vector<Picture>& context,
              std::vector<Picture> future) {
  if (future.empty()) return;
  future.insert(future.begin(), context.begin(), context.end());
  clips.push_back(clip_of(label, std::move(future), static_cast<int64_t>(context.size())));
}

}  // namespace

std::vector<Choice> choose_sequences(const Result& result, int64_t count) {
  const auto* metric = metric_of_sequences(result);
  if (metric == nullptr || !there(result, context_pattern(result), 0)) return {};
  const auto values = means(MetricTable::read(result.folder / metric->tables.at(metric->best)));
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return metric->smaller_is_better() ? values[a] < values[b] : values[a] > values[b];
  });
  const auto shown = std::min<size_t>(static_cast<size_t>(std::max<int64_t>(count, 0)), order.size());
  std::vector<Choice> choices;
  for (size_t i = 0; i < shown; ++i) {
    const auto rank = shown == 1 ? 0 : (i * (order.size() - 1) + (shown - 1) / 2) / (shown - 1);
    choices.push_back({static_cast<int64_t>(order[rank]), why(rank, order.size(), *metric)});
  }
  return choices;
}

std::vector<Clip> truth_clips(const Result& result, int64_t sequence) {
  const auto pattern = text_at(pictures_of(result), "truth");
  const auto context = read_frames(result, context_pattern(result), sequence);
  if (context.empty() || !there(result, pattern, sequence)) return {};
  auto frames = cut_apart(read_image(result.folder / filled(pattern, sequence, 0)), context.front().width);
  if (frames.empty()) return {};
  return {clip_of("what happened", std::move(frames), static_cast<int64_t>(context.size()))};
}

std::vector<Clip> predicted_clips(const Result& result, int64_t sequence) {
  const auto* metric = metric_of_sequences(result);
  const auto context = read_frames(result, context_pattern(result), sequence);
  if (metric == nullptr || context.empty()) return {};
  const std::string worst = metric->best == "max" ? "min" : "max";
  std::vector<Clip> clips;
  for (const auto& [subtask, words] :
       {std::pair<std::string, const char*>{metric->best, "best"}, {worst, "worst"}}) {
    const auto pattern = task_pattern(metric->name, subtask, "outputs/gen_image_SSSSS_TT.png");
    add_clip(clips, concat(words, " by ", metric->name), context, read_frames(result, pattern, sequence));
  }
  const auto& pictures = pictures_of(result);
  if (!pictures.is_object() || !pictures.contains("samples")) return clips;
  for (size_t i = 0; i < pictures["samples"].size(); ++i) {
    const auto& pattern = pictures["samples"][i];
    if (!pattern.is_string() || !there(result, pattern, sequence)) continue;
    const auto strip = read_image(result.folder / filled(pattern, sequence, 0));
    add_clip(clips, concat("sample ", i + 1), context, cut_apart(strip, context.front().width));
  }
  return clips;
}

}  // namespace savp::reports
