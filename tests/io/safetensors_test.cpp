#include "io/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/failure.h"
#include "io/atomic_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class Safetensors : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) / concat("safetensors_", ::getpid(), "_",
                                              testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    path_ = folder_ / "file.safetensors";
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write_bytes(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string read_bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // A file with this header, as it stands, and so many bytes of data.
  void write_file(const std::string& header, size_t data_bytes) const {
    const uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    write_bytes(bytes + header + std::string(data_bytes, 'x'));
  }
  // The message of the DataError that opening the file ends in.
  std::string complaint() const {
    try {
      SafetensorsFile::open(path_);
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(path_), std::string::npos) << error.what();
      return error.what();
    }
    return "opened without complaint";
  }
  void write_example() const {
    write_safetensors(path_,
                      {view("bytes", "U8", {3}, kBytes, 3), view("a/weights", "F32", {2, 2}, kFloats, 16),
                       view("step", "I64", {}, &kStep, 8), view("none", "F32", {0, 4}, kFloats, 0)},
                      {{"format", "savp"}, {"note", "a \"quoted\"\nline"}});
  }
  static TensorView view(const char* name, const char* dtype, std::vector<int64_t> shape, const void* data,
                         size_t bytes) {
    return {name, dtype, std::move(shape), static_cast<const std::byte*>(data), bytes};
  }

  static constexpr float kFloats[] = {1.5F, -2.0F, 3.25F, 0.0F};
  static constexpr unsigned char kBytes[] = {1, 2, 255};
  static constexpr int64_t kStep = 75000;
  fs::path folder_;
  std::string path_;
};

TEST_F(Safetensors, ReadsWhatWasWritten) {
  write_example();
  const auto file = SafetensorsFile::open(path_);
  ASSERT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(file.metadata(),
            (std::map<std::string, std::string>{{"format", "savp"}, {"note", "a \"quoted\"\nline"}}));
  const auto* weights = file.find("a/weights");
  ASSERT_NE(weights, nullptr);
  EXPECT_EQ(weights->dtype, "F32");
  EXPECT_EQ(weights->shape, (std::vector<int64_t>{2, 2}));
  ASSERT_EQ(weights->bytes, sizeof kFloats);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(weights->data), weights->bytes),
            std::string_view(reinterpret_cast<const char*>(kFloats), sizeof kFloats));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights->data) % alignof(float), 0U);
  const auto* step = file.find("step");
  ASSERT_NE(step, nullptr);
  EXPECT_TRUE(step->shape.empty());
  EXPECT_EQ(std::memcmp(step->data, &kStep, sizeof kStep), 0);
  EXPECT_EQ(file.find("none")->bytes, 0U);
  EXPECT_EQ(file.find("absent"), nullptr);
}

TEST_F(Safetensors, ViewsOutliveAMoveOfTheFile) {
  write_example();
  auto file = SafetensorsFile::open(path_);
  const auto* data = file.find("bytes")->data;
  const auto moved = std::move(file);
  EXPECT_EQ(moved.find("bytes")->data, data);
  EXPECT_EQ(std::memcmp(data, kBytes, sizeof kBytes), 0);
}

TEST_F(Safetensors, RefusesAFileCutAtAnyByte) {
  write_example();
  const auto whole = read_bytes();
  for (size_t length = 0; length < whole.size(); ++length) {
    write_bytes(whole.substr(0, length));
    EXPECT_THROW(SafetensorsFile::open(path_), DataError) << length << " of " << whole.size() << " bytes";
  }
  write_bytes(whole + "x");
  EXPECT_NE(complaint().find("1 bytes after the last tensor"), std::string::npos);
}

// A flipped bit may turn one valid header into another (a letter of a name); then all views must stay within
// the file.
TEST_F(Safetensors, SurvivesAnyFlippedBitOfTheHeader) {
  write_example();
  const auto whole = read_bytes();
  uint64_t header = 0;
  std::memcpy(&header, whole.data(), sizeof header);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * (8 + header); ++bit) {
    auto bad = whole;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    write_bytes(bad);
    try {
      size_t bytes = 0;
      const auto file = SafetensorsFile::open(path_);
      for (const auto& tensor : file.tensors()) bytes += tensor.bytes;
      EXPECT_EQ(bytes, whole.size() - 8 - header);
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 4 * header);  // at least half of the flips are noticed
}

