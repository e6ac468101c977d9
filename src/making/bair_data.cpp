#include "making/bair_data.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/failure.h"
#include "core/log.h"
#include "io/folder_entries.h"
#include "making/prepared_folder.h"
#include "records/name_pattern.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr char kForValidation[] = "traj_256_to_511.tfrecords";

// The folder with "train" in it: the one given, or the only one in it that has it.
fs::path find_root(const fs::path& folder) {
  SAVP_CHECK(fs::is_directory(folder), DataError, folder.string(), ": there is no such folder");
  if (fs::is_directory(folder / "train")) return folder;
  for (const auto& entry : folder_entries(folder))
    if (fs::is_directory(entry.path / "train")) return entry.path;
  throw DataError(
      concat(folder.string(), ": there is no train in it: give the folder of the unpacked archive"));
}

struct RecordFile {
  fs::path path;
  std::string split;
  int64_t sequences = 0;  // as its name says
};

std::vector<RecordFile> files_of(const fs::path& root, const std::string& split) {
  const auto folder = root / split;
  SAVP_CHECK(fs::is_directory(folder), DataError, folder.string(),
             ": is not there: is the archive complete?");
  std::vector<RecordFile> files;
  for (const auto& entry : folder_entries(folder)) {
    const auto name = entry.path.filename().string();
    const auto range = match_name(name, "traj_%d_to_%d.tfrecords");
    const auto first = range ? short_number(range->front()) : std::nullopt;
    const auto last = range ? short_number(range->back()) : std::nullopt;
    if (entry.kind == FolderEntry::kFile && first && last)
      files.push_back({entry.path, split, *last - *first + 1});
  }
  SAVP_CHECK(!files.empty(), DataError, folder.string(), ": holds no files named like ", kForValidation);
  std::sort(files.begin(), files.end(),
            [](const RecordFile& a, const RecordFile& b) { return a.path < b.path; });
  return files;
}

std::vector<RecordFile> find_files(const fs::path& root) {
  auto files = files_of(root, "train");
  if (fs::is_directory(root / "val")) {
    const auto val = files_of(root, "val");
    files.insert(files.end(), val.begin(), val.end());
  } else {
    const auto kept = std::find_if(files.begin(), files.end(), [](const RecordFile& file) {
      return file.path.filename() == kForValidation;
    });
    SAVP_CHECK(kept != files.end() && files.size() > 1, DataError, (root / "train").string(),
               ": has not both ", kForValidation, ", which is for validation, and other files");
    kept->split = "val";
  }
  const auto test = files_of(root, "test");
  files.insert(files.end(), test.begin(), test.end());
  return files;
}

void link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  make_folders(to.parent_path());
  fs::create_hard_link(fs::canonical(from), to, failure);
  if (failure) fs::copy_file(from, to, failure);
  if (failure) throw_failure(failure.value(), to.string() + ": cannot be made");
}

}  // namespace

void make_bair_data(const BairDataOptions& options) {
  const auto files = find_files(find_root(options.input_dir));
  PreparedFolder folder(options.output_dir, options.overwrite);
  Json manifest = {
      {"dataset", "bair"}, {"made_by", "savp_preprocess bair"}, {"split_by", "file, as published"}};
  for (const auto& split : {"train", "val", "test"}) manifest["sequences"][split] = 0;
  for (const auto& file : files) {
    link_or_copy(file.path, folder.path() / file.split / file.path.filename());
    auto& count = manifest["sequences"][file.split];
    count = count.get<int64_t>() + file.sequences;
  }
  folder.finish(manifest);
  log::info(concat("BAIR in ", options.output_dir, ": ", manifest["sequences"].dump()));
}

}  // namespace savp
