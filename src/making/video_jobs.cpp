#include "making/video_jobs.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"
#include "making/video_split.h"
#include "making/workers.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// The sequences of a video, or why there are none.
struct Outcome {
  VideoSequences sequences;
  std::string refusal;
};

Outcome attempt(const VideoJobs& jobs, const fs::path& video, const std::string& split) {
  try {
    return {jobs.read(video, split), ""};
  } catch (const DataError& error) {
    if (jobs.skip_bad) return {{}, error.what()};
    throw DataError(concat(error.what(), " (--skip_bad_videos leaves such videos out)"));
  }
}

}  // namespace

Json write_videos(const VideoJobs& jobs, const PreparedFolder& folder) {
  Json manifest = {{"sequences", Json::object()}, {"videos", Json::object()}, {"left_out", Json::array()}};
  int64_t total = 0;
  for (const auto& split : jobs.splits) total += static_cast<int64_t>(split.videos.size());
  Countdown countdown(total, "videos");
  for (const auto& split : jobs.splits) {
    SplitWriter writer(folder.path() / split.name, "sequence");
    auto& names = manifest["videos"][split.name] = Json::array();
    const auto read = [&](int64_t i) {
      return attempt(jobs, split.videos[static_cast<size_t>(i)], split.name);
    };
    in_order(static_cast<int64_t>(split.videos.size()), worker_threads(jobs.threads), read,
             [&](int64_t i, const Outcome& outcome) {
               stop_if_interrupted();
               const auto name = split.videos[static_cast<size_t>(i)].lexically_relative(jobs.root).string();
               if (!outcome.refusal.empty()) log::warn("left out: " + outcome.refusal);
               (outcome.refusal.empty() ? names : manifest["left_out"]).push_back(name);
               const auto& [records, lengths] = outcome.sequences;
               for (size_t k = 0; k < records.size(); ++k)
                 writer.write(records[k], jobs.lengths_file ? lengths[k] : 0);
               countdown.step();
             });
    writer.finish();
    manifest["sequences"][split.name] = writer.count();
    log::info(concat(split.name, ": ", counted(writer.count(), "sequence"), " of ",
                     counted(static_cast<int64_t>(names.size()), "video")));
  }
  if (const auto left_out = manifest["left_out"].size(); left_out > 0)
    log::warn(concat(left_out, " damaged videos were left out"));
  return manifest;
}

std::pair<std::vector<fs::path>, std::vector<fs::path>> keep_for_validation(
    const std::vector<fs::path>& videos, uint64_t seed) {
  const auto train = static_cast<size_t>(0.95 * static_cast<double>(videos.size()));
  std::pair<std::vector<fs::path>, std::vector<fs::path>> parts;
  for (const size_t i : shuffled_order(videos.size(), seed))
    (parts.first.size() < train ? parts.first : parts.second).push_back(videos[i]);
  return parts;
}

}  // namespace savp
