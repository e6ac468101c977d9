#include "io/atomic_folder.h"

#include <sys/stat.h>

#include "core/error.h"
#include "support/killed.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Others = AtomicFolder::Others;
using Names = std::vector<std::string>;

class AtomicFolderTest : public ScratchTest {
 protected:
  void SetUp() override { fs::create_directory(folder_ / "home"); }
  void TearDown() override {
    for (const char* variable : {"SAVP_BUSY", "SAVP_NO_EXCHANGE"}) ::unsetenv(variable);
  }

  const fs::path target_ = folder_ / "home/data";

  void write_old() const {
    fs::remove_all(folder_ / "home");
    write("home/data/a/1", "old");
    write("home/data/list", "old");
    write("home/data/notes/mine", "kept");
    fs::create_symlink("elsewhere", target_ / "link");
  }
  void replace(Others others) const {
    AtomicFolder folder(target_);
    const auto name = folder.path().lexically_relative(folder_).string();
    write(name + "/a/1", "new");
    write(name + "/a/2", "new");
    write(name + "/list", "new");
    folder.commit(others);
  }
  // "old", "new" or "" by what all entries but the others say.
  std::string state() const {
    const auto is = [&](const char* path, const char* content) {
      return fs::exists(target_ / path) ? read(target_ / path) == content : *content == '\0';
    };
    if (is("a/1", "old") && is("a/2", "") && is("list", "old") && is("notes/mine", "kept")) return "old";
    if (is("a/1", "new") && is("a/2", "new") && is("list", "new")) return "new";
    return "";
  }
  Names names() const {
    Names found;
    for (const auto& entry : fs::directory_iterator(folder_ / "home"))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }
  bool is_marked() const {
    return fs::exists(target_ / "savp-unfinished") || fs::exists(target_ / "savp-unfinished-replacement");
  }
};

TEST_F(AtomicFolderTest, NewContentTakesThePlaceOfAll) {
  replace(Others::kRemove);
  EXPECT_EQ(state(), "new") << "where nothing was";
  write_old();
  ::chmod(target_.c_str(), 0750);
  replace(Others::kRemove);
  EXPECT_EQ(scratch_.names(), (Names{"home/data/a/1", "home/data/a/2", "home/data/list"}));
  struct stat status {};
  ::stat(target_.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0750U);
  EXPECT_EQ(names(), Names{"data"});
}

TEST_F(AtomicFolderTest, NewContentTakesThePlaceOfItsNamesakes) {
  write_old();
  replace(Others::kKeep);
  EXPECT_EQ(scratch_.names(), (Names{"home/data/a/1", "home/data/a/2", "home/data/link", "home/data/list",
                                     "home/data/notes/mine"}));
  EXPECT_EQ(state(), "new");
  EXPECT_EQ(read(target_ / "notes/mine"), "kept");
  EXPECT_EQ(fs::read_symlink(target_ / "link"), "elsewhere");
}

// Something that cannot be linked or copied: it stays where it is.
TEST_F(AtomicFolderTest, APipeAmongTheOthersStays) {
  write_old();
  ASSERT_EQ(::mkfifo((target_ / "notes/pipe").c_str(), 0600), 0);
  replace(Others::kKeep);
  EXPECT_EQ(state(), "new");
  EXPECT_TRUE(fs::is_fifo(target_ / "notes/pipe"));
  EXPECT_EQ(read(target_ / "notes/mine"), "kept");
  EXPECT_EQ(names(), Names{"data"});
  EXPECT_FALSE(is_marked());
}

TEST_F(AtomicFolderTest, WithoutCommitNothingChanges) {
  write_old();
  {
    AtomicFolder folder(target_);
    write(folder.path().lexically_relative(folder_).string() + "/list", "new");
    EXPECT_EQ(
        message_of<UsageError>([&] { AtomicFolder second(target_); }).substr(0, target_.string().size()),
        target_.string());
  }
  EXPECT_EQ(state(), "old");
  EXPECT_EQ(names(), Names{"data"});
}

TEST_F(AtomicFolderTest, ALinkStaysALink) {
  write_old();
  fs::create_directory_symlink("home/data", folder_ / "link");
  {
    AtomicFolder folder(folder_ / "link");
    folder.commit(Others::kRemove);
  }
  EXPECT_EQ(fs::read_symlink(folder_ / "link"), "home/data");
  EXPECT_TRUE(AtomicFolder::is_empty(target_));
}

TEST_F(AtomicFolderTest, AFileIsNoTarget) {
  write("home/data", "a file");
  EXPECT_CONTAINS(message_of<UsageError>([&] { AtomicFolder folder(target_); }), "is no folder");
  EXPECT_EQ(read(target_), "a file");
  EXPECT_EQ(names(), Names{"data"});
}

// Old or new at every moment, and the next one leaves nothing behind.
TEST_F(AtomicFolderTest, KilledAtAnyCall) {
  for (const auto others : {Others::kRemove, Others::kKeep}) {
    kill_at_every_call([&] { write_old(); }, [&] { replace(others); },
                       [&] {
                         EXPECT_NE(state(), "");
                         if (others == Others::kKeep) EXPECT_EQ(read(target_ / "notes/mine"), "kept");
                         replace(others);
                         EXPECT_EQ(state(), "new");
                         EXPECT_EQ(names(), Names{"data"});
                       });
  }
}

TEST_F(AtomicFolderTest, KilledAtAnyCallWhereFoldersCannotBeExchanged) {
  ::setenv("SAVP_NO_EXCHANGE", "1", 1);
  kill_at_every_call([&] { write_old(); }, [&] { replace(Others::kRemove); },
                     [&] {
                       if (!fs::exists(target_)) EXPECT_TRUE(fs::exists(folder_ / "home/.data.replaced"));
                       { AtomicFolder recovering(target_); }
                       EXPECT_NE(state(), "");
                       EXPECT_EQ(names(), Names{"data"});
                     });
}

// A mixture has its mark, and the next one makes it whole.
TEST_F(AtomicFolderTest, KilledAtAnyCallWhereTheTargetCannotBeRenamed) {
  ::setenv("SAVP_BUSY", target_.c_str(), 1);
  for (const auto others : {Others::kRemove, Others::kKeep}) {
    kill_at_every_call([&] { write_old(); }, [&] { replace(others); },
                       [&] {
                         const bool marked = is_marked();
                         if (!marked) EXPECT_NE(state(), "");
                         if (marked) EXPECT_FALSE(AtomicFolder::is_empty(target_));
                         { AtomicFolder recovering(target_); }
                         EXPECT_FALSE(is_marked());
                         EXPECT_NE(state(), "");
                         if (marked) EXPECT_EQ(state(), "new");
                         if (others == Others::kKeep) EXPECT_EQ(read(target_ / "notes/mine"), "kept");
                         EXPECT_EQ(names(), Names{"data"});
                       });
  }
}

}  // namespace
}  // namespace savp
