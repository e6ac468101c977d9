#include "making/verification.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/atomic_folder.h"
#include "io/folder_entries.h"
#include "io/json_text.h"
#include "io/sha256.h"
#include "io/tfrecord.h"
#include "making/prepared_folder.h"
#include "making/workers.h"
#include "records/layouts.h"
#include "records/picture.h"
#include "records/record_counts.h"
#include "records/spec.h"
#include "records/split_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// What was found in a file: numbers for the summary, and a line for each thing wrong.
struct FileReport {
  int64_t records = 0, frames = 0, bytes = 0;
  std::vector<int64_t> lengths;  // frames of each record; -1: not known
  std::vector<std::string> findings;

  template <class Body>
  bool attempt(const Body& body) {
    try {
      body();
      return true;
    } catch (const DataError& error) {
      findings.emplace_back(error.what());
      return false;
    }
  }
};

// What the records of a split must be like.
struct Expectation {
  DatasetSpec spec;
  RecordFormat format;
};

// --- Records

RecordFormat inspect_with_states(const ExampleView& record, const DatasetSpec& spec) {
  try {
    return inspect(record, spec, /*use_state=*/true);
  } catch (const Error&) {
    return inspect(record, spec, /*use_state=*/false);  // not all data sets have them
  }
}

// All that a reader may want of a record, whatever the hyperparameters; its length in frames.
int64_t check_record(const std::string& record, const Expectation& expected) {
  const auto steps = split(ExampleView(record), expected.spec, expected.format);
  const PictureDecoder decoder(expected.format.picture, expected.format.pixels, {});
  std::vector<float> picture(static_cast<size_t>(decoder.size().values()));
  for (int64_t t = 0; t < steps.length(); ++t)
    with_frame(steps, t, expected.spec, expected.format,
               [&](std::string_view frame) { decoder.decode(frame, {}, picture.data()); });
  return steps.length();
}

FileReport check_file(const std::string& path, const Expectation& expected) {
  FileReport report;
  report.attempt([&] {
    report.bytes = static_cast<int64_t>(fs::file_size(path));
    TfRecordReader reader(path);
    std::string record;
    while (const auto place = reader.locate()) {
      stop_if_interrupted();
      ++report.records;
      report.lengths.push_back(-1);
      report.attempt([&] {
        read_record(*place, record);
        report.lengths.back() = in_record(*place, [&] { return check_record(record, expected); });
        report.frames += report.lengths.back();
      });
    }
  });
  return report;
}

// --- Counts

void check_name(const std::string& path, FileReport& report) {
  const auto range = range_in_name(path);
  if (!range || range->count() == report.records) return;
  report.findings.push_back(
      concat(path, ": the name says ", range->count(), " records, there are ", report.records));
}

// The lines belong to the records by the numbers in the files' names.
void compare_lengths(const fs::path& path, const std::vector<int64_t>& stated,
                     const std::vector<std::string>& files, const std::vector<FileReport>& reports,
                     std::vector<std::string>& findings) {
  size_t records = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const auto range = range_in_name(files[i]);
    const auto& lengths = reports[i].lengths;
    records += lengths.size();
    for (size_t k = 0; range && k < lengths.size(); ++k) {
      const auto line = static_cast<size_t>(range->first) + k;
      if (line >= stated.size() || lengths[k] < 0 || stated[line] == lengths[k]) continue;
      findings.push_back(concat(path.string(), ", line ", line + 1, ": says ", stated[line],
                                " frames, record ", k, " of ", fs::path(files[i]).filename().string(),
                                " has ", lengths[k]));
    }
  }
  if (stated.size() != records)
    findings.push_back(
        concat(path.string(), ": has ", stated.size(), " lines, there are ", records, " records"));
}

void check_lengths(const fs::path& folder, const std::vector<std::string>& files,
                   const std::vector<FileReport>& reports, std::vector<std::string>& findings) {
  try {
    if (const auto stated = read_sequence_lengths(folder))
      compare_lengths(folder / kLengthsName, *stated, files, reports, findings);
  } catch (const DataError& error) {
    findings.emplace_back(error.what());
  }
}

// --- Splits

struct SplitReport {
  std::string name;
  std::vector<std::string> files;
  int64_t records = 0, frames = 0, bytes = 0;
  int64_t shortest = 0, longest = 0;  // frames a record
  std::optional<Expectation> expected;
  std::vector<std::string> findings;
};

