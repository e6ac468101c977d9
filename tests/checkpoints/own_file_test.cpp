#include "checkpoints/own_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <tuple>

#include "core/error.h"
#include "io/crc32c.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class OwnFile : public ScratchTest {
 protected:
  static std::vector<TensorView> tensors() {
    static const float kernel[] = {1, 2, 3};
    static const int64_t step = 7;
    return {{"kernel", "F32", {3}, reinterpret_cast<const std::byte*>(kernel), sizeof kernel},
            {"global_step", "I64", {}, reinterpret_cast<const std::byte*>(&step), sizeof step}};
  }
  std::string own(const Metadata& metadata) const {
    const auto path = (folder_ / "own.safetensors").string();
    write_own_file(path, tensors(), metadata);
    return path;
  }
  // As older versions wrote it: a checksum of names and bytes, by name.
  std::string old(Metadata metadata) const {
    auto sorted = tensors();
    std::swap(sorted[0], sorted[1]);
    uint32_t crc = 0;
    for (const auto& view : sorted)
      crc = crc32c(view.data, view.bytes, crc32c(view.name.data(), view.name.size(), crc));
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", crc);
    metadata["format"] = "savp";
    metadata["crc32c"] = digits;
    return foreign(metadata);
  }
  std::string foreign(const Metadata& metadata) const {
    const auto path = (folder_ / "other.safetensors").string();
    write_safetensors(path, tensors(), metadata);
    return path;
  }
  // The file with some bytes replaced by as many others.
  std::string changed(const std::string& path, const std::string& from, const std::string& to) const {
    auto bytes = read(path);
    bytes.replace(bytes.find(from), from.size(), to);
    return write("changed.safetensors", bytes).string();
  }
  static std::string complaint(const std::string& path) {
    EXPECT_EQ(is_sound(path), message_of<DataError>([&] { open_own_file(path); }) == "no error");
    return message_of<DataError>([&] { open_own_file(path); });
  }
};

TEST_F(OwnFile, KeepsWhatItIsGiven) {
  const auto file = open_own_file(own({{"seed", "3"}, {"note", "a \"b\" \\ ü"}}));
  EXPECT_EQ(file.metadata().at("format"), "savp-2");
  EXPECT_EQ(file.metadata().at("seed"), "3");
  EXPECT_EQ(file.metadata().at("note"), "a \"b\" \\ ü");
  ASSERT_NE(file.find("kernel"), nullptr);
  EXPECT_EQ(std::memcmp(file.find("kernel")->data, tensors()[0].data, 12), 0);
}

TEST_F(OwnFile, ADamagedFieldIsNamed) {
  const auto path = own({{"seed", "3"}, {"data_position", "2:7"}});
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"\"seed\":\"3\"", "\"seed\":\"1\"", "metadata seed"},
      {"\"2:7\"", "\"2:6\"", "metadata data_position"},
      {"\"seed\":\"", "\"reed\":\"", "metadata reed and metadata seed (missing)"},
      {"\"fields\"", "\"fieldr\"", "metadata fields"},
      {"\"crc32c\"", "\"crc32b\"", "its metadata has no crc32c"},
      {"\"format\"", "\"gormat\"", "its metadata has no format"},
      {"savp-2", "savp-3", "its metadata format is 'savp-3'"},
      {"\"kernel\":", "\"kernek\":", "tensor kernek and tensor kernel (missing)"},
      {"\"F32\"", "\"I32\"", "tensor kernel"},
      {"\0\0\x80\x3f", "\0\0\x80\xbf", "tensor kernel"}};
  for (const auto& [from, to, field] : cases) {
    const auto length = std::max<size_t>(4, std::strlen(from));
    const auto message = complaint(changed(path, {from, length}, {to, length}));
    EXPECT_CONTAINS(message, "changed.safetensors: ");
    EXPECT_CONTAINS(message, field);
  }
}

TEST_F(OwnFile, AnotherLayoutOfTheSameFieldsIsTold) {
  auto bytes = read(own({}));
  const auto text = bytes.find("\"crc32c\":\"") + 10;
  bytes[text] = bytes[text] == '0' ? '1' : '0';
  EXPECT_CONTAINS(complaint(write("changed.safetensors", bytes).string()), "metadata crc32c");
}

TEST_F(OwnFile, FilesOfOlderVersionsAreRead) {
  const auto path = old({{"step", "7"}, {"seed", "3"}});
  EXPECT_EQ(complaint(path), "no error");
  EXPECT_CONTAINS(complaint(changed(path, {"\0\0\x80\x3f", 4}, {"\0\0\x80\xbf", 4})), "metadata crc32c");
  EXPECT_CONTAINS(complaint(changed(path, "\"kernel\":", "\"kernek\":")), "metadata crc32c");
  EXPECT_CONTAINS(complaint(changed(path, "\"crc32c\"", "\"brc32c\"")), "has no crc32c");
  EXPECT_CONTAINS(complaint(changed(path, "\"step\":\"7\"", "\"step\":\"6\"")), "metadata step is 6");
  EXPECT_CONTAINS(complaint(changed(path, "\"step\":\"7\"", "\"step\":\"w\"")), "metadata step is 'w'");
}

TEST_F(OwnFile, FilesOfOthersAreTakenAsTheyAre) {
  for (const Metadata& metadata : {Metadata{}, Metadata{{"format", "pt"}}, Metadata{{"step", "no number"}}})
    EXPECT_EQ(complaint(foreign(metadata)), "no error");
}

TEST_F(OwnFile, NumbersOfTheMetadataAreChecked) {
  const Metadata metadata = {{"seed", "18446744073709551615"}, {"a", "1x"}, {"b", "-1"}, {"c", ""}};
  EXPECT_EQ(number_in(metadata, "seed", "file"), UINT64_MAX);
  EXPECT_EQ(number_in(metadata, "none", "file"), std::nullopt);
  for (const auto* key : {"a", "b", "c"})
    EXPECT_CONTAINS(message_of<DataError>([&] { number_in(metadata, key, "file"); }),
                    concat("file: its metadata ", key));
}

}  // namespace
}  // namespace savp
