#include "checkpoints/run_dir.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <tuple>

#include "checkpoints/description_files.h"
#include "checkpoints/own_file.h"
#include "core/log.h"
#include "core/text.h"
#include "io/atomic_file.h"
#include "io/json_text.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "model-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr std::string_view kEndings[] = {kSuffix, ".index"};  // ours, and TensorFlow's
constexpr const char* kSetAside = ".set_aside";
constexpr int kIndent = 4;

// The file's object, or nothing where the run has no such file.
HparamsDicts hparams_of_run(const fs::path& path) {
  if (fs::exists(path)) return {read_hparams_file(path)};
  log::warn(concat(path.string(), " is not there: its hyperparameters keep their defaults"));
  return {};
}

// "model-300" of "model-300.safetensors" and of "model-300.index"; other names as they are.
std::string without_ending(std::string name) {
  for (const auto ending : kEndings)
    if (name.size() > ending.size() && name.ends_with(ending))
      return name.substr(0, name.size() - ending.size());
  return name;
}

// "model-300.safetensors.tmp4711": a write that was interrupted.
bool is_leftover(const std::string& name) {
  const auto dot = name.find(concat(kSuffix, ".tmp"));
  return dot != std::string::npos && step_of(name.substr(0, dot + kSuffix.size())).has_value();
}

std::string saved_names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& saved : saved_steps(folder)) names.push_back(concat(kPrefix, saved.step));
  return names.empty() ? "no checkpoints" : join_words(names);
}

// Whether a path, with an ending or without, is there.
bool is_there(const std::string& path) {
  return fs::exists(path) ||
         std::any_of(std::begin(kEndings), std::end(kEndings),
                     [&](std::string_view ending) { return fs::exists(concat(path, ending)); });
}

// The checkpoints that a text names: one, or several with commas between.
std::vector<std::string> names_in(const std::string& text) {
  if (is_there(text)) return {text};
  std::vector<std::string> names;
  std::istringstream parts(text);
  for (std::string name; std::getline(parts, name, ',');)
    if (!name.empty()) names.push_back(name);
  return names;
}

// The checkpoints of ours that need not stay. None is looked into unless something might go.
std::vector<fs::path> superseded(const fs::path& folder, const Retention& retention,
                                 std::optional<int64_t> just_saved) {
  auto ours = saved_steps(folder);
  std::erase_if(ours, [](const SavedStep& saved) { return saved.file.extension() != kSuffix; });
  if (retention.newest == 0 || ours.size() <= retention.newest) return {};
  std::vector<fs::path> files;
  size_t sound = 0;
  for (auto saved = ours.rbegin(); saved != ours.rend(); ++saved) {
    if (sound < retention.newest)
      sound += saved->step == just_saved || is_sound(saved->file.string()) ? 1 : 0;
    else if (saved->step != retention.also)
      files.push_back(saved->file);
  }
  return files;
}

}  // namespace

void write_description(const fs::path& folder, const RunDescription& description) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  SAVP_CHECK(!failed, DataError, folder.string(), ": cannot be made (", failed.message(), ")");
  const auto write = [&](const char* name, const Json& values) {
    write_file_atomically((folder / name).string(), values.dump(kIndent));
  };
  write(kDatasetHparamsFile, description.dataset_hparams);
  write(kModelHparamsFile, description.model_hparams);
  write(kOptionsFile, description.options);  // with it the folder is a run
}

fs::path checkpoint_file(const fs::path& folder, int64_t step) {
  return folder / concat(kPrefix, step, kSuffix);
}

std::string checkpoint_name(const fs::path& folder, int64_t step) {
  return (folder / concat(kPrefix, step)).string();
}

std::optional<int64_t> step_of(const fs::path& file) {
  const auto name = file.filename().string(), stem = without_ending(name);
  if (stem.size() == name.size() || !stem.starts_with(kPrefix)) return std::nullopt;
  const auto digits = std::string_view(stem).substr(kPrefix.size());
  int64_t step = 0;
  const auto [stop, error] = std::from_chars(digits.begin(), digits.end(), step);
  if (error != std::errc() || stop != digits.end() || step < 0) return std::nullopt;
  return step;
}

std::vector<SavedStep> saved_steps(const fs::path& folder) {
  std::vector<SavedStep> saved;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (const auto step = step_of(entry.path())) saved.push_back({*step, entry.path()});
  std::sort(saved.begin(), saved.end(), [](const SavedStep& a, const SavedStep& b) {
    return std::tie(a.step, a.file) < std::tie(b.step, b.file);
  });
  return saved;
}

