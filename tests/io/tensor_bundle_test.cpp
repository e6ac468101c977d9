#include "io/tensor_bundle.h"

#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/table.h>
#include <leveldb/table_builder.h>

#include <cstring>
#include <map>
#include <memory>

#include "core/error.h"
#include "io/crc32c.h"
#include "io/string_table.h"
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

// Each would be read for itself: a small file could fill any memory.
TEST_F(Bundle, TensorsThatShareBytesAreRefused) {
  write_table({{"", number(1, 1)}, {"a", two_floats()}, {"b", two_floats()}});
  EXPECT_CONTAINS(complaint(), "tensor 'b' shares bytes with 'a'");
  const auto none = number(1, 1) + nested(2, nested(2, number(1, 0))) + fixed32(6, masked(crc32c("", 0)));
  write_table({{"", number(1, 1)}, {"a", two_floats()}, {"b", none}, {"c", none}});
  EXPECT_EQ(complaint(), "no error") << "empty ones share none";
}

// Tables of blocks as they are given, with checksums that fit.
class Table : public testing::Test {
 protected:
  static std::string block(const std::string& entries) {
    return entries + std::string("\0\0\0\0\1\0\0\0", 8);
  }
  static std::string entry(int shared, const std::string& further, const std::string& value) {
    return std::string{static_cast<char>(shared), static_cast<char>(further.size()),
                       static_cast<char>(value.size())} +
           further + value;
  }
  static std::string place(size_t offset, size_t length) {
    return {static_cast<char>(offset | 0x80), static_cast<char>(offset >> 7),
            static_cast<char>(length | 0x80), static_cast<char>(length >> 7)};
  }
  static std::string stored(const std::string& contents, char packing = 0) {
    auto bytes = contents + packing;
    const auto check = masked(crc32c(bytes.data(), bytes.size()));
    return bytes.append(reinterpret_cast<const char*>(&check), sizeof check);
  }
  // `parts`: the values of the index.
  static std::string table(const std::string& entries, std::vector<std::string> parts = {},
                           char packing = 0) {
    auto bytes = stored(block(entries), packing);
    if (parts.empty()) parts = {place(0, entries.size() + 8)};
    std::string index;
    for (size_t i = 0; i < parts.size(); ++i)
      index += entry(0, std::string(1, static_cast<char>('m' + i)), parts[i]);
    const auto properties = bytes.size();
    bytes += stored(block(""));
    auto footer = place(properties, 8) + place(bytes.size(), index.size() + 8);
    bytes += stored(block(index));
    footer.resize(40);
    return bytes + footer + "\x57\xfb\x80\x8b\x24\x75\x47\xdb";
  }
  static std::string refusal(const std::string& bytes) {
    return message_of<DataError>([&] { read_string_table(bytes); });
  }
};

TEST_F(Table, IsRead) {
  const auto entries =
      read_string_table(table(entry(0, "", "h") + entry(0, "ab", "1") + entry(1, "cd", "2")));
  EXPECT_EQ(entries,
            (std::vector<std::pair<std::string, std::string>>{{"", "h"}, {"ab", "1"}, {"acd", "2"}}));
}

