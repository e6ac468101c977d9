#include "io/sha256.h"

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

using Sha256OfFiles = ScratchTest;

// The examples of FIPS 180-2.
TEST_F(Sha256OfFiles, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Around the ends of blocks, where the length no longer fits.
TEST_F(Sha256OfFiles, PortionsDoNotMatter) {
  const std::vector<std::pair<size_t, const char*>> known = {
      {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"}};
  for (const auto& [size, digest] : known) {
    const std::string bytes(size, 'a');
    EXPECT_EQ(sha256(bytes), digest);
    for (size_t part = 1; part <= size; part += 13) {
      Sha256 portions;
      for (size_t at = 0; at < size; at += part) portions.add(std::string_view(bytes).substr(at, part));
      EXPECT_EQ(portions.hexadecimal(), digest) << part;
    }
  }
}

TEST_F(Sha256OfFiles, FilesGiveWhatTheirBytesGive) {
  const std::string bytes(3000001, 'x');  // several blocks
  EXPECT_EQ(sha256_of_file(write("a", bytes)), sha256(bytes));
  EXPECT_EQ(sha256_of_file(write("empty", "")), sha256(""));
  EXPECT_CONTAINS(message_of<DataError>([&] { sha256_of_file(folder_ / "none"); }), "none: cannot be opened");
}

}  // namespace
}  // namespace savp
