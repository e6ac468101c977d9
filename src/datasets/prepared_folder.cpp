#include "datasets/prepared_folder.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "savp/core/error.h"
#include "savp/io/atomic_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRecordsPerFile = 128;
constexpr char kManifest[] = "dataset.json";

void make_folders(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  SAVP_CHECK(!failure, DataError, path.string(), ": cannot be made (", failure.message(), ")");
}

void rename_folder(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  SAVP_CHECK(!failure, DataError, to.string(), ": cannot be put in place (", failure.message(), ")");
}

void remove_folder(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

// "data/toy/" and "data/toy" are one folder.
fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

}  // namespace

PreparedFolder::PreparedFolder(const fs::path& target, bool overwrite)
    : target_(without_slash(fs::absolute(target).lexically_normal())),
      hidden_(target_.parent_path() / concat(".", target_.filename().string(), ".partial-", ::getpid())) {
  if (fs::exists(target_) && !(fs::is_directory(target_) && fs::is_empty(target_))) {
    SAVP_CHECK(fs::exists(target_ / kManifest), UsageError, target.string(),
               ": exists and is no data set made here: choose another --output_dir");
    SAVP_CHECK(overwrite, UsageError, target.string(),
               ": holds a data set already: give --overwrite to replace it, or choose another --output_dir");
  }
  make_folders(hidden_);
}

PreparedFolder::~PreparedFolder() { remove_folder(hidden_); }

void PreparedFolder::finish(Json manifest) {
  manifest["version"] = SAVP_VERSION;
  write_file_atomically((hidden_ / kManifest).string(), manifest.dump(2) + "\n");
  if (!fs::exists(target_)) return rename_folder(hidden_, target_);
  const fs::path old = hidden_.string() + ".old";
  rename_folder(target_, old);
  rename_folder(hidden_, target_);
  remove_folder(old);
}

SplitWriter::SplitWriter(fs::path folder, std::string prefix, int64_t total)
    : folder_(std::move(folder)), prefix_(std::move(prefix)), total_(total) {
  if (total > 0) make_folders(folder_);
}

void SplitWriter::write(const std::string& record) {
  if (next_ % kRecordsPerFile == 0) {
    const int64_t last = std::min(next_ + kRecordsPerFile, total_) - 1;
    file_ = std::make_unique<TfRecordWriter>(
        (folder_ / concat(prefix_, "_", next_, "_to_", last, ".tfrecords")).string());
  }
  file_->write(record);
  if (++next_ % kRecordsPerFile == 0 || next_ == total_) file_->close();
}

int64_t worker_threads(int64_t asked) {
  return asked > 0 ? asked : std::max<int64_t>(1, std::thread::hardware_concurrency());
}

}  // namespace savp
