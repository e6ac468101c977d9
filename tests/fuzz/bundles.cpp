// TensorFlow's checkpoints. Checksums would keep drawn bytes from getting anywhere, so an input is what they
// are taken of:
//
//   uint8 kind | uint16 length, data file | uint16 length, block of entries | block of the index
//
// with kind 0; with kind 1 the rest is an index file as it stands, beside no data.
#include <string>
#include <string_view>

#include "core/error.h"
#include "io/crc32c.h"
#include "io/tensor_bundle.h"
#include "support/scratch.h"

namespace savp {
namespace {

std::string_view take(std::string_view& bytes, size_t count) {
  const auto taken = bytes.substr(0, count);
  bytes.remove_prefix(taken.size());
  return taken;
}
std::string_view take_part(std::string_view& bytes) {
  size_t length = 0;
  for (const unsigned char byte : take(bytes, 2)) length = length << 8U | byte;
  return take(bytes, length);
}

std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}
std::string varint(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7U) text += static_cast<char>(value | 0x80U);
  return text + static_cast<char>(value);
}

// Its place.
std::string append_block(std::string& table, std::string_view block) {
  const auto place = varint(table.size()) + varint(block.size());
  const auto stored = std::string(block) + '\0';
  table += stored + little_endian(masked(crc32c(stored.data(), stored.size())), 4);
  return place;
}

std::string index_of(std::string_view entries, std::string_view index) {
  std::string table;
  append_block(table, entries);
  auto footer = append_block(table, std::string_view("\0\0\0\0\1\0\0\0", 8)) + append_block(table, index);
  footer.resize(40);
  return table + footer + little_endian(0xdb4775248b80fb57, 8);
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  static const ScratchFolder folder;
  std::string_view left(reinterpret_cast<const char*>(bytes), size);
  const bool whole = take(left, 1) == "\1";
  const auto data = whole ? "" : take_part(left);
  const auto entries = whole ? "" : take_part(left);
  folder.write("model-1.data-00000-of-00001", std::string(data));
  folder.write("model-1.index", whole ? std::string(left) : index_of(entries, left));
  try {
    const auto bundle = TensorBundle::open((folder.path() / "model-1.index").string());
    for (const auto& tensor : bundle.tensors()) crc32c(tensor.data, tensor.bytes);  // touches every byte
  } catch (const DataError&) {
  }
  return 0;
}
