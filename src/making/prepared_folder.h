// Writing a data set: folders train, val and test of record files, and dataset.json, which tells readers what
// it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "io/atomic_folder.h"
#include "io/tfrecord.h"

namespace savp {

inline constexpr char kManifestName[] = "dataset.json";

// Makes a folder and those above it that are missing.
void make_folders(const std::filesystem::path& path);

// A data set being made: everything goes to a hidden folder, which takes the target's place in the end, so
// that the target is there in full or not at all (io/atomic_folder.h).
class PreparedFolder {
 public:
  // An existing data set is replaced only if `overwrite`, any other folder never. Throws UsageError then, or
  // where another program writes to the target. Without finish(), what was written goes again.
  PreparedFolder(const std::filesystem::path& target, bool overwrite);

  // The hidden folder, to write to.
  const std::filesystem::path& path() const { return content_.path(); }

  // Adds dataset.json, which is the manifest with this program's version and all files with their sizes
  // (bytes) and checksums (SHA-256), and gives the folder its name.
  void finish(Json manifest);

 private:
  AtomicFolder content_;
};

// The records of one split, as files PREFIX_<first>_to_<last>.tfrecords. Without records there is no folder.
class SplitWriter {
 public:
  SplitWriter(std::filesystem::path folder, std::string prefix)
      : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  // A record whose length (frames) is given gets a line in sequence_lengths.txt.
  void write(const std::string& record, int64_t length = 0);
  void finish();  // completes the files; needed after the last record

  int64_t count() const { return count_; }

 private:
  void close_file();

  std::filesystem::path folder_;
  std::string prefix_;
  std::vector<int64_t> lengths_;
  int64_t count_ = 0;
  int64_t first_ = 0;  // record of the open file
  std::unique_ptr<TfRecordWriter> file_;
};

}  // namespace savp
