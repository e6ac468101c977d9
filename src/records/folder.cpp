#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <mutex>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/log.h"
#include "core/text.h"
#include "io/atomic_folder.h"
#include "io/encoded_picture.h"
#include "io/example.h"
#include "io/folder_entries.h"
#include "io/json_text.h"
#include "io/tfrecord.h"
#include "io/whole_file.h"
#include "records/layouts.h"
#include "records/name_pattern.h"
#include "records/spec.h"
#include "records/specs.h"
#include "records/split_names.h"

namespace savp {
namespace fs = std::filesystem;
namespace {

// "traj_0_to_255.tfrecords", "humans.tfrecord-00000-of-00002", in any case; not what tools put beside them
// (checksums, indices, parts of downloads, copies).
bool is_record_file(const std::string& name) {
  constexpr std::string_view kEndings[] = {".tfrecord", ".tfrecords", ".tfrec", ".record", ".records"};
  auto ending = lower_case(name);
  ending = ending.substr(std::min(ending.rfind('.'), ending.size()));
  return std::any_of(std::begin(kEndings), std::end(kEndings), [&](std::string_view known) {
    return ending == known || match_name(ending, concat(known, "-%d")) ||
           match_name(ending, concat(known, "-%d-of-%d"));
  });
}

// None where there is no such folder; nothing but the failure where it may not be read.
std::vector<std::string> record_files_in(const fs::path& folder, std::error_code& failure) {
  std::vector<std::string> files;
  std::error_code none;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const auto name = entry->path().filename().string();
    if (!is_hidden_name(name) && is_record_file(name) && !entry->is_directory(none))
      files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> record_files_in(const fs::path& folder) {
  std::error_code failure;
  auto files = record_files_in(folder, failure);
  SAVP_CHECK(failure != std::errc::permission_denied, DataError, folder.string(), ": may not be read (",
             failure.message(), ")");
  return files;
}

// Those that may be read.
std::vector<std::string> subfolders_with_records(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (fs::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
    const auto name = entry->path().filename().string();
    std::error_code failure;
    if (!is_hidden_name(name) && entry->is_directory(failure) &&
        !record_files_in(entry->path(), failure).empty())
      names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Records that lie beside folders for splits do not undo these.
void tell_of_strays(const std::vector<std::string>& strays) {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (told.insert(strays.front()).second)
    log::warn(concat("left out, beside the folders for train, val and test: ",
                     counted(static_cast<int64_t>(strays.size()), "record file"), " (",
                     fs::path(strays.front()).filename().string(), strays.size() > 1 ? ", ..." : "", ")"));
}

// "bridge-train.tfrecord-00000-of-00005" is for train.
std::optional<int> split_in_name(const std::string& file) {
  const auto name = lower_case(fs::path(file).filename().string());
  const auto stem = name.substr(0, std::min(name.rfind(".tfrec"), name.rfind(".record")));
  const auto dash = stem.rfind('-');
  return dash == std::string::npos ? std::nullopt : split_named(stem.substr(dash + 1));
}

// Files by what their names tell.
struct NamedSplits {
  std::array<std::vector<std::string>, 3> files;  // as kSplitNames
  std::vector<std::string> others;                // that tell nothing

  explicit NamedSplits(const std::vector<std::string>& all) {
    for (const auto& file : all) {
      const auto split = split_in_name(file);
      (split ? files[static_cast<size_t>(*split)] : others).push_back(file);
    }
  }
  bool any() const {
    return std::any_of(files.begin(), files.end(), [](const auto& some) { return !some.empty(); });
  }
  std::string names() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < files.size(); ++i)
      if (!files[i].empty()) names.emplace_back(kSplitNames[i]);
    return join_words(names);
  }
};

// Many data sets have files for train alone. The same ones are kept back whatever the mode.
void keep_back(NamedSplits& splits, const std::string& input_dir) {
  auto &train = splits.files[0], &val = splits.files[1], &test = splits.files[2];
  const auto tenth = std::max<size_t>(1, train.size() / 10);
  const size_t wanted = (val.empty() ? 1 : 0) + (val.empty() && test.empty() ? 1 : 0);
  if (wanted == 0 || train.size() < wanted + 1) return;
  const auto take = [&](std::vector<std::string>& to) {
    to.assign(train.end() - static_cast<std::ptrdiff_t>(tenth), train.end());
    train.resize(train.size() - tenth);
  };
  if (test.empty()) take(test);
  take(val);
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (told.insert(input_dir).second)
    log::info(concat(input_dir, ": of the record files for train, ", tenth, " are kept for val",
                     wanted > 1 ? concat(" and ", tenth, " for test") : "", ": there are none of their own"));
}

std::vector<std::string> files_named_for(const std::vector<std::string>& own, const std::string& input_dir,
                                         const std::string& mode) {
  NamedSplits splits(own);
  if (!splits.any()) return own;
  if (!splits.others.empty()) tell_of_strays(splits.others);
  const auto there = splits.names();
  keep_back(splits, input_dir);
  const auto split = split_named(mode);
  const auto& files = splits.files[static_cast<size_t>(split.value_or(0))];
  SAVP_CHECK(!files.empty(), MissingSplitError, input_dir, ": no record files for ", mode,
             "; by their names, there are some for ", there);
  return files;
}

// Packed ones cannot be read, but are likely meant.
std::string packed_ones(const fs::path& folder) {
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().extension() == ".gz" && is_record_file(entry->path().stem().string()))
      return concat("; ", entry->path().string(), " is gzip-compressed: unpack it first (gunzip)");
  return "";
}

// The folder without "." and trailing slashes, absolute, so that its name can be asked for.
fs::path normal(const std::string& folder) {
  auto path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// The folder itself and, where it is the subfolder of a mode, the one above.
std::vector<fs::path> candidates(const std::string& input_dir) {
  const auto folder = normal(input_dir);
  std::vector<fs::path> all = {folder};
  if (split_named(folder.filename().string())) all.push_back(folder.parent_path());
  return all;
}

std::optional<std::string> from_manifest(const fs::path& folder) {
  const auto path = folder / "dataset.json";
  const auto text = read_if_there(path);
  if (!text) return std::nullopt;
  const auto name = text_at(try_json(*text).value_or(Json()), "dataset");
  SAVP_CHECK(!name.empty(), DataError, path.string(), ": is not JSON like {\"dataset\": \"bair\"}");
  return find_dataset(name).name;
}

// "kth" and "kth_128" are kth, "kthx" is not.
std::optional<std::string> from_name(const fs::path& folder) {
  const auto name = folder.filename().string();
  for (const auto& spec : datasets()) {
    const bool starts = name.compare(0, spec.name.size(), spec.name) == 0;
    if (starts && (name.size() == spec.name.size() ||
                   std::isalnum(static_cast<unsigned char>(name[spec.name.size()])) == 0))
      return spec.name;
  }
  return std::nullopt;
}

// What is done with the first record of a file, and what is wrong with it then says where it lies.
template <class Use>
decltype(auto) with_first_record(const std::string& path, const Use& use) {
  TfRecordReader reader(path);
  const auto place = reader.position();
  const auto record = reader.next();
  SAVP_CHECK(record, DataError, path, ": holds no records");
  return in_record(place, [&]() -> decltype(auto) { return use(ExampleView(*record)); });
}

bool has_encoded_frames(const ExampleView& record) {
  const auto frames = record.get("images/encoded", FeatureView::Kind::kBytes).bytes();
  return !frames.empty() && is_encoded(frames.front());
}

// A record of several layouts' features belongs to the first of them.
std::string from_first_record(const std::string& path) {
  return with_first_record(path, [](const ExampleView& record) -> std::string {
    if (record.find("images/encoded") != nullptr) return has_encoded_frames(record) ? "ucf101" : "video";
    for (const char* name : {"rlds", "softmotion", "google_robot", "shape", "humans", "sequence_example"})
      if (looks_like(record, find_dataset(name))) return name;
    std::vector<std::string> names;
    for (const auto& spec : datasets()) names.push_back(spec.name);
    throw DataError(concat("does not look like a known dataset: it has ", list_of_features(record),
                           "; give --dataset (", join_words(names), ")"));
  });
}

}  // namespace

std::vector<std::string> find_record_files(const std::string& input_dir, const std::string& mode) {
  AtomicFolder::check_whole(input_dir);
  SAVP_CHECK(fs::exists(input_dir), DataError, input_dir, ": no such folder");
  SAVP_CHECK(fs::is_directory(input_dir), DataError, input_dir,
             ": is a file; give the folder that holds the records");
  const auto own = record_files_in(input_dir);
  const auto others = subfolders_with_records(input_dir);
  const bool divided =
      std::any_of(others.begin(), others.end(), [](const auto& name) { return split_named(name); });
  if (!own.empty() && !divided) return files_named_for(own, input_dir, mode);
  const auto subfolder = split_folder(input_dir, mode);
  if (auto files = record_files_in(subfolder.value_or(fs::path(input_dir) / mode)); !files.empty()) {
    if (!own.empty()) tell_of_strays(own);
    return files;
  }
  SAVP_CHECK(own.empty(), DataError, input_dir, ": there are records in it and in ", join_words(others),
             ", but none in ", mode, ": put all into folders train, val and test");
  const auto complaint = concat(input_dir, ": no record files (*.tfrecord*) in it or in its subfolder ", mode,
                                packed_ones(input_dir), packed_ones(fs::path(input_dir) / mode));
  if (others.empty()) throw DataError(complaint);
  throw MissingSplitError(concat(complaint, "; there are some in ", join_words(others)));
}

bool is_split_by_names(const std::string& input_dir) { return NamedSplits(record_files_in(input_dir)).any(); }

bool holds_records(const std::string& input_dir) {
  return !record_files_in(input_dir).empty() || !subfolders_with_records(input_dir).empty();
}

const DatasetSpec& choose_variant(const DatasetSpec& spec, const std::string& record_file) {
  if (spec.variants.empty()) return spec;
  for (const auto& folder : candidates(fs::path(record_file).parent_path().string()))
    for (const auto& variant : spec.variants)
      if (folder.filename() == variant) return find_dataset(variant);
  return with_first_record(record_file, [&](const ExampleView& record) -> const DatasetSpec& {
    for (const auto& variant : spec.variants)
      if (looks_like(record, find_dataset(variant))) return find_dataset(variant);
    throw DataError(
        concat("looks like none of ", join_words(spec.variants), ", which ", spec.name, " may be"));
  });
}

std::string infer_record_dataset(const std::string& input_dir, const std::string& mode) {
  const auto files = find_record_files(input_dir, mode);
  for (const auto& folder : candidates(input_dir))
    if (const auto name = from_manifest(folder)) return *name;
  for (const auto& folder : candidates(input_dir))
    if (const auto name = from_name(folder)) return *name;
  return from_first_record(files.front());
}

}  // namespace savp
