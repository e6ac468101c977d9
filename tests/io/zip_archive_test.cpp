#include "io/zip_archive.h"

#include "core/error.h"
#include "support/memory_limit.h"
#include "support/scratch_test.h"
#include "support/written_arrays.h"

namespace savp {
namespace {

class Zip : public ScratchTest {
 protected:
  std::string read_entry(int64_t at_most) const {
    return ZipArchive(folder_ / "a.zip", "archive").read("a", at_most);
  }
  std::string refusal(int64_t at_most) const {
    return message_of<DataError>([&] { read_entry(at_most); });
  }
};

TEST_F(Zip, EntriesAreKnownByName) {
  write_zip(folder_ / "a.zip", {{"a", "x"}, {"b/c", "y"}});
  const ZipArchive archive(folder_ / "a.zip", "archive");
  EXPECT_TRUE(archive.has("a"));
  EXPECT_TRUE(archive.has("b/c"));
  for (const auto* missing : {"", "A", "b", "c", "b/"}) EXPECT_FALSE(archive.has(missing)) << missing;
  EXPECT_CONTAINS(message_of<DataError>([&] { archive.read("c", 9); }), "a.zip, c: cannot be read");
}

TEST_F(Zip, NoMoreIsReadThanAllowed) {
  write_zip(folder_ / "a.zip", {{"a", std::string(1000, 'x')}});
  EXPECT_EQ(read_entry(1000), std::string(1000, 'x'));
  EXPECT_CONTAINS(refusal(999), "a.zip, a: is too large (1000 bytes, at most 999 are read)");
}

// 128 megabytes, deflated, which say that they are ten bytes.
TEST_F(Zip, NoMoreIsReadThanTheArchiveSays) {
  constexpr uint32_t kSize = 1U << 27U;
  write_zip(folder_ / "a.zip", {{"a", std::string(kSize, 'x')}});
  auto bytes = read(folder_ / "a.zip");
  for (auto at = bytes.find(bytes_of<uint32_t>({kSize})); at != std::string::npos;
       at = bytes.find(bytes_of<uint32_t>({kSize})))
    bytes.replace(at, 4, bytes_of<uint32_t>({10}));
  write("a.zip", bytes);
  const MemoryLimit limit(1 << 25);
  EXPECT_CONTAINS(refusal(1000), "a.zip, a: ");
}

}  // namespace
}  // namespace savp
