// Data sets are made whole or not at all, by one program at a time.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/error.h"
#include "core/verbosity.h"
#include "io/folder_lock.h"
#include "io/gif.h"
#include "io/tfrecord.h"
#include "making/toy_data.h"
#include "making/verification.h"
#include "making/video_data.h"
#include "support/killed.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

// Everything is done in processes of their own: threads of a library do not survive a fork.
class Replacement : public ScratchTest {
 protected:
  void SetUp() override { log::set_verbosity(log::Verbosity::kQuiet); }
  void TearDown() override {
    log::set_verbosity(log::Verbosity::kUsual);
    ::unsetenv("SAVP_NO_EXCHANGE");
  }

  const fs::path home_ = folder_ / "home", target_ = home_ / "data";

  // A toy data set; its number of training sequences tells which it is.
  void make_toys(int64_t sequences) const {
    ToyDataOptions options;
    options.output_dir = target_.string();
    options.overwrite = true;
    options.num_train = sequences;
    options.num_val = options.num_test = 0;
    options.length = 2;
    options.size = 16;
    options.threads = 1;
    make_toy_data(options);
  }
  void make_clips(int64_t count) const {
    VideoDataOptions options;
    options.input_dir = (folder_ / concat("videos", count)).string();
    options.output_dir = target_.string();
    options.overwrite = true;
    options.size = "0";
    options.min_length = 2;
    options.val_fraction = options.test_fraction = 0;
    options.threads = 1;
    make_video_data(options);
  }
  template <class Action>
  static void in_child(const Action& action) {
    EXPECT_EQ(signal_of(action), 0);
  }
  // Sequences of the data set, after all of it was verified.
  int64_t sequences() const {
    testing::internal::CaptureStdout();
    EXPECT_NO_THROW(verify());
    testing::internal::GetCapturedStdout();
    int64_t count = 0;
    for (const auto& file : fs::recursive_directory_iterator(target_)) {
      if (file.path().extension() != ".tfrecords") continue;
      TfRecordReader reader(file.path().string());
      while (reader.locate()) ++count;
    }
    return count;
  }
  Names names() const {
    Names found;
    for (const auto& entry : fs::directory_iterator(home_)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  // Makes a first data set, which is replaced by a second one that is killed at each call.
  template <class Make>
  void replace_and_kill(const Make& make, int64_t first, int64_t second) const {
    in_child([&] { make(first); });
    fs::copy(home_, folder_ / "spare", fs::copy_options::recursive);
    kill_at_every_call(
        [&] {
          fs::remove_all(home_);
          fs::copy(folder_ / "spare", home_, fs::copy_options::recursive);
        },
        [&] { make(second); },
        [&] {
          if (fs::exists(target_)) {
            const auto found = sequences();
            EXPECT_TRUE(found == first || found == second) << found;
          } else {
            EXPECT_CONTAINS(message_of<DataError>([&] { verify(); }),
                            "its replacement was interrupted, and what it held is in");
          }
          in_child([&] { make(second); });
          EXPECT_EQ(sequences(), second);
          EXPECT_EQ(names(), Names{"data"});
        });
  }

 private:
  void verify() const {
    VerifyOptions options;
    options.input_dir = target_.string();
    options.threads = 1;
    verify_data(options);
  }
};

TEST_F(Replacement, KilledAtAnyCallTheOldOrTheNewDataIsThere) {
  replace_and_kill([&](int64_t count) { make_toys(count); }, 1, 2);
}

TEST_F(Replacement, KilledAtAnyCallWhereFoldersCannotBeExchanged) {
  ::setenv("SAVP_NO_EXCHANGE", "1", 1);
  replace_and_kill([&](int64_t count) { make_toys(count); }, 1, 2);
}

TEST_F(Replacement, KilledAtAnyCallOfReadingVideos) {
  const std::vector<Picture> clip(12, Picture{16, 16, 1, std::vector<uint8_t>(256, 9)});
  for (int64_t count : {1, 2})
    for (int64_t i = 0; i < count; ++i)
      write_gif(folder_ / concat("videos", count) / concat(i, ".gif"), clip, 10);
  replace_and_kill([&](int64_t count) { make_clips(count); }, 1, 2);
}

TEST_F(Replacement, KilledAtAnyCallThereIsNothingOrAllOfNewData) {
  kill_at_every_call([&] { fs::remove_all(home_); }, [&] { make_toys(2); },
                     [&] {
                       if (fs::exists(target_)) EXPECT_EQ(sequences(), 2);
                       in_child([&] { make_toys(1); });
                       EXPECT_EQ(sequences(), 1);
                       EXPECT_EQ(names(), Names{"data"});
                     });
}

TEST_F(Replacement, OneAtATimeWritesADataSet) {
  in_child([&] { make_toys(1); });
  const auto lock = FolderLock::beside(target_);
  EXPECT_CONTAINS(message_of<UsageError>([&] { make_toys(2); }),
                  concat("data: is in use by ", program_invocation_short_name, " (process ", ::getpid()));
  EXPECT_EQ(sequences(), 1);
}

}  // namespace
}  // namespace savp