TEST_F(Table, WhatLiesIsRefused) {
  const auto whole = entry(0, "ab", "1");
  EXPECT_CONTAINS(refusal(""), "too short");
  EXPECT_CONTAINS(refusal(std::string(100, 'x')), "no mark");
  EXPECT_CONTAINS(refusal(table(whole + whole)), "not in order");
  EXPECT_CONTAINS(refusal(table(entry(1, "ab", "1"))), "shares more than the last one has");
  EXPECT_CONTAINS(refusal(table(std::string("\0\x7f\1ab", 5))), "ends outside of its block");
  EXPECT_CONTAINS(refusal(table(std::string("\0\2", 2))), "ends outside of its block");
  EXPECT_CONTAINS(refusal(table(std::string(12, '\xff'))), "a number has no end");
  EXPECT_CONTAINS(refusal(table(whole, {place(0, whole.size() + 8), place(0, whole.size() + 8)})),
                  "not in order");
  EXPECT_CONTAINS(refusal(table(whole, {}, /*packing=*/1)), "packed");
  auto flipped = table(whole);
  flipped[3] ^= 1;
  EXPECT_CONTAINS(refusal(flipped), "checksum");
  // LevelDB's own reader takes memory for any length of a block, and adds 5 to it without a look.
  const std::string all("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11);
  EXPECT_CONTAINS(refusal(table(whole, {all})), "a block is not in the file");
  EXPECT_CONTAINS(refusal(table(whole, {place(0, 3000)})), "a block is not in the file");
}

// Three bytes an entry may make a key of any length.
TEST_F(Table, KeysAreNotRepeatedWithoutEnd) {
  std::string entries("\0\xff\x1f\0", 4);  // a key of 4095 bytes
  entries += std::string(4095, 'k') + std::string("\xff\x1f\2\0", 4) + "kk";
  EXPECT_CONTAINS(refusal(table(entries, {place(0, entries.size() + 8)})), "longer than any name");
}

TEST_F(Bundle, TypesWithoutANameAreListedAsNumbers) {
  write_entry(two_floats(number(1, 7)));
  EXPECT_EQ(TensorBundle::open(index().string()).tensors().at(0).dtype, "TensorFlow type 7");
}

// LevelDB's own reader finds every key of a table of several blocks.
TEST_F(Bundle, TablesAreLevelDbs) {
  std::vector<std::pair<std::string, std::string>> entries = {{"", "header"}};
  for (int i = 100; i < 700; ++i)
    entries.emplace_back("generator/layer" + std::to_string(i),
                         std::string(static_cast<size_t>(i % 40), 'x'));
  const auto text = write_string_table(entries);
  EXPECT_EQ(read_string_table(text), entries);
  const auto path = write("table", text);
  leveldb::RandomAccessFile* opened = nullptr;
  ASSERT_TRUE(leveldb::Env::Default()->NewRandomAccessFile(path.string(), &opened).ok());
  const std::unique_ptr<leveldb::RandomAccessFile> file(opened);
  leveldb::Options options;
  options.paranoid_checks = true;
  leveldb::Table* table_opened = nullptr;
  ASSERT_TRUE(leveldb::Table::Open(options, file.get(), text.size(), &table_opened).ok());
  const std::unique_ptr<leveldb::Table> table(table_opened);
  leveldb::ReadOptions checked;
  checked.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> place(table->NewIterator(checked));
  for (const auto& [key, value] : entries) {
    place->Seek(key);
    ASSERT_TRUE(place->Valid()) << key;
    EXPECT_EQ(place->key().ToString(), key);
    EXPECT_EQ(place->value().ToString(), value);
  }
  place->Next();
  EXPECT_FALSE(place->Valid());
}

TEST_F(Bundle, WrittenAnewIsAsPublished) {
  const auto published = TensorBundle::open((kPublished / "model-123.index").string());
  write_tensor_bundle((folder_ / "model-123").string(), published.tensors());
  const auto anew = TensorBundle::open(index().string());
  ASSERT_EQ(anew.tensors().size(), published.tensors().size());
  for (size_t i = 0; i < anew.tensors().size(); ++i) {
    const auto &a = anew.tensors()[i], &b = published.tensors()[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.dtype, b.dtype);
    EXPECT_EQ(a.shape, b.shape);
    ASSERT_EQ(a.bytes, b.bytes);
    EXPECT_EQ(std::memcmp(a.data, b.data, a.bytes), 0) << a.name;
  }
  const auto entries = [&](const fs::path& path) { return read_string_table(read(path)); };
  EXPECT_EQ(entries(index()).front(), entries(kPublished / "model-123.index").front()) << "the header";
}

TEST_F(Bundle, AnotherTypeCannotBeWritten) {
  EXPECT_THROW(write_tensor_bundle((folder_ / "model-1").string(), {{"a", "C128", {}, nullptr, 0}}),
               std::logic_error);
  EXPECT_FALSE(fs::exists(folder_ / "model-1.index"));
}

}  // namespace
}  // namespace savp
