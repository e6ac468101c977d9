#include "io/array_file.h"

#include "core/error.h"
#include "support/scratch_test.h"
#include "support/written_arrays.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class ArrayFiles : public ScratchTest {
 protected:
  std::string refusal(const std::string& bytes) const {
    const auto path = write("a.npy", bytes);
    return message_of<DataError>([&] { read_all(path, ""); });
  }
  static std::vector<float> read_all(const fs::path& path, const std::string& name) {
    const ArrayFile file(path);
    auto reader = file.open(name);
    auto values = reader.read_floats(reader.header().values());
    reader.finish();
    return values;
  }
};

TEST_F(ArrayFiles, ReadsNumbersOfManyTypes) {
  const std::vector<float> expected = {0, 1, 100};
  const std::pair<const char*, std::string> types[] = {
      {"|u1", bytes_of<uint8_t>({0, 1, 100})}, {"|i1", bytes_of<int8_t>({0, 1, 100})},
      {"<i2", bytes_of<int16_t>({0, 1, 100})}, {"<u2", bytes_of<uint16_t>({0, 1, 100})},
      {"<i4", bytes_of<int32_t>({0, 1, 100})}, {"<u4", bytes_of<uint32_t>({0, 1, 100})},
      {"<i8", bytes_of<int64_t>({0, 1, 100})}, {"<f4", bytes_of<float>({0, 1, 100})},
      {"<f8", bytes_of<double>({0, 1, 100})},
  };
  for (const auto& [descr, values] : types) {
    const auto path = write("a.npy", npy(descr, {3, 1}, values));
    EXPECT_EQ(read_all(path, ""), expected) << descr;
    EXPECT_EQ(ArrayFile(path).open("").header().shape, (std::vector<int64_t>{3, 1}));
  }
  EXPECT_TRUE(is_array_name("a.npz"));
  EXPECT_FALSE(is_array_name("a.npx"));
}

TEST_F(ArrayFiles, ReadsArchivesStoredAndDeflated) {
  const std::string many(100000, 'x');
  for (const bool deflate : {false, true}) {
    write_npz(
        folder_ / "a.npz",
        {{"images", npy("|u1", {100000}, many)}, {"states", npy("<f4", {2}, bytes_of<float>({1.5F, -2}))}},
        deflate);
    const ArrayFile file(folder_ / "a.npz");
    EXPECT_EQ(file.names(), (std::vector<std::string>{"images", "states"}));
    auto images = file.open("images");
    auto states = file.open("states");  // side by side
    EXPECT_EQ(images.read_bytes(99999) + images.read_bytes(1), many);
    EXPECT_EQ(states.read_floats(2), (std::vector<float>{1.5F, -2}));
    images.finish();
    states.finish();
    EXPECT_CONTAINS(message_of<DataError>([&] { file.open("state"); }), "did you mean states?");
  }
}

TEST_F(ArrayFiles, HeadersOfOtherVersionsAndSpellings) {
  auto longer = npy("|u1", {1}, "x");
  const auto length = static_cast<unsigned char>(longer[8]);
  longer = std::string("\x93NUMPY\x02\x00", 8) + std::string{static_cast<char>(length), 0, 0, 0} +
           longer.substr(10);
  EXPECT_EQ(read_all(write("a.npy", longer), ""), (std::vector<float>{'x'}));
  const auto odd = npy_with_header(R"({"shape":(1L,),"descr" : "|u1","fortran_order":False})", "x");
  EXPECT_EQ(read_all(write("a.npy", odd), ""), (std::vector<float>{'x'}));
  EXPECT_EQ(read_all(write("a.npy", npy_with_header("{'descr': '<f8', 'fortran_order': False, 'shape': ()}",
                                                    bytes_of<double>({2.5}))),
                     ""),
            (std::vector<float>{2.5F}));
}

