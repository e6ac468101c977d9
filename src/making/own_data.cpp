#include "making/own_data.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/failure.h"
#include "core/log.h"
#include "core/printable.h"
#include "io/sha256.h"
#include "making/cache.h"
#include "making/prepared_folder.h"
#include "making/sources.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFormat = 4;         // of what is in the cache: another number makes it anew
constexpr int64_t kLargestSide = 256;  // pixels; larger videos need a frame_size

fs::path normal(const std::string& input) {
  const auto path = fs::absolute(input).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

VideoDataOptions options_for(const std::string& input, const VideoHparams& hparams) {
  const auto span = [&](int64_t frames) { return (frames - 1) * (hparams.frame_skip + 1) + 1; };
  const auto [height, width] = hparams.frame_size;
  SAVP_CHECK((height > 0) == (width > 0), UsageError, "frame_size=[", height, ",", width,
             "]: both height and width must be given, or neither");
  VideoDataOptions options;
  options.input_dir = input;
  options.size = height > 0 ? concat(height, "x", width) : "0";
  options.fps = hparams.fps;
  options.image_key = hparams.image_key;
  options.action_key = hparams.action_key;
  options.state_key = hparams.state_key;
  options.array_axes = hparams.array_axes;
  options.split_within_videos = hparams.split_within_videos;
  options.overwrite = true;
  options.min_length = std::max<int64_t>(2, std::min(options.min_length, span(hparams.sequence_length)));
  options.clip_length =
      std::max({options.clip_length, span(hparams.sequence_length), span(hparams.long_sequence_length)});
  return options;
}

}  // namespace

bool holds_own_data(const std::string& input) {
  return fs::exists(input) && !holds_records(input) && has_sources(input);
}

std::string records_of_own_data(const std::string& input, const std::string& mode,
                                const VideoHparams& hparams, bool skip_bad_videos) {
  const auto folder = normal(input);
  auto options = options_for(folder.string(), hparams);
  options.skip_bad_videos = skip_bad_videos;
  const Json settings = {kFormat,
                         printable(folder.string()),
                         options.size,
                         skip_bad_videos,
                         options.fps,
                         options.clip_length,
                         options.min_length,
                         options.image_key,
                         options.action_key,
                         options.state_key,
                         options.array_axes,
                         options.split_within_videos};
  constexpr size_t kLongest = 100;  // bytes of the name; file systems allow 255
  const auto name =
      concat(folder.filename().string().substr(0, kLongest), "-",
             sha256(settings.dump(-1, ' ', false, Json::error_handler_t::replace)).substr(0, 16));
  const auto cache = cache_folder();
  std::error_code failure;
  fs::create_directories(cache, failure);
  if (failure)
    throw_failure(failure.value(),
                  cache.string() + ": cannot be made: set SAVP_CACHE_DIR to a folder that can be written to");
  const Json source = {
      {"folder", printable(folder.string())}, {"fingerprint", fingerprint(folder)}, {"settings", settings}};
  options.output_dir = (cache / name).string();
  auto lock = std::make_unique<CacheLock>(options.output_dir);
  if (!is_current(options.output_dir, source) && is_in_use(options.output_dir)) {
    // Another program reads it as the videos were.
    options.output_dir += concat(".", source["fingerprint"].get<std::string>().substr(0, 8));
    lock = std::make_unique<CacheLock>(options.output_dir);
  }
  if (!is_current(options.output_dir, source)) {
    remove_orphans(cache, options.output_dir);
    log::info(concat("reading ", input, " once; its frames are kept in ", options.output_dir));
    make_video_data(options, kLargestSide, {{"source", source}});
  } else if (const auto left_out = read_manifest(options.output_dir).value("left_out", Json::array());
             left_out.is_array() && !left_out.empty()) {
    log::warn(concat(left_out.size(), " of the files in ", input, " are left out, among them ",
                     left_out[0].is_string() ? left_out[0].get<std::string>() : left_out[0].dump()));
  }
  keep_in_use(options.output_dir);
  const auto manifest = read_manifest(options.output_dir);
  SAVP_CHECK(fs::exists(fs::path(options.output_dir) / mode), MissingSplitError, input,
             ": nothing in it is for ", mode, " (sequences: ", manifest.value("sequences", Json()).dump(),
             "): more files are needed, or folders train, val and test in it, or "
             "--dataset_hparams split_within_videos=true");
  return options.output_dir;
}

}  // namespace savp
