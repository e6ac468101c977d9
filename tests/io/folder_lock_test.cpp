#include "io/folder_lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "support/killed.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class FolderLockTest : public ScratchTest {
 protected:
  void TearDown() override { ::unsetenv("SAVP_NO_FLOCK"); }

  const fs::path run_ = folder_ / "run", file_ = folder_ / "run/.lock";

  std::string refusal() const {
    return message_of<UsageError>([&] { FolderLock::inside(run_); });
  }
  // What this process would write into a lock file.
  Json own_content() const {
    const auto lock = FolderLock::inside(run_);
    return Json::parse(read(file_));
  }
  // Leaves a lock file of a process that is gone, with some of it changed.
  void leave(Json content, const Json& changes) const {
    content.update(changes);
    write("run/.lock", content.dump());
  }
};

TEST_F(FolderLockTest, TheSecondIsToldOfTheFirst) {
  {
    const auto lock = FolderLock::inside(run_);
    const auto content = Json::parse(read(file_));
    EXPECT_EQ(content["pid"], ::getpid());
    EXPECT_CONTAINS(refusal(),
                    concat("run: is in use by ", content["program"].get<std::string>(), " (process ",
                           ::getpid(), " on ", content["host"].get<std::string>(), ")"));
    EXPECT_CONTAINS(refusal(), "wait until it ends, or choose another folder");
    EXPECT_TRUE(fs::exists(file_)) << "a refusal must not take the first's lock away";
  }
  EXPECT_EQ(refusal(), "no error");
}

TEST_F(FolderLockTest, ItGoesWithItsHolder) {
  { const auto lock = FolderLock::inside(run_); }
  EXPECT_FALSE(fs::exists(run_)) << "made for the lock alone";
  {
    const auto lock = FolderLock::inside(run_);
    write("run/model", "");
  }
  EXPECT_EQ(scratch_.names(), std::vector<std::string>{"run/model"});
  {
    const auto first = FolderLock::beside(run_);
    EXPECT_TRUE(fs::exists(folder_ / ".run.lock"));
    const auto moved = [](FolderLock lock) { return lock; }(FolderLock::beside(folder_ / "other"));
    EXPECT_TRUE(fs::exists(folder_ / ".other.lock"));
  }
  EXPECT_EQ(scratch_.names(), std::vector<std::string>{"run/model"});
}

TEST_F(FolderLockTest, TwoNamesOfAFolderHaveOneLock) {
  fs::create_directory(run_);
  fs::create_directory_symlink(run_, folder_ / "link");
  const auto lock = FolderLock::beside(run_);
  for (const auto& name : {folder_ / "link", folder_ / "run/", folder_ / "run/../run/."})
    EXPECT_CONTAINS(message_of<UsageError>([&] { FolderLock::beside(name); }), "is in use") << name;
}

TEST_F(FolderLockTest, WhatWasKilledHoldsNothing) {
  for (const char* no_flock : {"", "1"}) {
    if (*no_flock != '\0') ::setenv("SAVP_NO_FLOCK", no_flock, 1);
    EXPECT_EQ(signal_of([&] {
                const auto lock = FolderLock::inside(run_);
                ::raise(SIGKILL);
              }),
              SIGKILL);
    EXPECT_TRUE(fs::exists(file_));
    EXPECT_EQ(refusal(), "no error");
    EXPECT_FALSE(fs::exists(file_));
  }
}

TEST_F(FolderLockTest, KilledAtAnyCallTheNextOneGetsIt) {
  kill_at_every_call([] {}, [&] { FolderLock::inside(run_); }, [&] { EXPECT_EQ(refusal(), "no error"); });
}

// Where the file system has no locks, and where the machine was started anew.
TEST_F(FolderLockTest, WhetherTheHolderIsGoneIsSeenByItsStart) {
  const auto own = own_content();
  struct Case {
    bool kernel_locks;
    Json changes;
    const char* expected;
  };
  const Case cases[] = {
      {true, Json::object(), "no error"},
      {false, Json::object(), "is in use by"},
      {false, {{"start", "1"}}, "no error"},  // the number was given to another process since
      {false, {{"pid", 1 << 30}}, "no error"},
      {true, {{"boot", "another"}}, "no error"},
      {false, {{"boot", "another"}}, "no error"},
      {true, {{"host", "elsewhere"}}, "no error"},  // a container of this machine
      {false, {{"host", "elsewhere"}}, "delete "},
      {true, {{"host", "elsewhere"}, {"boot", "another"}}, "delete "},
      {false, {{"host", "elsewhere"}, {"boot", "another"}}, "delete "},
  };
  for (const auto& [kernel_locks, changes, expected] : cases) {
    leave(own, changes);
    kernel_locks ? ::unsetenv("SAVP_NO_FLOCK") : ::setenv("SAVP_NO_FLOCK", "1", 1);
    EXPECT_CONTAINS(refusal(), expected) << changes << kernel_locks;
  }
  leave(own, {{"host", "elsewhere"}, {"boot", "another"}});
  EXPECT_CONTAINS(refusal(), concat("on elsewhere); whether that still runs cannot be seen from here"));
  EXPECT_CONTAINS(refusal(), concat("delete ", file_.string(), " and try again"));
  fs::remove(file_);
  EXPECT_EQ(refusal(), "no error");
}

TEST_F(FolderLockTest, AFileOfNobodyIsTakenOver) {
  for (const char* content : {"", "{", "[]", "{\"pid\": \"x\"}", "{\"pid\": 0}"}) {
    write("run/.lock", content);
    EXPECT_EQ(refusal(), "no error") << content;
  }
}

// The lock of one that started after this one's file was deleted by hand.
TEST_F(FolderLockTest, OnlyItsOwnFileIsRemoved) {
  {
    const auto first = FolderLock::inside(run_);
    fs::remove(file_);
    write("run/.lock", "of another");
  }
  EXPECT_EQ(read(file_), "of another");
}

// Each process adds ones to a number, which would lose some if two did so at once.
TEST_F(FolderLockTest, ManyTakeTurns) {
  constexpr int kProcesses = 4, kTurns = 3;
  write("number", "0");
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    for (int turn = 0; turn < kTurns; ++turn) {
      const auto lock = FolderLock::beside(run_, FolderLock::IfHeld::kWait);
      const int number = std::stoi(read(folder_ / "number"));
      ::usleep(5000);
      write("number", std::to_string(number + 1));
    }
    ::_exit(0);
  }
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  EXPECT_EQ(read(folder_ / "number"), std::to_string(kProcesses * kTurns));
}

TEST_F(FolderLockTest, WhereNoneCanBeMadeItSaysWhy) {
  write("file", "");
  EXPECT_CONTAINS(message_of<DataError>([&] { FolderLock::inside(folder_ / "file/run"); }), "file/run");
}

}  // namespace
}  // namespace savp