TEST_F(ArrayFiles, WhatCannotBeReadIsNamed) {
  const auto with = [](const std::string& dictionary) { return npy_with_header(dictionary, "x"); };
  const std::pair<std::string, const char*> cases[] = {
      {"", "is cut short"},
      {"some text that is no array", "is no NumPy array"},
      {npy(">f4", {1}, "xxxx"), "big-endian: convert it with a.astype(\"<f4\")"},
      {npy(">U1", {1}, "xxxx"), "values of type >U1: only uint8"},
      {npy("|O", {1}, "x"), "values of type |O: only uint8"},
      {npy("<c8", {1}, "x"), "values of type <c8"},
      {npy("", {1}, "x"), "values of type "},
      {with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), "structured"},
      {with("{'descr': '|u1', 'fortran_order': True, 'shape': (1,)}"),
       "Fortran order: save numpy.ascontiguousarray"},
      {with("{'descr': '|u1', 'fortran_order': Maybe, 'shape': (1,)}"), "neither True nor False"},
      {with("{'descr': '|u1', 'shape': (1,)}"), "lacks one of"},
      {with("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}"), "no list of whole numbers"},
      {with("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
       "no list of whole numbers"},
      {with("{'descr': '|u1', 'fortran_order': False, 'shape': 1}"), "no dictionary"},
      {with("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}"), "unknown key"},
      {with("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} {"), "goes on after"},
      {with("{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 4000000000)}"),
       "larger than any file"},
      {npy("|u1", {1000000000000}, "x"),
       "needs 1000000000000 bytes of values, there are 1: the file is cut short"},
      {npy("|u1", {1}, "xy"), "needs 1 bytes of values, there are 2"},
      {std::string("\x93NUMPY\x09\x00\x01\x00", 10), "unknown version"},
      {std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12) + "{", "a header of 2147483647 bytes cannot be"},
  };
  for (const auto& [bytes, said] : cases) {
    EXPECT_CONTAINS(refusal(bytes), said);
    EXPECT_CONTAINS(refusal(bytes), "a.npy: ");
  }
  EXPECT_CONTAINS(message_of<DataError>([&] { ArrayFile(folder_ / "none.npy"); }),
                  "none.npy: cannot be opened");
}

TEST_F(ArrayFiles, TruncatedAtEveryByte) {
  const auto whole = npy("<f4", {2, 3}, std::string(24, 'x'));
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_CONTAINS(refusal(whole.substr(0, length)), "a.npy: ") << length;
  for (const bool deflate : {false, true}) {
    write_npz(folder_ / "whole.npz", {{"images", whole}}, deflate);
    const auto archive = read(folder_ / "whole.npz");
    for (size_t length = 0; length < archive.size(); ++length) {
      const auto path = write("a.npz", archive.substr(0, length));
      EXPECT_CONTAINS(message_of<DataError>([&] { read_all(path, "images"); }), "a.npz") << length;
    }
  }
}

// Values or one message; and the archive's checksum notices every flip in the values.
TEST_F(ArrayFiles, FlippedBits) {
  const auto whole = npy("|u1", {64}, std::string(64, 'x'));
  for (const bool deflate : {false, true}) {
    write_npz(folder_ / "whole.npz", {{"images", whole}}, deflate);
    const auto archive = read(folder_ / "whole.npz");
    const auto expected = read_all(folder_ / "whole.npz", "images");
    int64_t refused = 0;
    for (size_t i = 0; i < 8 * archive.size(); ++i) {
      auto flipped = archive;
      flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
      try {
        EXPECT_EQ(read_all(write("a.npz", flipped), "images"), expected) << "bit " << i;
      } catch (const DataError& error) {
        ++refused;
        EXPECT_CONTAINS(error.what(), "a.npz");
      }
    }
    EXPECT_GT(refused, static_cast<int64_t>(archive.size())) << "of " << 8 * archive.size();
  }
}

TEST_F(ArrayFiles, ArchivesOfOtherThingsAreRefused) {
  write_npz(folder_ / "a.npz", {{"../images", npy("|u1", {1}, "x")}});
  EXPECT_EQ(ArrayFile(folder_ / "a.npz").names(), (std::vector<std::string>{"../images"})) << "only a name";
  write("b.npz", "PK, and then nothing of a zip archive");
  EXPECT_CONTAINS(message_of<DataError>([&] { ArrayFile(folder_ / "b.npz"); }),
                  "b.npz: is no whole .npz file");
}

}  // namespace
}  // namespace savp
