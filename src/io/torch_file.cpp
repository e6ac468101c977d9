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
using Wanted = std::function<bool(const std::string& name)>;

// What a row of pickles begins with: the pickle of the number 0x1950a86a20f9469cfc6c.
constexpr std::string_view kMark("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);

constexpr int64_t kMostNumbers = int64_t{1} << 30;     // in a storage
constexpr int64_t kLargestProgram = int64_t{1} << 27;  // bytes of data.pkl

int64_t bytes_of_number(const PickledTensor& tensor, const std::string& where) {
  static const std::map<std::string, int64_t> kSizes = {
      {"FloatStorage", 4}, {"DoubleStorage", 8},  {"LongStorage", 8}, {"IntStorage", 4},
      {"ShortStorage", 2}, {"CharStorage", 1},    {"ByteStorage", 1}, {"BoolStorage", 1},
      {"HalfStorage", 2},  {"BFloat16Storage", 2}};
  const auto found = kSizes.find(tensor.storage_type);
  SAVP_CHECK(found != kSizes.end(), DataError, where, ": the tensor ", shown(tensor.name), " is kept as ",
             shown(tensor.storage_type), ", which is not known");
  return found->second;
}

// Numbers one after the other, and as many as the shape says.
PickledArray array_of(const PickledTensor& tensor, std::string_view storage, const std::string& where) {
  const auto called = concat(where, ": the tensor ", shown(tensor.name));
  SAVP_CHECK(tensor.storage_type == "FloatStorage", DataError, called, " is of ", shown(tensor.storage_type),
             ", not of float32");
  int64_t count = 1;
  SAVP_CHECK(tensor.strides.size() == tensor.shape.size(), DataError, called, " has no sound strides");
  for (auto axis = tensor.shape.size(); axis-- > 0;) {
    const auto length = tensor.shape[axis];
    SAVP_CHECK(length >= 0 && (length <= 1 || count <= (int64_t{1} << 40) / length), DataError, called,
               " has an impossible shape ", shape_text(tensor.shape));
    SAVP_CHECK(length <= 1 || tensor.strides[axis] == count, DataError, called,
               " is not stored in one piece: save t.contiguous() instead");
    count *= length;
  }
  const auto there = static_cast<int64_t>(storage.size() / sizeof(float));
  SAVP_CHECK(tensor.offset >= 0 && tensor.offset <= there && count <= there - tensor.offset, DataError,
             called, " of shape ", shape_text(tensor.shape), " is cut short");
  const auto bytes = storage.substr(static_cast<size_t>(tensor.offset) * sizeof(float),
                                    static_cast<size_t>(count) * sizeof(float));
  return {tensor.name, {NumberType::kFloat32, tensor.shape}, std::string(bytes)};
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

std::vector<PickledArray> read_archive(const fs::path& path, const Wanted& wanted) {
  const ZipArchive archive(path, "whole file of torch.save()");
  const auto folder = folder_of(archive, path);
  const auto program = archive.read(folder + "data.pkl", kLargestProgram);
  std::vector<PickledArray> found;
  for (const auto& tensor : read_pickled_tensors(program, concat(path.string(), ", data.pkl")).tensors) {
    if (!wanted(tensor.name)) continue;
    const auto storage = concat(folder, "data/", tensor.storage);
    SAVP_CHECK(archive.has(storage), DataError, path.string(), ": the numbers of ", shown(tensor.name),
               " are missing (", shown(storage), ")");
    found.push_back(array_of(tensor, archive.read(storage, kMostNumbers * 8), path.string()));
  }
  return found;
}

// --- A row of pickles

class OldFile {
 public:
  OldFile(std::string_view bytes, std::string name) : left_(bytes), name_(std::move(name)) {}

  std::vector<PickledArray> read(const Wanted& wanted) {
    skip(kMark.size());
    plain();  // the version
    const auto facts = plain();
    const bool little =
        facts.is_object() && (!facts.contains("little_endian") || facts["little_endian"] == true);
    SAVP_CHECK(little, DataError, name_, ": is of a big-endian machine");
    const auto [tensors, bytes] = read_pickled_tensors(left_, name_);
    skip(bytes);
    const auto order = plain();
    SAVP_CHECK(order.is_array(), DataError, name_, ": does not list where its numbers are");
    const auto storages = find_storages(tensors, order);
    std::vector<PickledArray> found;
    for (const auto& tensor : tensors)
      if (wanted(tensor.name)) found.push_back(array_of(tensor, storages.at(tensor.storage), name_));
    return found;
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

  // By name. The sizes of their numbers are told by the tensors in them.
  std::map<std::string, std::string_view> find_storages(const std::vector<PickledTensor>& tensors,
                                                        const nlohmann::json& order) {
    std::map<std::string, int64_t> number_bytes;
    for (const auto& tensor : tensors) number_bytes[tensor.storage] = bytes_of_number(tensor, name_);
    std::map<std::string, std::string_view> storages;
    for (const auto& key : order) {
      const auto known = key.is_string() ? number_bytes.find(key.get<std::string>()) : number_bytes.end();
      SAVP_CHECK(known != number_bytes.end(), DataError, name_, ": lists numbers that no tensor has");
      int64_t count = 0;
      std::memcpy(&count, take(sizeof(count)).data(), sizeof(count));
      const auto most = static_cast<int64_t>(left_.size()) / known->second;
      SAVP_CHECK(count >= 0 && count <= most, DataError, name_, ": is cut short");
      storages[known->first] = take(static_cast<size_t>(count * known->second));
    }
    for (const auto& [name, bytes] : number_bytes)
      SAVP_CHECK(storages.contains(name), DataError, name_, ": the numbers ", shown(name), " are missing");
    return storages;
  }

  std::string_view left_;
  std::string name_;
};

}  // namespace

std::vector<PickledArray> read_torch_file(const fs::path& path, const Wanted& wanted) {
  if (ZipArchive::is_one(path)) return read_archive(path, wanted);
  const auto file = map_file(path.string());
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes.get()), file.size);
  SAVP_CHECK(bytes.starts_with(kMark), DataError, path.string(),
             ": is no file of torch.save() (it does not begin as one)");
  return OldFile(bytes, path.string()).read(wanted);
}

bool is_torch_script(const fs::path& path) {
  if (!ZipArchive::is_one(path)) return false;
  const ZipArchive archive(path, "whole file of PyTorch");
  return std::any_of(archive.names().begin(), archive.names().end(),
                     [](const std::string& name) { return name.ends_with("/constants.pkl"); });
}

}  // namespace savp