std::optional<Expectation> expect(const std::string& file, const DatasetSpec& named, FileReport& report) {
  std::optional<Expectation> expected;
  report.attempt([&] {
    TfRecordReader reader(file);
    const auto place = reader.locate();
    SAVP_CHECK(place, DataError, file, ": holds no records");
    std::string record;
    read_record(*place, record);
    in_record(*place, [&] {
      auto spec = choose_variant(named, file);
      spec.state_size = spec.action_size = 0;  // as many as the records have, if all have as many
      expected = Expectation{spec, inspect_with_states(ExampleView(record), spec)};
    });
  });
  return expected;
}

void add(const FileReport& file, SplitReport& split) {
  split.records += file.records, split.frames += file.frames, split.bytes += file.bytes;
  split.findings.insert(split.findings.end(), file.findings.begin(), file.findings.end());
  for (const int64_t length : file.lengths) {
    if (length < 0) continue;
    split.shortest = split.longest == 0 ? length : std::min(split.shortest, length);
    split.longest = std::max(split.longest, length);
  }
}

SplitReport check_split(const std::string& name, const std::vector<std::string>& files,
                        const DatasetSpec& spec, int64_t threads) {
  SplitReport split{.name = name, .files = files};
  FileReport first;
  split.expected = expect(files.front(), spec, first);
  add(first, split);
  if (!split.expected) return split;
  std::vector<FileReport> reports;
  Countdown countdown(static_cast<int64_t>(files.size()), concat("files of ", name));
  const auto check = [&](int64_t i) { return check_file(files[static_cast<size_t>(i)], *split.expected); };
  in_order(static_cast<int64_t>(files.size()), threads, check, [&](int64_t i, FileReport report) {
    stop_if_interrupted();
    check_name(files[static_cast<size_t>(i)], report);
    add(report, split);
    reports.push_back(std::move(report));
    countdown.step();
  });
  check_lengths(fs::path(files.front()).parent_path(), files, reports, split.findings);
  return split;
}

// Names, each with its files.
using SplitFiles = std::vector<std::pair<std::string, std::vector<std::string>>>;

SplitFiles split_by_names(const std::string& input) {
  SplitFiles splits;
  for (const char* mode : kSplitNames) {
    try {
      splits.emplace_back(mode, find_record_files(input, mode));
    } catch (const MissingSplitError&) {
      continue;
    }
  }
  return splits;
}

// The folder's own records, else those of each subfolder with some.
SplitFiles find_splits(const std::string& input) {
  std::vector<std::string> names;
  if (fs::is_directory(input))
    for (const auto& entry : folder_entries(input))
      if (entry.kind == FolderEntry::kFolder) names.push_back(entry.path.filename().string());
  const auto order = [](const std::string& name) {  // train, val, test, then others by name
    return std::pair(split_named(name).value_or(static_cast<int>(kSplitNames.size())), name);
  };
  std::sort(names.begin(), names.end(),
            [&](const std::string& a, const std::string& b) { return order(a) < order(b); });
  SplitFiles splits;
  for (const auto& name : names) {
    try {
      splits.emplace_back(name, find_record_files((fs::path(input) / name).string(), "train"));
    } catch (const DataError&) {
      continue;  // none in it
    }
  }
  const bool divided =
      std::any_of(splits.begin(), splits.end(), [](const auto& s) { return split_named(s.first); });
  if (!divided && is_split_by_names(input)) return split_by_names(input);
  if (!divided) {  // records of the folder itself come before other folders
    try {
      return {{"records", find_record_files(input, "train")}};
    } catch (const MissingSplitError&) {
      return splits;
    }
  }
  if (splits.empty()) splits.emplace_back("records", find_record_files(input, "train"));
  return splits;
}

// What the first split says that can be told from.
std::string infer(const std::string& input, const SplitFiles& splits) {
  for (size_t i = 0;; ++i) {
    try {
      return infer_record_dataset(input, splits[i].first);
    } catch (const DataError&) {
      if (i + 1 == splits.size()) throw;
    }
  }
}

// --- dataset.json

// What is wrong with a file as dataset.json states it; empty: nothing.
std::string compare_file(const fs::path& folder, const Json& stated) {
  const auto path = fs::path(text_at(stated, "path")).lexically_normal();
  const auto target = folder / path;
  if (path.empty() || path.is_absolute() || *path.begin() == "..")
    return concat((folder / kManifestName).string(), ": lists ", path.string(),
                  ", which is not in the folder");
  const auto bytes = number_at(stated, "bytes");
  if (!fs::is_regular_file(target))
    return concat(target.string(), ": is listed in dataset.json, but missing");
  if (static_cast<int64_t>(fs::file_size(target)) != bytes)
    return concat(target.string(), ": has ", fs::file_size(target), " bytes, dataset.json says ", bytes);
  if (sha256_of_file(target) != text_at(stated, "sha256"))
    return concat(target.string(),
                  ": is not the file that was written (its SHA-256 differs from dataset.json)");
  return "";
}

