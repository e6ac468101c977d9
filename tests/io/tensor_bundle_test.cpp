#include "io/tensor_bundle.h"

#include <leveldb/env.h>
#include <leveldb/table_builder.h>

#include <cstring>
#include <map>
#include <memory>

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

const fs::path kPublished = SAVP_TEST_DATA "/golden/models/ckpt_savp_old_dna_cell/checkpoint_dir";

// Protocol buffer fields, by number.
std::string number(int field, int value) { return {static_cast<char>(field << 3), static_cast<char>(value)}; }
std::string nested(int field, const std::string& message) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(message.size())} + message;
}
std::string fixed32(int field, uint32_t value) {
  std::string bytes(5, static_cast<char>(field << 3 | 5));
  std::memcpy(bytes.data() + 1, &value, sizeof value);
  return bytes;
}
// The floats 1 and 2, at the start of the data file.
const std::string kTwoFloats("\0\0\x80\x3f\0\0\0\x40", 8);
constexpr uint32_t kTheirCheck = 0x35e53c59;
std::string two_floats(const std::string& more = "") {
  return number(1, 1) + nested(2, nested(2, number(1, 2))) + number(5, 8) + fixed32(6, kTheirCheck) + more;
}

class Bundle : public ScratchTest {
 protected:
  // The published checkpoint, to be damaged.
  void copy_published() const { fs::copy(kPublished, folder_); }
  fs::path index() const { return folder_ / "model-123.index"; }

  // A table of these entries beside a data file of two floats.
  void write_table(const std::map<std::string, std::string>& entries) const {
    write("model-123.data-00000-of-00001", kTwoFloats);
    leveldb::WritableFile* opened = nullptr;
    ASSERT_TRUE(leveldb::Env::Default()->NewWritableFile(index().string(), &opened).ok());
    const std::unique_ptr<leveldb::WritableFile> file(opened);
    leveldb::Options options;
    options.compression = leveldb::kNoCompression;
    leveldb::TableBuilder table(options, file.get());
    for (const auto& [key, value] : entries) table.Add(key, value);
    ASSERT_TRUE(table.Finish().ok());
    ASSERT_TRUE(file->Close().ok());
  }
  void write_entry(const std::string& entry) const { write_table({{"", number(1, 1)}, {"a", entry}}); }

  std::string complaint() const {
    return message_of<DataError>([&] { TensorBundle::open(index().string()); });
  }
};

TEST_F(Bundle, APublishedCheckpointIsRead) {
  const auto bundle = TensorBundle::open((kPublished / "model-123.index").string());
  ASSERT_EQ(bundle.tensors().size(), 138U);
  std::map<std::string, TensorView> views;
  for (const auto& view : bundle.tensors()) views[view.name] = view;
  const auto& step = views.at("global_step");
  EXPECT_EQ(step.dtype, "I64");
  EXPECT_TRUE(step.shape.empty());
  int64_t value = 0;
  ASSERT_EQ(step.bytes, sizeof value);
  std::memcpy(&value, step.data, sizeof value);
  EXPECT_EQ(value, 123);
  const auto& kernel = views.at("generator/rnn/dna_cell/h0/conv_pool2d/kernel");
  EXPECT_EQ(kernel.dtype, "F32");
  EXPECT_EQ(kernel.shape, (std::vector<int64_t>{5, 5, 6, 2}));
  EXPECT_EQ(kernel.bytes, 5U * 5 * 6 * 2 * 4);
}

TEST_F(Bundle, ATableOfOursIsRead) {
  write_entry(two_floats());
  const auto bundle = TensorBundle::open(index().string());
  ASSERT_EQ(bundle.tensors().size(), 1U);
  EXPECT_EQ(bundle.tensors()[0].shape, std::vector<int64_t>{2});
  float floats[2];
  std::memcpy(floats, bundle.tensors()[0].data, sizeof floats);
  EXPECT_EQ(floats[1], 2.0F);
}

TEST_F(Bundle, AnIndexCutShortAnywhereIsRefused) {
  copy_published();
  const auto whole = read(index());
  ASSERT_GT(whole.size(), 4000U);
  for (size_t length = 0; length < whole.size(); ++length) {
    write("model-123.index", whole.substr(0, length));
    EXPECT_CONTAINS(complaint(), "model-123.index: ") << length;
  }
}

// What stands between the two places and the end of the footer is never looked at.
TEST_F(Bundle, AFlippedBitIsRefusedOrChangesNothing) {
  copy_published();
  const auto whole = read(index());
  ASSERT_GT(whole.size(), 4000U);
  int refused = 0;
  for (size_t place = 0; place < whole.size(); ++place) {
    auto damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    write("model-123.index", damaged);
    const auto said = complaint();
    if (said == "no error")
      EXPECT_EQ(TensorBundle::open(index().string()).tensors().size(), 138U) << place;
    else
      ++refused;
  }
  EXPECT_GE(refused, static_cast<int>(whole.size()) - 48);
}

TEST_F(Bundle, ADamagedDataFileIsRefused) {
  copy_published();
  const std::string name = "model-123.data-00000-of-00001";
  const auto whole = read(folder_ / name);
  auto damaged = whole;
  damaged[whole.size() / 2] ^= 1;
  write(name, damaged);
  EXPECT_CONTAINS(complaint(), "the checksum of its bytes is wrong");
  write(name, whole.substr(0, whole.size() - 1));
  EXPECT_CONTAINS(complaint(), "cut short?");
  fs::remove(folder_ / name);
  EXPECT_CONTAINS(complaint(), name + ": cannot be opened");
}

TEST_F(Bundle, OtherFilesAreNotIndices) {
  write("model-123.index", std::string(100, 'x'));
  EXPECT_CONTAINS(complaint(), "is not the index of a TensorFlow checkpoint");
  EXPECT_CONTAINS(message_of<DataError>([] { TensorBundle::open("model-123"); }), "ends in .index");
  write_table({{"a", two_floats()}});
  EXPECT_CONTAINS(complaint(), "has no header");
  write_table({{"", number(1, 0)}, {"a", two_floats()}});
  EXPECT_CONTAINS(complaint(), "its header cannot be read");
  write_table({{"", number(1, 1) + number(2, 1)}, {"a", two_floats()}});
  EXPECT_CONTAINS(complaint(), "big-endian");
}

TEST_F(Bundle, EntriesThatMakeNoSenseAreRefused) {
  write_entry(two_floats(nested(7, "")));
  EXPECT_CONTAINS(complaint(), "tensor 'a' is stored in slices");
  write_entry(two_floats(number(3, 1)));
  EXPECT_CONTAINS(complaint(), "is in the data file 1 of 1");
  write_entry(two_floats(number(4, 1)));
  EXPECT_CONTAINS(complaint(), "its 8 bytes from byte 1 are not in the data file, which has 8");
  write_entry(two_floats(number(5, 4)));
  EXPECT_CONTAINS(complaint(), "its shape and type do not fill 4 bytes");
  write_entry(two_floats(fixed32(6, 7)));
  EXPECT_CONTAINS(complaint(), "the checksum of its bytes is wrong");
  write_entry("\xff");
  EXPECT_CONTAINS(complaint(), "its entry cannot be read");
}

TEST_F(Bundle, TypesWithoutANameAreListedAsNumbers) {
  write_entry(two_floats(number(1, 7)));
  EXPECT_EQ(TensorBundle::open(index().string()).tensors().at(0).dtype, "TensorFlow type 7");
}

}  // namespace
}  // namespace savp
