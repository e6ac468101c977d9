#include "datasets/own_data.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "datasets/prepared_folder.h"
#include "datasets/sources.h"
#include "savp/core/error.h"
#include "savp/core/log.h"
#include "savp/io/sha256.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFormat = 1;         // of what is in the cache: another number makes it anew
constexpr int64_t kLargestSide = 256;  // pixels; larger videos need a frame_size

fs::path cache_folder() {
  const std::pair<const char*, const char*> places[] = {
      {"SAVP_CACHE_DIR", ""}, {"XDG_CACHE_HOME", "savp"}, {"HOME", ".cache/savp"}};
  for (const auto& [variable, below] : places)
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0')
      return fs::path(value) / below;
  throw DataError("there is no place to keep what is read from videos: set SAVP_CACHE_DIR to a folder");
}

fs::path normal(const std::string& input) {
  const auto path = fs::absolute(input).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// The videos' names, sizes, times and rights: changes when any of them does.
std::string fingerprint(const fs::path& input) {
  std::vector<std::string> lines;
  const auto add = [&](const fs::path& path) {
    lines.push_back(concat(path.lexically_relative(input).string(), '\n', fs::file_size(path), ' ',
                           fs::last_write_time(path).time_since_epoch().count(), ' ',
                           static_cast<unsigned>(fs::status(path).permissions()), '\n'));
  };
  if (fs::is_directory(input)) {
    for (const auto& entry :
         fs::recursive_directory_iterator(input, fs::directory_options::skip_permission_denied))
      if (entry.is_regular_file()) add(entry.path());
  } else {
    add(input);
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const auto& line : lines) all += line;
  return sha256(all);
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
  options.overwrite = true;
  options.min_length = std::max<int64_t>(2, std::min(options.min_length, span(hparams.sequence_length)));
  options.clip_length =
      std::max({options.clip_length, span(hparams.sequence_length), span(hparams.long_sequence_length)});
  return options;
}

// Several programs may want the same videos at once: one reads them, the others wait.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    SAVP_CHECK(descriptor_ >= 0, DataError, path.string(), ": cannot be made (", std::strerror(errno),
               "): set SAVP_CACHE_DIR to a folder that can be written to");
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~Lock() { ::close(descriptor_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int descriptor_;
};

Json read_manifest(const fs::path& folder) {
  std::ifstream file(folder / kManifestName);
  return file ? Json::parse(file, nullptr, /*allow_exceptions=*/false) : Json();
}

bool is_of(const Json& manifest, const Json& source) {
  return manifest.is_object() && manifest.contains("source") && manifest["source"] == source;
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
  const Json settings = {kFormat,     folder.string(),     options.size,      skip_bad_videos,
                         options.fps, options.clip_length, options.min_length};
  const auto name =
      concat(folder.filename().string(), "-",
             sha256(settings.dump(-1, ' ', false, Json::error_handler_t::replace)).substr(0, 16));
  const auto cache = cache_folder();
  std::error_code failure;
  fs::create_directories(cache, failure);
  SAVP_CHECK(!failure, DataError, cache.string(), ": cannot be made (", failure.message(),
             "): set SAVP_CACHE_DIR to a folder that can be written to");
  options.output_dir = (cache / name).string();
  const Lock lock(cache / (name + ".lock"));
  const Json source = {{"folder", folder.string()}, {"fingerprint", fingerprint(folder)}};
  auto manifest = read_manifest(options.output_dir);
  if (!is_of(manifest, source)) {
    log::info(concat("reading ", input, " once; its frames are kept in ", options.output_dir));
    make_video_data(options, kLargestSide, {{"source", source}});
    manifest = read_manifest(options.output_dir);
  } else if (const auto left_out = manifest.value("left_out", Json::array()); !left_out.empty()) {
    log::warn(concat(left_out.size(), " of the files in ", input, " are left out, among them ",
                     left_out[0].get<std::string>()));
  }
  SAVP_CHECK(fs::exists(fs::path(options.output_dir) / mode), MissingSplitError, input,
             ": nothing in it is for ", mode, " (sequences: ", manifest["sequences"].dump(),
             "): more files are needed, or folders train, val and test in it");
  return options.output_dir;
}

}  // namespace savp
