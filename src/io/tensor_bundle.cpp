#include "io/tensor_bundle.h"

#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "io/crc32c.h"
#include "io/mapped_file.h"
#include "tensor_bundle.pb.h"

namespace savp {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in the file");

constexpr std::string_view kIndex = ".index";
constexpr int kMostShards = 99999;  // as many as their names can number
constexpr size_t kFooterBytes = 48;

// TensorFlow's number of a type, and its name in a TensorView.
constexpr std::pair<int, const char*> kTypes[] = {{1, "F32"},   {2, "F64"}, {3, "I32"}, {4, "U8"},
                                                  {5, "I16"},   {6, "I8"},  {9, "I64"}, {10, "BOOL"},
                                                  {14, "BF16"}, {19, "F16"}};

std::string dtype_name(int number) {
  for (const auto& [known, name] : kTypes)
    if (known == number) return name;
  return concat("TensorFlow type ", number);
}

// A number of seven bits a byte, lowest first; moves `text` behind it.
uint64_t take_varint(std::string_view& text) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return UINT64_MAX;
}

// The one part of a table that has no checksum, and from which LevelDB would take any size: the places of two
// blocks (offset and length each), at the start of the footer.
void check_footer(const std::string& path, const MappedFile& file) {
  SAVP_CHECK(file.size > kFooterBytes, DataError, path,
             ": is not the index of a TensorFlow checkpoint: only ", file.size, " bytes long");
  const auto end = file.size - kFooterBytes;
  std::string_view footer(reinterpret_cast<const char*>(file.bytes.get()) + end, kFooterBytes);
  for (int block = 0; block < 2; ++block) {
    const auto offset = take_varint(footer), length = take_varint(footer);
    SAVP_CHECK(offset <= end && length <= end - offset, DataError, path,
               ": is not the index of a TensorFlow checkpoint, or is cut short (its last ", kFooterBytes,
               " bytes name a block outside of it)");
  }
}

// The names and the messages of a LevelDB table.
std::vector<std::pair<std::string, std::string>> read_table(const std::string& path) {
  const auto mapped = map_file(path);
  check_footer(path, mapped);
  const auto check = [&](const leveldb::Status& status) {
    SAVP_CHECK(status.ok(), DataError, path,
               ": is not the index of a TensorFlow checkpoint, or is damaged: ", status.ToString());
  };
  leveldb::RandomAccessFile* opened = nullptr;
  check(leveldb::Env::Default()->NewRandomAccessFile(path, &opened));
  const std::unique_ptr<leveldb::RandomAccessFile> file(opened);
  leveldb::Options options;
  options.paranoid_checks = true;
  leveldb::Table* read = nullptr;
  check(leveldb::Table::Open(options, file.get(), mapped.size, &read));
  const std::unique_ptr<leveldb::Table> table(read);
  leveldb::ReadOptions reading;
  reading.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> entry(table->NewIterator(reading));
  std::vector<std::pair<std::string, std::string>> entries;
  for (entry->SeekToFirst(); entry->Valid(); entry->Next())
    entries.emplace_back(entry->key().ToString(), entry->value().ToString());
  check(entry->status());
  return entries;
}

std::vector<MappedFile> open_shards(const std::string& path, const std::string& message) {
  proto::BundleHeader header;
  SAVP_CHECK(
      header.ParseFromString(message) && header.num_shards() >= 1 && header.num_shards() <= kMostShards,
      DataError, path, ": its header cannot be read");
  SAVP_CHECK(header.endianness() == 0, DataError, path,
             ": was written on a big-endian machine, which is not read");
  std::vector<MappedFile> shards;
  for (int shard = 0; shard < header.num_shards(); ++shard) {
    char suffix[40];
    std::snprintf(suffix, sizeof suffix, ".data-%05d-of-%05d", shard, header.num_shards());
    shards.push_back(map_file(path.substr(0, path.size() - kIndex.size()) + suffix));
  }
  return shards;
}

TensorView find_tensor(const std::string& path, const std::string& name, const std::string& message,
                       const std::vector<MappedFile>& shards) {
  const auto where = concat(path, ": tensor '", shown(name), "'");
  proto::BundleEntry entry;
  SAVP_CHECK(entry.ParseFromString(message), DataError, where, ": its entry cannot be read");
  SAVP_CHECK(entry.slices().empty(), DataError, where,
             " is stored in slices, which are not read: save the checkpoint without a partitioner");
  const auto number = static_cast<size_t>(entry.shard_id());  // a negative one becomes too large
  SAVP_CHECK(number < shards.size(), DataError, where, ": is in the data file ", entry.shard_id(), " of ",
             shards.size());
  const auto& shard = shards[number];
  const auto offset = static_cast<uint64_t>(entry.offset()), bytes = static_cast<uint64_t>(entry.size());
  SAVP_CHECK(offset <= shard.size && bytes <= shard.size - offset, DataError, where, ": its ", entry.size(),
             " bytes from byte ", entry.offset(), " are not in the data file, which has ", shard.size,
             " (cut short?)");
  TensorView view{name, dtype_name(entry.dtype()), {}, shard.bytes.get() + offset, bytes};
  for (const auto& dim : entry.shape().dim()) view.shape.push_back(dim.size());
  const auto expected = bytes_of(view.dtype, view.shape);
  const bool known = bytes_of(view.dtype, {}) > 0;
  SAVP_CHECK(!known || expected == entry.size(), DataError, where, ": its shape and type do not fill ",
             entry.size(), " bytes");
  SAVP_CHECK(!known || masked(crc32c(view.data, bytes)) == entry.crc32c(), DataError, where,
             ": the checksum of its bytes is wrong: the data file is damaged");
  return view;
}

}  // namespace

TensorBundle TensorBundle::open(const std::string& index_path) {
  SAVP_CHECK(index_path.ends_with(kIndex), DataError, index_path, ": the file that ends in ", kIndex,
             " is wanted");
  const auto entries = read_table(index_path);
  SAVP_CHECK(!entries.empty() && entries.front().first.empty(), DataError, index_path,
             ": has no header: is it the index of a TensorFlow checkpoint?");
  const auto shards = open_shards(index_path, entries.front().second);
  TensorBundle bundle;
  for (size_t i = 1; i < entries.size(); ++i)
    bundle.tensors_.push_back(find_tensor(index_path, entries[i].first, entries[i].second, shards));
  for (const auto& shard : shards) bundle.shards_.push_back(shard.bytes);
  return bundle;
}

}  // namespace savp
