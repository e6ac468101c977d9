#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "io/atomic_file.h"
#include "io/json_text.h"
#include "io/mapped_file.h"

namespace savp {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little,
              "safetensors are read and written without swapping bytes");

constexpr uint64_t kMaxHeader = uint64_t{1} << 25;  // bytes; some 300000 tensors
constexpr size_t kPrefix = sizeof(uint64_t);
constexpr const char* kMetadata = "__metadata__";
constexpr std::pair<const char*, int64_t> kItemBytes[] = {
    {"F64", 8},  {"I64", 8}, {"U64", 8}, {"F32", 4}, {"I32", 4}, {"U32", 4}, {"F16", 2},
    {"BF16", 2}, {"I16", 2}, {"U16", 2}, {"I8", 1},  {"U8", 1},  {"BOOL", 1}};

// 0 for a type that nobody knows.
int64_t item_bytes(const std::string& dtype) {
  for (const auto& [name, bytes] : kItemBytes)
    if (dtype == name) return bytes;
  return 0;
}

// A JSON object in which no key stands twice.
Json parse_header(const std::string& path, std::string_view text) {
  const JsonLimits limits{.depth = 8, .unique_keys = true};
  auto header = parse_json(text, path + ": the header ", limits);
  SAVP_CHECK(header.is_object(), DataError, path, ": the header is not a JSON object");
  return header;
}

std::map<std::string, std::string> read_metadata(const std::string& path, const Json& entry) {
  SAVP_CHECK(entry.is_object(), DataError, path, ": ", kMetadata, " is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entry.items()) {
    SAVP_CHECK(value.is_string(), DataError, path, ": ", kMetadata, ": the value of '", shown(key),
               "' is not text");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

// Whole numbers that are not negative, as many as `count` says (-1: any).
std::vector<int64_t> read_numbers(const std::string& where, const Json& entry, const char* key,
                                  int64_t count) {
  const auto found = entry.find(key);
  const auto fits = [](const Json& n) {
    return n.is_number_unsigned() && n.get<uint64_t>() <= uint64_t{INT64_MAX};
  };
  SAVP_CHECK(found != entry.end() && found->is_array() && std::all_of(found->begin(), found->end(), fits) &&
                 (count < 0 || found->size() == static_cast<size_t>(count)),
             DataError, where, ": ", key, " is not a list of sizes");
  return found->get<std::vector<int64_t>>();
}

// One entry of the header; `data` has the `size` bytes after the header.
TensorView read_entry(const std::string& path, const std::string& name, const Json& entry,
                      const std::byte* data, size_t size) {
  const auto where = concat(path, ": tensor '", shown(name), "'");
  SAVP_CHECK(entry.is_object() && entry.size() == 3 && entry.contains("dtype") && entry["dtype"].is_string(),
             DataError, where, ": the header must give dtype, shape and data_offsets");
  TensorView view{name, entry["dtype"].get<std::string>(), read_numbers(where, entry, "shape", -1)};
  SAVP_CHECK(item_bytes(view.dtype) > 0, DataError, where, ": unknown dtype '", shown(view.dtype), "'");
  const auto offsets = read_numbers(where, entry, "data_offsets", 2);
  SAVP_CHECK(offsets[0] <= offsets[1] && static_cast<uint64_t>(offsets[1]) <= size, DataError, where,
             ": its bytes ", offsets[0], " to ", offsets[1], " are not in the file, which has ", size,
             " after the header (cut short?)");
  SAVP_CHECK(bytes_of(view.dtype, view.shape) == offsets[1] - offsets[0], DataError, where,
             ": its shape and type do not fill ", offsets[1] - offsets[0], " bytes");
  view.data = data + offsets[0];
  view.bytes = static_cast<size_t>(offsets[1] - offsets[0]);
  return view;
}

// The tensors must fill the bytes after the header: no overlap, no gap, nothing after the last.
void check_coverage(const std::string& path, const std::vector<TensorView>& tensors, const std::byte* data,
                    size_t size) {
  const auto* next = data;
  for (const auto& view : tensors) {
    SAVP_CHECK(view.data == next, DataError, path, ": tensor '", shown(view.name), "' starts at byte ",
               view.data - data, " instead of ", next - data, " (", view.data < next ? "overlap" : "gap",
               ")");
    next += view.bytes;
  }
  SAVP_CHECK(next == data + size, DataError, path, ": ", data + size - next, " bytes after the last tensor");
}

}  // namespace

int64_t bytes_of(const std::string& dtype, const std::vector<int64_t>& shape) {
  int64_t bytes = item_bytes(dtype);
  if (bytes == 0) return -1;
  for (const auto size : shape)
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes)) return -1;
  return bytes;
}

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  SafetensorsFile file;
  file.path_ = path;
  const auto mapping = map_file(path);
  SAVP_CHECK(mapping.size > kPrefix, DataError, path, ": is not a safetensors file: only ", mapping.size,
             " bytes long");
  file.mapping_ = mapping.bytes;
  file.size_ = mapping.size;
  uint64_t length = 0;
  std::memcpy(&length, mapping.bytes.get(), kPrefix);
  SAVP_CHECK(length <= kMaxHeader && length <= mapping.size - kPrefix, DataError, path, ": a header of ",
             length, " bytes cannot be in a file of ", mapping.size,
             " (cut short, or not a safetensors file)");
  file.header_ = file.bytes().substr(kPrefix, length);
  const auto header = parse_header(path, file.header_);
  const auto* data = mapping.bytes.get() + kPrefix + length;
  const auto size = mapping.size - kPrefix - length;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadata)
      file.metadata_ = read_metadata(path, entry);
    else
      file.tensors_.push_back(read_entry(path, name, entry, data, size));
  }
  // Empty tensors first among those that start at the same byte.
  std::sort(file.tensors_.begin(), file.tensors_.end(), [](const TensorView& a, const TensorView& b) {
    return std::tie(a.data, a.bytes, a.name) < std::tie(b.data, b.bytes, b.name);
  });
  check_coverage(path, file.tensors_, data, size);
  for (size_t i = 0; i < file.tensors_.size(); ++i) file.places_[file.tensors_[i].name] = i;
  return file;
}

const TensorView* SafetensorsFile::find(const std::string& name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &tensors_[place->second];
}

namespace {

// The header's text, its length before it.
std::string head_of(const std::string& path, const std::vector<const TensorView*>& order,
                    const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  size_t offset = 0;
  for (const auto* view : order) {
    if (bytes_of(view->dtype, view->shape) != static_cast<int64_t>(view->bytes) || view->name == kMetadata ||
        header.contains(view->name))
      throw std::logic_error(concat(path, ": tensor '", view->name, "' has a wrong type, size or name"));
    header[view->name] = {
        {"dtype", view->dtype}, {"shape", view->shape}, {"data_offsets", {offset, offset + view->bytes}}};
    offset += view->bytes;
  }
  auto text = header.dump();
  text.resize((text.size() + kPrefix - 1) / kPrefix * kPrefix, ' ');
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(SafetensorsDraft&)>& finish) {
  SafetensorsDraft draft;
  for (const auto& view : tensors) draft.order.push_back(&view);
  std::stable_sort(draft.order.begin(), draft.order.end(), [](const TensorView* a, const TensorView* b) {
    return item_bytes(a->dtype) > item_bytes(b->dtype);
  });
  draft.head = head_of(path, draft.order, metadata);
  if (finish) finish(draft);

  AtomicFile file(path);
  file.write(draft.head.data(), draft.head.size());
  for (const auto* view : draft.order) file.write(view->data, view->bytes);
  file.commit();
}

}  // namespace savp
