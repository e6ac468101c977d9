#include "making/prepared_folder.h"

#include <algorithm>

#include "core/failure.h"
#include "core/interrupt.h"
#include "io/atomic_file.h"
#include "io/sha256.h"
#include "making/workers.h"
#include "records/record_counts.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRecordsPerFile = 128;

void rename_path(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) throw_failure(failure.value(), to.string() + ": cannot be put in place");
}

// Every file below a folder: {"path": "train/traj_0_to_127.tfrecords", "bytes": 1, "sha256": "..."}.
Json describe_files(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  const auto describe = [&](int64_t i) {
    const auto& path = paths[static_cast<size_t>(i)];
    return Json{{"path", path.lexically_relative(folder).string()},
                {"bytes", fs::file_size(path)},
                {"sha256", sha256_of_file(path)}};
  };
  Json files = Json::array();
  Countdown countdown(static_cast<int64_t>(paths.size()), "files have their checksums");
  in_order(static_cast<int64_t>(paths.size()), worker_threads(0), describe, [&](int64_t, Json file) {
    stop_if_interrupted();
    files.push_back(std::move(file));
    countdown.step();
  });
  return files;
}

}  // namespace

void make_folders(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) throw_failure(failure.value(), path.string() + ": cannot be made");
}

PreparedFolder::PreparedFolder(const fs::path& target, bool overwrite) : content_(target) {
  if (AtomicFolder::is_empty(target)) return;
  SAVP_CHECK(fs::exists(target / kManifestName), UsageError, target.string(),
             ": exists and is no data set made here: choose another --output_dir");
  SAVP_CHECK(overwrite, UsageError, target.string(),
             ": holds a data set already: give --overwrite to replace it, or choose another --output_dir");
}

void PreparedFolder::finish(Json manifest) {
  manifest["version"] = SAVP_VERSION;
  manifest["files"] = describe_files(path());
  write_file_atomically((path() / kManifestName).string(),
                        manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  content_.commit(AtomicFolder::Others::kRemove);
}

// The last number of a file's name is known only when the file is complete.
void SplitWriter::write(const std::string& record, int64_t length) {
  if (!file_) {
    make_folders(folder_);
    file_ = std::make_unique<TfRecordWriter>((folder_ / "unfinished").string());
    first_ = count_;
  }
  file_->write(record);
  ++count_;
  if (length > 0) lengths_.push_back(length);
  if (count_ - first_ == kRecordsPerFile) close_file();
}

void SplitWriter::close_file() {
  file_->close();
  file_.reset();
  rename_path(folder_ / "unfinished",
              folder_ / concat(prefix_, "_", first_, "_to_", count_ - 1, ".tfrecords"));
}

void SplitWriter::finish() {
  if (file_) close_file();
  if (lengths_.empty()) return;
  std::string lines;
  for (const int64_t length : lengths_) lines += concat(length, "\n");
  write_file_atomically((folder_ / kLengthsName).string(), lines);
}

}  // namespace savp