TEST_F(Safetensors, NamesTheKeyThatIsWrong) {
  struct Bad {
    const char* header;
    size_t data_bytes;
    const char* complaint;
  };
  const Bad table[] = {
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4,
       "'w': its shape and type do not fill 4 bytes"},
      {R"({"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4, "'w': unknown dtype 'F33'"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 4,
       "'w': its bytes 0 to 8 are not in the file"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "'w': its bytes 4 to 0"},
      {R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "'w': shape is not a list of sizes"},
      {R"({"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4, "'w': shape is not a list of sizes"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4,
       "'w': data_offsets is not a list of sizes"},
      {R"({"w":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,4]}})", 4, "'w': its shape"},
      {R"({"w":{"dtype":"F32","shape":[1]}})", 4, "'w': the header must give dtype, shape and data_offsets"},
      {R"({"w":[0,4]})", 4, "'w': the header must give dtype, shape and data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       4, "'b' starts at byte 0 instead of 4 (overlap)"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
       12, "'b' starts at byte 8 instead of 4 (gap)"},
      {R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       1, "the key 'a' twice"},
      {R"({"__metadata__":{"n":1}})", 0, "the value of 'n' is not text"},
      {R"([1])", 0, "not a JSON object"},
      {R"({"w":)", 0, "the header cannot be read"},
  };
  for (const auto& bad : table) {
    write_file(bad.header, bad.data_bytes);
    EXPECT_NE(complaint().find(bad.complaint), std::string::npos) << bad.header << "\n" << complaint();
  }
}

TEST_F(Safetensors, RefusesAbsurdHeaderLengths) {
  for (const uint64_t length : {uint64_t{1} << 40, UINT64_MAX, UINT64_MAX - 7}) {
    std::string bytes(100, ' ');
    std::memcpy(bytes.data(), &length, sizeof length);
    write_bytes(bytes);
    EXPECT_NE(complaint().find("cannot be in a file of 100"), std::string::npos) << complaint();
  }
}

TEST_F(Safetensors, MissingFileAndFolderAreDataErrors) {
  EXPECT_NE(complaint().find("No such file"), std::string::npos);
  fs::create_directory(path_);
  EXPECT_NE(complaint().find("is not a file"), std::string::npos);
}

TEST_F(Safetensors, AFailedWriteLeavesTheOldFile) {
  write_example();
  const auto old = read_bytes();
  const auto wrong = view("w", "F32", {3}, kFloats, 8);
  EXPECT_THROW(write_safetensors(path_, {wrong}, {}), std::logic_error);
  {
    AtomicFile interrupted(path_);
    interrupted.write("half", 4);
  }
  EXPECT_EQ(read_bytes(), old);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a temporary file was left behind";
}

TEST_F(Safetensors, CannotBeWrittenIntoAMissingFolder) {
  EXPECT_THROW(write_safetensors(folder_ / "absent" / "x.safetensors", {}, {}), DataError);
}

TEST_F(Safetensors, AFullDiskIsNoFaultOfTheData) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "needs /dev/full";
  fs::create_symlink("/dev/full", concat(path_, ".tmp", ::getpid()));
  try {
    write_file_atomically(path_, "content");
    FAIL() << "a full disk went unnoticed";
  } catch (const ResourceError& error) {
    EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos) << error.what();
  }
}

// Once as many as that took minutes.
TEST_F(Safetensors, ManyTensors) {
  std::string header = "{";
  constexpr int kTensors = 40000;
  for (int i = 0; i < kTensors; ++i)
    header += concat(i > 0 ? "," : "", "\"t", i, R"(":{"dtype":"U8","shape":[1],"data_offsets":[)", i, ",",
                     i + 1, "]}");
  write_file(header + "}", kTensors);
  EXPECT_EQ(SafetensorsFile::open(path_).tensors().size(), size_t{kTensors});
  write_file(header + R"(,"t7":{}})", kTensors);
  EXPECT_NE(complaint().find("has the key 't7' twice"), std::string::npos);
  write_file("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", 0);
  EXPECT_NE(complaint().find("lists within lists"), std::string::npos);
}

// What is read stays, whatever becomes of the file.
TEST_F(Safetensors, AFileThatShrinksLater) {
  write_file(R"({"a":{"dtype":"U8","shape":[100000],"data_offsets":[0,100000]}})", 100000);
  const auto file = SafetensorsFile::open(path_);
  fs::resize_file(path_, 10);
  EXPECT_EQ(file.find("a")->data[99999], std::byte{'x'});
}

}  // namespace
}  // namespace savp
