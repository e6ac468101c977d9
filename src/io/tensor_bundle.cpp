#include "io/tensor_bundle.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <functional>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "io/atomic_file.h"
#include "io/crc32c.h"
#include "io/mapped_file.h"
#include "io/string_table.h"
#include "io/whole_file.h"
#include "tensor_bundle.pb.h"

namespace savp {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in the file");

constexpr std::string_view kIndex = ".index";
constexpr int kMostShards = 99999;  // as many as their names can number

// TensorFlow's number of a type, and its name in a TensorView.
constexpr std::pair<int, const char*> kTypes[] = {{1, "F32"},   {2, "F64"}, {3, "I32"}, {4, "U8"},
                                                  {5, "I16"},   {6, "I8"},  {9, "I64"}, {10, "BOOL"},
                                                  {14, "BF16"}, {19, "F16"}};

int dtype_number(const std::string& name) {
  for (const auto& [number, known] : kTypes)
    if (known == name) return number;
  throw std::logic_error("TensorFlow has no type " + name);
}

std::string dtype_name(int number) {
  for (const auto& [known, name] : kTypes)
    if (known == number) return name;
  return concat("TensorFlow type ", number);
}

std::string header_of_one_shard() {
  proto::BundleHeader header;
  header.set_num_shards(1);
  header.mutable_version()->set_producer(1);
  return header.SerializeAsString();
}

// Of a tensor whose bytes begin at `offset` of the one data file.
std::string entry_of(const TensorView& view, int64_t offset) {
  proto::BundleEntry entry;
  entry.set_dtype(dtype_number(view.dtype));
  for (const auto size : view.shape) entry.mutable_shape()->add_dim()->set_size(size);
  entry.mutable_shape();  // a scalar has one without sizes
  entry.set_offset(offset);
  entry.set_size(static_cast<int64_t>(view.bytes));
  entry.set_crc32c(masked(crc32c(view.data, view.bytes)));
  return entry.SerializeAsString();
}

std::vector<std::pair<std::string, std::string>> read_index(const std::string& path) {
  constexpr int64_t kLargest = int64_t{1} << 28;  // bytes; usual ones have some thousand
  const auto table = read_whole_file(path, kLargest);
  try {
    return read_string_table(table);
  } catch (const DataError& error) {
    throw DataError(concat(path, ": is not the index of a TensorFlow checkpoint: it ", error.what()));
  }
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

// `check`: the masked checksum that its bytes should have.
TensorView find_tensor(const std::string& path, const std::string& name, const std::string& message,
                       const std::vector<MappedFile>& shards, uint32_t& check) {
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
  check = entry.crc32c();
  return view;
}

void check_bytes(const std::string& path, const TensorView& view, uint32_t check) {
  const bool known = bytes_of(view.dtype, {}) > 0;
  SAVP_CHECK(!known || masked(crc32c(view.data, view.bytes)) == check, DataError, path, ": tensor '",
             shown(view.name), "': the checksum of its bytes is wrong: the data file is damaged");
}

// Tensors that share bytes would be read once each, and could so fill any memory from a small file.
void check_apart(const std::string& path, std::vector<TensorView> tensors) {
  std::erase_if(tensors, [](const TensorView& view) { return view.bytes == 0; });
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorView& a, const TensorView& b) { return std::less<>()(a.data, b.data); });
  for (size_t i = 1; i < tensors.size(); ++i)
    SAVP_CHECK(tensors[i].data >= tensors[i - 1].data + tensors[i - 1].bytes, DataError, path, ": tensor '",
               shown(tensors[i].name), "' shares bytes with '", shown(tensors[i - 1].name), "'");
}

}  // namespace

TensorBundle TensorBundle::open(const std::string& index_path) {
  SAVP_CHECK(index_path.ends_with(kIndex), DataError, index_path, ": the file that ends in ", kIndex,
             " is wanted");
  const auto entries = read_index(index_path);
  SAVP_CHECK(!entries.empty() && entries.front().first.empty(), DataError, index_path,
             ": has no header: is it the index of a TensorFlow checkpoint?");
  const auto shards = open_shards(index_path, entries.front().second);
  TensorBundle bundle;
  std::vector<uint32_t> checks(entries.size() - 1);
  for (size_t i = 1; i < entries.size(); ++i)
    bundle.tensors_.push_back(
        find_tensor(index_path, entries[i].first, entries[i].second, shards, checks[i - 1]));
  check_apart(index_path, bundle.tensors_);
  for (size_t i = 0; i < checks.size(); ++i) check_bytes(index_path, bundle.tensors_[i], checks[i]);
  for (const auto& shard : shards) bundle.shards_.push_back(shard.bytes);
  return bundle;
}

void write_tensor_bundle(const std::string& prefix, const std::vector<TensorView>& tensors) {
  std::map<std::string, const TensorView*> by_name;
  for (const auto& view : tensors) by_name.emplace(view.name, &view);
  std::vector<std::pair<std::string, std::string>> entries = {{"", header_of_one_shard()}};
  AtomicFile data(prefix + ".data-00000-of-00001");
  int64_t offset = 0;
  for (const auto& [name, view] : by_name) {
    entries.emplace_back(name, entry_of(*view, offset));
    data.write(view->data, view->bytes);
    offset += static_cast<int64_t>(view->bytes);
  }
  data.commit();
  write_file_atomically(concat(prefix, kIndex), write_string_table(entries));
}

}  // namespace savp
