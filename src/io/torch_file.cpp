#include "io/torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "core/error.h"
#include "core/printable.h"
#include "io/mapped_file.h"
#include "io/zip_archive.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// What a row of pickles begins with: a pickle of the number 0x1950a86a20f9469cfc6c, which ends with this.
constexpr std::string_view kMark("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);

// How many bytes that takes; 0 where they are not there. Before the number are a byte with the protocol and,
// since protocol 4, eight with a size.
size_t bytes_of_mark(std::string_view bytes) {
  for (const size_t before : {size_t{2}, size_t{11}})
    if (bytes.starts_with('\x80') && bytes.substr(std::min(before, bytes.size())).starts_with(kMark))
      return before + kMark.size();
  return 0;
}

constexpr int64_t kMostNumbers = int64_t{1} << 30;     // in a storage; in all tensors together
constexpr int64_t kLargestProgram = int64_t{1} << 27;  // bytes of data.pkl

int64_t bytes_of(const PickledStorage& storage, const std::string& where) {
  static const std::map<std::string, int64_t> kNumberBytes = {
      {"FloatStorage", 4}, {"DoubleStorage", 8},   {"LongStorage", 8},         {"IntStorage", 4},
      {"ShortStorage", 2}, {"CharStorage", 1},     {"ByteStorage", 1},         {"BoolStorage", 1},
      {"HalfStorage", 2},  {"BFloat16Storage", 2}, {"ComplexFloatStorage", 8}, {"ComplexDoubleStorage", 16},
      {"QInt8Storage", 1}, {"QUInt8Storage", 1},   {"QInt32Storage", 4}};
  const auto found = kNumberBytes.find(storage.type);
  SAVP_CHECK(found != kNumberBytes.end(), DataError, where, ": the numbers ", shown(storage.name),
             " are kept as ", shown(storage.type), ", which is not known");
  SAVP_CHECK(storage.size <= kMostNumbers, DataError, where, ": the numbers ", shown(storage.name), " are ",
             storage.size, ": at most ", kMostNumbers, " are read");
  return storage.size * found->second;
}

// --- Tensors

int64_t count_of(const PickledTensor& tensor, const std::string& called) {
  int64_t count = 1;
  for (const auto length : tensor.shape) {
    SAVP_CHECK(length >= 0 && (length == 0 || count <= kMostNumbers / length), DataError, called,
               " has an impossible shape ", shape_text(tensor.shape));
    count *= length;
  }
  return count;
}

// Whether the numbers follow one another, row by row.
bool is_in_one_piece(const PickledTensor& tensor) {
  int64_t step = 1;
  for (auto axis = tensor.shape.size(); axis-- > 0; step *= tensor.shape[axis])
    if (tensor.shape[axis] > 1 && tensor.strides[axis] != step) return false;
  return true;
}

// Whether there are that many numbers from there on, by the strides.
bool is_within(const PickledTensor& tensor, int64_t count, const PickledStorage& storage) {
  if (tensor.offset < 0 || tensor.offset > storage.size) return false;
  if (count == 0) return true;
  auto after_last = storage.size - 1 - tensor.offset;  // numbers
  for (size_t axis = 0; axis < tensor.shape.size(); ++axis) {
    const auto steps = tensor.shape[axis] - 1, stride = tensor.strides[axis];
    if (stride > 0 && steps > after_last / stride) return false;
    after_last -= steps * stride;
  }
  return after_last >= 0;
}

// How many numbers a tensor has, all of which are in its storage, if the storage is as large as it says.
int64_t checked_count(const PickledTensor& tensor, const PickledStorage& storage, const std::string& called) {
  const auto count = count_of(tensor, called);
  const bool sound =
      tensor.strides.size() == tensor.shape.size() &&
      std::all_of(tensor.strides.begin(), tensor.strides.end(), [](int64_t stride) { return stride >= 0; });
  SAVP_CHECK(sound, DataError, called, " has impossible strides ", shape_text(tensor.strides));
  SAVP_CHECK(is_within(tensor, count, storage), DataError, called, " of shape ", shape_text(tensor.shape),
             " from number ", tensor.offset, " on is not within the ", storage.size,
             " numbers that it is said to be a part of");
  return count;
}

// The same of one that can be taken from its storage as it is.
int64_t count_of_floats(const PickledTensor& tensor, const PickledStorage& storage,
                        const std::string& where) {
  const auto called = concat(where, ": the tensor ", shown(tensor.name));
  SAVP_CHECK(storage.type == "FloatStorage", DataError, called, " is of ", shown(storage.type),
             ", not of float32: save t.float() instead");
  const auto count = checked_count(tensor, storage, called);
  SAVP_CHECK(count == 0 || is_in_one_piece(tensor), DataError, called,
             " is not stored in one piece: save t.contiguous() instead");
  return count;
}

// The bytes of a storage, which stay until the next call. Messages begin with `called`.
using Unpack = std::function<std::string_view(const PickledStorage& storage, const std::string& called)>;

// Each storage is unpacked once, however many tensors are parts of it.
std::vector<PickledArray> arrays_of(const PickledTensors& all, const WantedName& wanted, const Unpack& unpack,
                                    const std::string& where) {
  std::vector<PickledArray> arrays;
  std::map<size_t, std::vector<std::pair<size_t, size_t>>> parts;  // of a storage: array, first byte
  int64_t numbers = 0;
  for (const auto& tensor : all.tensors) {
    if (!wanted(tensor.name)) continue;
    numbers += count_of_floats(tensor, all.storages[tensor.storage], where);
    SAVP_CHECK(numbers <= kMostNumbers, DataError, where, ": its tensors have more than ", kMostNumbers,
               " numbers together");
    parts[tensor.storage].emplace_back(arrays.size(), static_cast<size_t>(tensor.offset) * sizeof(float));
    arrays.push_back({tensor.name, {NumberType::kFloat32, tensor.shape}, {}});
  }
  for (const auto& [place, its_parts] : parts) {
    const auto& storage = all.storages[place];
    const auto called = concat(where, ": the numbers of ", shown(arrays[its_parts[0].first].name));
    const auto bytes = unpack(storage, called);
    SAVP_CHECK(static_cast<int64_t>(bytes.size()) == bytes_of(storage, where), DataError, called,
               " are cut short (", bytes.size(), " of ", bytes_of(storage, where), " bytes)");
    for (const auto& [array, first] : its_parts)
      arrays[array].bytes = bytes.substr(first, static_cast<size_t>(arrays[array].header.bytes()));
  }
  return arrays;
}

// --- A zip archive

// The folder that all of it lies in, "archive/".
std::string folder_of(const ZipArchive& archive, const fs::path& path) {
  constexpr std::string_view kData = "data.pkl";
  for (const auto& name : archive.names())
    if (const auto slash = name.find('/'); slash != std::string::npos && name.substr(slash + 1) == kData)
      return name.substr(0, slash + 1);
  throw DataError(concat(path.string(), ": holds no data.pkl: is it a file of torch.save()?"));
}

// Since PyTorch 2.1 it is told.
void check_byte_order(const ZipArchive& archive, const std::string& folder, const fs::path& path) {
  constexpr int64_t kLongest = 100;  // bytes
  if (!archive.has(folder + "byteorder")) return;
  const auto order = archive.read(folder + "byteorder", kLongest);
  SAVP_CHECK(order == "little", DataError, path.string(), ": its byteorder is ", shown(order),
             ", not little: save it on another machine");
}

std::vector<PickledArray> read_archive(const fs::path& path, const WantedName& wanted) {
  const ZipArchive archive(path, "whole file of torch.save()");
  const auto folder = folder_of(archive, path);
  check_byte_order(archive, folder, path);
  const auto program = archive.read(folder + "data.pkl", kLargestProgram);
  const auto tensors = read_pickled_tensors(program, concat(path.string(), ", data.pkl"));
  std::string unpacked;
  const auto unpack = [&](const PickledStorage& storage, const std::string& called) -> std::string_view {
    const auto entry = concat(folder, "data/", storage.name);
    SAVP_CHECK(archive.has(entry), DataError, called, " are missing (", shown(entry), ")");
    unpacked.clear();
    return unpacked = archive.read(entry, bytes_of(storage, path.string()));
  };
  return arrays_of(tensors, wanted, unpack, path.string());
}

// <part>.pkl of a program and <part>/.
void check_numbers(const ZipArchive& archive, const std::string& folder, const std::string& part,
                   const fs::path& path) {
  const auto program = archive.read(concat(folder, part, ".pkl"), kLargestProgram);
  const auto where = concat(path.string(), ", ", part, ".pkl");
  const auto all = read_all_pickled_tensors(program, where);
  for (const auto& storage : all.storages) {
    const auto entry = concat(folder, part, "/", storage.name);
    const auto called = concat(path.string(), ", ", shown(entry));
    const auto there = archive.open(entry, called)->size(), wanted = bytes_of(storage, path.string());
    SAVP_CHECK(there == wanted, DataError, called, ": has ", there, " bytes, not ", wanted);
  }
  for (const auto& tensor : all.tensors) {
    const auto& storage = all.storages[tensor.storage];
    checked_count(tensor, storage, concat(where, ": a tensor of the numbers ", shown(storage.name)));
  }
}

// --- A row of pickles

class OldFile {
 public:
  OldFile(std::string_view bytes, std::string name) : left_(bytes), name_(std::move(name)) {}

  std::vector<PickledArray> read(const WantedName& wanted) {
    skip(bytes_of_mark(left_));
    plain();  // the version
    const auto facts = plain();
    const bool little =
        facts.is_object() && (!facts.contains("little_endian") || facts["little_endian"] == true);
    SAVP_CHECK(little, DataError, name_, ": is of a big-endian machine");
    const auto tensors = read_pickled_tensors(left_, name_);
    skip(tensors.bytes);
    const auto order = plain();
    SAVP_CHECK(order.is_array(), DataError, name_, ": does not list where its numbers are");
    const auto storages = find_storages(tensors.storages, order);
    const auto unpack = [&](const PickledStorage& storage, const std::string& called) {
      const auto found = storages.find(storage.name);
      SAVP_CHECK(found != storages.end(), DataError, called, " are missing (", shown(storage.name), ")");
      return found->second;
    };
    return arrays_of(tensors, wanted, unpack, name_);
  }

 private:
  nlohmann::json plain() {
    auto [value, bytes] = read_pickle(left_, name_);
    skip(bytes);
    return std::move(value);
  }
  void skip(size_t bytes) { take(bytes); }
  std::string_view take(size_t bytes) {
    SAVP_CHECK(bytes <= left_.size(), DataError, name_, ": is cut short");
    const auto taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }

  // By name.
  std::map<std::string, std::string_view> find_storages(const std::vector<PickledStorage>& known,
                                                        const nlohmann::json& order) {
    std::map<std::string, const PickledStorage*> by_name;
    for (const auto& storage : known) by_name[storage.name] = &storage;
    std::map<std::string, std::string_view> storages;
    for (const auto& key : order) {
      const auto found = key.is_string() ? by_name.find(key.get<std::string>()) : by_name.end();
      SAVP_CHECK(found != by_name.end(), DataError, name_, ": lists numbers that no tensor has");
      const auto& [name, storage] = *found;
      int64_t count = 0;
      std::memcpy(&count, take(sizeof(count)).data(), sizeof(count));
      SAVP_CHECK(count == storage->size, DataError, name_, ": the numbers ", shown(name), " are ", count,
                 ", not ", storage->size);
      storages[name] = take(static_cast<size_t>(bytes_of(*storage, name_)));
    }
    return storages;
  }

  std::string_view left_;
  std::string name_;
};

}  // namespace

std::vector<PickledArray> read_torch_file(const fs::path& path, const WantedName& wanted) {
  if (ZipArchive::is_one(path)) return read_archive(path, wanted);
  const auto file = map_file(path.string());
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes.get()), file.size);
  SAVP_CHECK(bytes_of_mark(bytes) > 0, DataError, path.string(),
             ": is no file of torch.save() (it does not begin as one)");
  return OldFile(bytes, path.string()).read(wanted);
}

void check_torch_script(const fs::path& path) {
  const ZipArchive archive(path, "whole file of PyTorch");
  const auto folder = folder_of(archive, path);
  check_byte_order(archive, folder, path);
  check_numbers(archive, folder, "data", path);
  check_numbers(archive, folder, "constants", path);
}

bool is_torch_script(const fs::path& path) {
  if (!ZipArchive::is_one(path)) return false;
  const ZipArchive archive(path, "whole file of PyTorch");
  return std::any_of(archive.names().begin(), archive.names().end(),
                     [](const std::string& name) { return name.ends_with("/constants.pkl"); });
}

}  // namespace savp
