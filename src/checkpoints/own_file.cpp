#include "checkpoints/own_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/crc32c.h"
#include "io/json_text.h"

namespace savp {
namespace {

using Json = nlohmann::json;

constexpr const char *kFormat = "format", *kCrc = "crc32c", *kFields = "fields";
constexpr std::string_view kOld = "savp", kNew = "savp-2";
constexpr std::string_view kCrcEntry = "\"crc32c\":\"";  // as it stands in a header
constexpr std::string_view kNoDigits = "00000000";
constexpr size_t kNamed = 3;  // damaged fields in a message

uint32_t crc_of(std::string_view text, uint32_t before = 0) {
  return crc32c(text.data(), text.size(), before);
}

std::string digits(uint32_t crc) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", crc);
  return text;
}

std::string checksum_of(const TensorView& view) {
  auto crc = crc_of(view.dtype);
  for (const auto size : view.shape) crc = crc_of(concat(" ", size), crc);
  return digits(crc32c(view.data, view.bytes, crc));
}

std::string metadata_field(const std::string& key) { return "metadata " + key; }

// Of each field but the checksums themselves.
std::map<std::string, std::string> field_checksums(const std::vector<TensorView>& tensors,
                                                   const Metadata& metadata) {
  std::map<std::string, std::string> fields;
  for (const auto& [key, value] : metadata)
    if (key != kCrc && key != kFields) fields[metadata_field(key)] = digits(crc_of(value));
  for (const auto& view : tensors) fields["tensor " + view.name] = checksum_of(view);
  return fields;
}

// The crc32c of format "savp".
std::string old_checksum(std::vector<TensorView> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  uint32_t crc = 0;
  for (const auto& tensor : tensors) crc = crc32c(tensor.data, tensor.bytes, crc_of(tensor.name, crc));
  return digits(crc);
}

// Of the bytes of a whole file, its own digits taken as zeros.
std::string whole_checksum(const SafetensorsFile& file) {
  const auto bytes = file.bytes();
  const auto entry = file.header().find(kCrcEntry);
  if (entry == std::string_view::npos) return digits(crc_of(bytes));
  const auto place = static_cast<size_t>(file.header().data() - bytes.data()) + entry + kCrcEntry.size();
  const auto after = std::min(bytes.size(), place + kNoDigits.size());
  return digits(crc_of(bytes.substr(after), crc_of(kNoDigits, crc_of(bytes.substr(0, place)))));
}

void put_checksum(SafetensorsDraft& draft) {
  auto crc = crc_of(draft.head);
  for (const auto* view : draft.order) crc = crc32c(view->data, view->bytes, crc);
  const auto place = draft.head.find(concat(kCrcEntry, kNoDigits)) + kCrcEntry.size();
  draft.head.replace(place, kNoDigits.size(), digits(crc));
}

std::vector<std::string> damaged_fields(const SafetensorsFile& file) {
  const auto text = file.metadata().find(kFields);
  if (text == file.metadata().end()) return {metadata_field(kFields)};
  const auto recorded = try_json(text->second).value_or(Json());
  if (!recorded.is_object()) return {metadata_field(kFields)};
  std::vector<std::string> damaged;
  const auto actual = field_checksums(file.tensors(), file.metadata());
  for (const auto& [field, crc] : actual)
    if (const auto found = recorded.find(field); found == recorded.end() || *found != crc)
      damaged.push_back(field);
  for (const auto& [field, crc] : recorded.items())
    if (!actual.contains(field)) damaged.push_back(field + " (missing)");
  return damaged;
}

std::string shown_fields(const std::vector<std::string>& fields) {
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min(fields.size(), kNamed); ++i) words.push_back(shown(fields[i]));
  if (fields.size() > kNamed) words.push_back(concat(fields.size() - kNamed, " more"));
  return join_words(words);
}

// What tells a file of ours, so that one of them may be damaged and the file still be known.
bool is_own(const Metadata& metadata) {
  const auto format = metadata.find(kFormat);
  return metadata.contains(kCrc) || metadata.contains(kFields) ||
         (format != metadata.end() && format->second.starts_with(kOld));
}

void check_old(const SafetensorsFile& file) {
  SAVP_CHECK(file.metadata().at(kCrc) == old_checksum(file.tensors()), DataError, file.path(),
             ": is damaged: its tensors do not have the checksum that its metadata ", kCrc, " tells");
  const auto told = number_in(file.metadata(), metadata_keys::kStep, file.path());
  const auto* counted = file.find("global_step");
  if (!told || counted == nullptr || counted->dtype != "I64" || counted->bytes != sizeof(int64_t)) return;
  uint64_t step = 0;
  std::memcpy(&step, counted->data, sizeof step);
  SAVP_CHECK(step == *told, DataError, file.path(), ": is damaged: its metadata ", metadata_keys::kStep,
             " is ", *told, ", its global_step ", step);
}

void check_new(const SafetensorsFile& file) {
  if (file.metadata().at(kCrc) == whole_checksum(file)) return;
  const auto fields = damaged_fields(file);
  SAVP_CHECK(!fields.empty(), DataError, file.path(), ": is damaged, or another program wrote it anew: ",
             "all its fields are whole, but not its metadata ", kCrc, " or the header's layout");
  throw DataError(concat(file.path(), ": is damaged: ", shown_fields(fields)));
}

void check(const SafetensorsFile& file) {
  const auto& metadata = file.metadata();
  if (!is_own(metadata)) return;
  for (const char* key : {kFormat, kCrc})
    SAVP_CHECK(metadata.contains(key), DataError, file.path(), ": is damaged: its metadata has no ", key);
  const auto& format = metadata.at(kFormat);
  SAVP_CHECK(format == kOld || format == kNew, DataError, file.path(), ": its metadata format is '",
             shown(format), "': it is damaged, or of a newer version of this program");
  return format == kOld ? check_old(file) : check_new(file);
}

}  // namespace

void write_own_file(const std::string& path, const std::vector<TensorView>& tensors, Metadata metadata) {
  metadata[kFormat] = kNew;
  metadata[kFields] = Json(field_checksums(tensors, metadata)).dump();
  metadata[kCrc] = kNoDigits;
  write_safetensors(path, tensors, metadata, put_checksum);
}

SafetensorsFile open_own_file(const std::string& path) {
  auto file = SafetensorsFile::open(path);
  check(file);
  return file;
}

bool is_sound(const std::string& path) {
  try {
    open_own_file(path);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

std::optional<uint64_t> number_in(const Metadata& metadata, const std::string& key,
                                  const std::string& where) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  const auto& text = found->second;
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  SAVP_CHECK(error == std::errc() && stop == text.data() + text.size(), DataError, where, ": its metadata ",
             key, " is '", shown(text), "', no whole number");
  return number;
}

}  // namespace savp