void prune_checkpoints(const fs::path& folder, const Retention& retention,
                       std::optional<int64_t> just_saved) {
  for (const auto& file : superseded(folder, retention, just_saved)) fs::remove(file);
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder))
    if (is_leftover(entry.path().filename().string())) leftovers.push_back(entry.path());
  for (const auto& leftover : leftovers) fs::remove(leftover);
}

std::vector<fs::path> set_aside_after(const fs::path& folder, int64_t step) {
  std::vector<fs::path> renamed;
  for (const auto& saved : saved_steps(folder)) {
    if (saved.step <= step) continue;
    renamed.push_back(saved.file.string() + kSetAside);
    fs::rename(saved.file, renamed.back());
  }
  return renamed;
}

Checkpoint::Place Checkpoint::place_of(const std::string& text) {
  fs::path path = fs::path(text).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  Place place{path, ""};
  if (!fs::is_directory(path)) {
    place.folder = path.has_parent_path() ? path.parent_path() : ".";
    place.prefix = without_ending(path.filename().string());
  }
  if (place.folder == ".") place.folder = fs::current_path();
  const bool has_folder = fs::is_directory(place.folder);
  const bool is_known = place.prefix.empty() || fs::exists(place.folder / kOptionsFile) ||
                        is_there((place.folder / place.prefix).string());
  SAVP_CHECK(has_folder && is_known, DataError, "checkpoint ", text, ": no such folder or checkpoint",
             has_folder ? "" : concat(" (there is no folder ", place.folder.string(), ")"),
             ": name a run's folder (logs/bair) or one of its steps (logs/bair/model-200000)");
  return place;
}

Checkpoint Checkpoint::open(const std::string& text) {
  Checkpoint checkpoint;
  for (const auto& one : names_in(text)) checkpoint.places_.push_back(place_of(one));
  SAVP_CHECK(!checkpoint.places_.empty(), UsageError,
             "the checkpoint's name is empty: name a run's folder or one of its checkpoints");
  const auto& folder = checkpoint.folder();
  const bool is_run = fs::exists(folder / kOptionsFile);
  for (const auto& place : checkpoint.places_)
    if (!place.prefix.empty() && is_run) file_in(place);  // that it is there
  SAVP_CHECK(is_run, DataError, "checkpoint ", text, ": ", folder.string(), " has no ", kOptionsFile,
             " (is it the folder of a run?)");
  checkpoint.options_ = read_hparams_file(folder / kOptionsFile).second;
  checkpoint.dataset_hparams_ = hparams_of_run(folder / kDatasetHparamsFile);
  checkpoint.model_hparams_ = hparams_of_run(folder / kModelHparamsFile);
  return checkpoint;
}

std::string Checkpoint::option(const std::string& key) const {
  const auto found = options_.find(key);
  SAVP_CHECK(found != options_.end() && found->is_string(), DataError, (folder() / kOptionsFile).string(),
             ": has no ", key, ": give --", key);
  return found->get<std::string>();
}

fs::path Checkpoint::file_in(const Place& place) {
  const auto& folder = place.folder;
  if (!place.prefix.empty()) {
    for (const auto ending : kEndings)
      if (auto file = folder / concat(place.prefix, ending); fs::exists(file)) return file;
    throw DataError(concat((folder / place.prefix).string(), kSuffix, ": is not there; the folder has ",
                           saved_names(folder)));
  }
  const auto saved = saved_steps(folder);
  SAVP_CHECK(!saved.empty(), DataError, folder.string(), ": has no checkpoint (", kPrefix, "<step>", kSuffix,
             ", or TensorFlow's ", kPrefix, "<step>.index)");
  return saved.back().file;
}

std::vector<fs::path> Checkpoint::files() const {
  std::vector<fs::path> files;
  for (const auto& place : places_) files.push_back(file_in(place));
  return files;
}

HparamsDicts hparams_dicts(HparamsOf what, const std::optional<Checkpoint>& checkpoint,
                           const std::optional<std::string>& file) {
  HparamsDicts dicts;
  if (file) dicts.push_back(read_hparams_file(*file));
  if (!checkpoint) return dicts;
  const auto& more =
      what == HparamsOf::kDataset ? checkpoint->dataset_hparams() : checkpoint->model_hparams();
  dicts.insert(dicts.end(), more.begin(), more.end());
  return dicts;
}

}  // namespace savp
