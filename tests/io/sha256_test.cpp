#include "io/sha256.h"

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

using Sha256 = ScratchTest;

// The examples of FIPS 180-2.
TEST_F(Sha256, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_F(Sha256, FilesGiveWhatTheirBytesGive) {
  const std::string bytes(3000001, 'x');  // several blocks
  EXPECT_EQ(sha256_of_file(write("a", bytes)), sha256(bytes));
  EXPECT_EQ(sha256_of_file(write("empty", "")), sha256(""));
  EXPECT_CONTAINS(message_of<DataError>([&] { sha256_of_file(folder_ / "none"); }), "none: cannot be opened");
}

}  // namespace
}  // namespace savp
