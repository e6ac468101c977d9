#include "checkpoints/run_dir.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <tuple>

#include "core/log.h"
#include "core/text.h"
#include "io/atomic_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "model-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr std::string_view kEndings[] = {kSuffix, ".index"};  // ours, and TensorFlow's
constexpr const char* kOptions = "options.json";
constexpr const char* kDatasetHparams = "dataset_hparams.json";
constexpr const char* kModelHparams = "model_hparams.json";
constexpr int kIndent = 4;

Json read_json(const fs::path& path) {
  std::ifstream in(path);
  SAVP_CHECK(in.good(), DataError, path.string(), ": cannot be opened");
  try {
    return Json::parse(in);
  } catch (const Json::exception& error) {
    throw DataError(concat(path.string(), ": is not JSON: ", error.what()));
  }
}

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

// The step of the name of a checkpoint's file.
std::optional<int64_t> step_of(const std::string& name) {
  const auto stem = without_ending(name);
  if (stem.size() == name.size() || !stem.starts_with(kPrefix)) return std::nullopt;
  const auto digits = std::string_view(stem).substr(kPrefix.size());
  int64_t step = 0;
  const auto [stop, error] = std::from_chars(digits.begin(), digits.end(), step);
  if (error != std::errc() || stop != digits.end() || step < 0) return std::nullopt;
  return step;
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

}  // namespace

std::pair<std::string, Json> read_hparams_file(const fs::path& path) {
  auto values = read_json(path);
  SAVP_CHECK(values.is_object(), DataError, path.string(), ": a JSON object of hyperparameters is expected");
  return {path.string(), std::move(values)};
}

void resolve_hparams(HparamsView hparams, const HparamsDicts& dicts, const Json& from_dataset,
                     const std::string& text, const std::vector<std::string>& deprecated) {
  for (const auto& [where, values] : dicts) {
    Json known = values;
    for (const auto& key : deprecated) known.erase(key);
    hparams.override_from_json(known, where);
  }
  hparams.override_from_json(from_dataset, "the data set");
  hparams.override_from_text(text, "--model_hparams");
}

void write_description(const fs::path& folder, const RunDescription& description) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  SAVP_CHECK(!failed, DataError, folder.string(), ": cannot be made (", failed.message(), ")");
  const auto write = [&](const char* name, const Json& values) {
    write_file_atomically((folder / name).string(), values.dump(kIndent));
  };
  write(kOptions, description.options);
  write(kDatasetHparams, description.dataset_hparams);
  write(kModelHparams, description.model_hparams);
}

fs::path checkpoint_file(const fs::path& folder, int64_t step) {
  return folder / concat(kPrefix, step, kSuffix);
}

std::vector<SavedStep> saved_steps(const fs::path& folder) {
  std::vector<SavedStep> saved;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (const auto step = step_of(entry.path().filename().string())) saved.push_back({*step, entry.path()});
  std::sort(saved.begin(), saved.end(), [](const SavedStep& a, const SavedStep& b) {
    return std::tie(a.step, a.file) < std::tie(b.step, b.file);
  });
  return saved;
}

void prune_checkpoints(const fs::path& folder, size_t keep) {
  auto ours = saved_steps(folder);
  std::erase_if(ours, [](const SavedStep& saved) { return saved.file.extension() != kSuffix; });
  for (size_t i = 0; i + keep < ours.size(); ++i) fs::remove(ours[i].file);
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder))
    if (is_leftover(entry.path().filename().string())) leftovers.push_back(entry.path());
  for (const auto& leftover : leftovers) fs::remove(leftover);
}

Checkpoint Checkpoint::open(const std::string& text) {
  SAVP_CHECK(!text.empty(), UsageError,
             "--checkpoint is empty: name a run's folder or one of its checkpoints");
  fs::path path = fs::path(text).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  Checkpoint checkpoint;
  checkpoint.folder_ = path;
  if (!fs::is_directory(path)) {
    checkpoint.folder_ = path.has_parent_path() ? path.parent_path() : ".";
    checkpoint.prefix_ = without_ending(path.filename().string());
  }
  if (checkpoint.folder_ == ".") checkpoint.folder_ = fs::current_path();
  const auto& folder = checkpoint.folder_;
  SAVP_CHECK(fs::is_directory(folder), DataError, text, ": there is no folder ", folder.string());
  SAVP_CHECK(fs::exists(folder / kOptions), DataError, text, ": ", folder.string(), " has no ", kOptions,
             " (is it the folder of a run?)");
  checkpoint.options_ = read_hparams_file(folder / kOptions).second;
  checkpoint.dataset_hparams_ = hparams_of_run(folder / kDatasetHparams);
  checkpoint.model_hparams_ = hparams_of_run(folder / kModelHparams);
  return checkpoint;
}

std::string Checkpoint::option(const std::string& key) const {
  const auto found = options_.find(key);
  SAVP_CHECK(found != options_.end() && found->is_string(), DataError, (folder_ / kOptions).string(),
             ": has no ", key, ": give --", key);
  return found->get<std::string>();
}

fs::path Checkpoint::variables() const {
  if (!prefix_.empty()) {
    for (const auto ending : kEndings)
      if (auto file = folder_ / concat(prefix_, ending); fs::exists(file)) return file;
    throw DataError(concat((folder_ / prefix_).string(), kSuffix, ": is not there; the folder has ",
                           saved_names(folder_)));
  }
  const auto saved = saved_steps(folder_);
  SAVP_CHECK(!saved.empty(), DataError, folder_.string(), ": has no checkpoint (", kPrefix, "<step>", kSuffix,
             ", or TensorFlow's ", kPrefix, "<step>.index)");
  return saved.back().file;
}

}  // namespace savp