void compare_manifest(const fs::path& path, const std::vector<SplitReport>& splits, int64_t threads,
                      std::vector<std::string>& findings) {
  constexpr const char* kOthers = ": is not what savp_preprocess writes: ";
  const auto manifest = read_json(path);
  const auto folder = path.parent_path();
  SAVP_CHECK(manifest.is_object(), DataError, path.string(), kOthers, "is no object");
  const auto counts = manifest.value("sequences", Json::object()),
             files = manifest.value("files", Json::array());
  SAVP_CHECK(counts.is_object(), DataError, path.string(), kOthers, "its sequences are no object");
  SAVP_CHECK(files.is_array() &&
                 std::all_of(files.begin(), files.end(), [](const Json& f) { return f.is_object(); }),
             DataError, path.string(), kOthers, "its files are no list of objects");
  for (const auto& split : splits) {
    const auto stated = number_at(counts, split.name.c_str());
    if (stated >= 0 && stated != split.records)
      findings.push_back(concat(path.string(), ": says ", stated, " sequences for ", split.name,
                                ", there are ", split.records));
  }
  const auto check = [&](int64_t i) { return compare_file(folder, files[static_cast<size_t>(i)]); };
  in_order(static_cast<int64_t>(files.size()), threads, check, [&](int64_t, const std::string& finding) {
    stop_if_interrupted();
    if (!finding.empty()) findings.push_back(finding);
  });
}

void check_manifest(const fs::path& folder, const std::vector<SplitReport>& splits, int64_t threads,
                    std::vector<std::string>& findings) {
  const auto path = folder / kManifestName;
  if (!fs::exists(path)) return;
  try {
    compare_manifest(path, splits, threads, findings);
  } catch (const DataError& error) {
    findings.emplace_back(error.what());
  }
}

// --- The summary

std::string size_text(int64_t bytes) {
  if (bytes < 1'000'000) return concat((bytes + 999) / 1000, " kB");
  return concat(static_cast<double>(std::lround(static_cast<double>(bytes) / 1e5)) / 10, " MB");
}

std::string line(const SplitReport& split) {
  auto text_line =
      concat("  ", split.name, ": ", counted(split.records, "sequence"), " in ",
             counted(static_cast<int64_t>(split.files.size()), "file"), ", ", size_text(split.bytes));
  if (split.expected && split.longest > 0)
    text_line += concat(", ", split.shortest == split.longest ? "" : concat(split.shortest, " to "),
                        split.longest, " frames of ", text(split.expected->format.picture));
  if (split.expected && split.expected->format.state_size > 0)
    text_line += concat(", ", split.expected->format.state_size, " states");
  if (split.expected && split.expected->format.action_size > 0)
    text_line += concat(", ", split.expected->format.action_size, " actions");
  return text_line;
}

void check_sizes(const std::vector<SplitReport>& splits, std::vector<std::string>& findings) {
  for (const auto& split : splits)
    if (split.expected && splits.front().expected &&
        !(split.expected->format.picture == splits.front().expected->format.picture))
      findings.push_back(concat(split.files.front(), ": frames are ", text(split.expected->format.picture),
                                ", in ", splits.front().name, " they are ",
                                text(splits.front().expected->format.picture)));
}

}  // namespace

void verify_data(const VerifyOptions& options) {
  AtomicFolder::check_whole(options.input_dir);
  const auto found = find_splits(options.input_dir);
  const auto name = options.dataset ? *options.dataset : infer(options.input_dir, found);
  const auto threads = worker_threads(options.threads);
  KeyedHparams keys;
  keys.image_key = options.image_key;
  const auto spec = find_dataset(name).with_keys(keys);
  std::vector<SplitReport> splits;
  std::vector<std::string> findings;
  for (const auto& [split, files] : found) {
    splits.push_back(check_split(split, files, spec, threads));
    findings.insert(findings.end(), splits.back().findings.begin(), splits.back().findings.end());
  }
  check_sizes(splits, findings);
  check_manifest(options.input_dir, splits, threads, findings);
  for (const auto& finding : findings) log::error(finding);
  std::cout << printable(options.input_dir) << " (" << name << ")\n";
  for (const auto& split : splits) std::cout << printable(line(split)) << "\n";
  std::cout << (findings.empty() ? "sound\n" : "") << std::flush;
  SAVP_CHECK(findings.empty(), DataError, options.input_dir, ": ",
             counted(static_cast<int64_t>(findings.size()), "finding"), ", see above");
}

}  // namespace savp
