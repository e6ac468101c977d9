// Writing a data set: folders train, val and test of record files, and dataset.json, which tells readers what
// it is.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "savp/core/hparams.h"
#include "savp/io/tfrecord.h"

namespace savp {

// A data set being made: everything goes to a hidden folder beside the target, which takes its place in the
// end, so that the target is there in full or not at all.
class PreparedFolder {
 public:
  // An existing data set is replaced only if `overwrite`, any other folder never.
  PreparedFolder(const std::filesystem::path& target, bool overwrite);
  ~PreparedFolder();  // without finish(): removes what was written
  PreparedFolder(const PreparedFolder&) = delete;
  PreparedFolder& operator=(const PreparedFolder&) = delete;

  // The hidden folder, to write to.
  const std::filesystem::path& path() const { return hidden_; }

  // Adds dataset.json and gives the folder its name.
  void finish(Json manifest);

 private:
  std::filesystem::path target_, hidden_;
};

// The records of one split, as files PREFIX_<first>_to_<last>.tfrecords.
class SplitWriter {
 public:
  // `total` records are to come.
  SplitWriter(std::filesystem::path folder, std::string prefix, int64_t total);
  void write(const std::string& record);  // after the last one, all files are complete

 private:
  std::filesystem::path folder_;
  std::string prefix_;
  int64_t total_;
  int64_t next_ = 0;
  std::unique_ptr<TfRecordWriter> file_;
};

// 0 stands for one thread a core.
int64_t worker_threads(int64_t asked);

// make(0) .. make(count - 1) on several threads at once; take() gets the results in order, on this thread.
template <class Make, class Take>
void in_order(int64_t count, int64_t threads, const Make& make, const Take& take) {
  std::deque<std::future<decltype(make(int64_t{}))>> under_way;
  for (int64_t begun = 0, taken = 0; taken < count; ++taken) {
    for (; begun < count && begun < taken + threads; ++begun)
      under_way.push_back(std::async(std::launch::async, make, begun));
    auto result = under_way.front().get();
    under_way.pop_front();
    take(taken, std::move(result));
  }
}

}  // namespace savp
