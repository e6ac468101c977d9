// Event files read without the code that wrote them, from the published field numbers alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "io/tfrecord.h"

namespace savp {

// One field of a message in the wire format of protocol buffers.
struct WireField {
  uint64_t number = 0;  // of a varint or fixed field: its bits
  std::string bytes;    // of a length-delimited field
  double real() const { return std::bit_cast<double>(number); }
  float real_32() const { return std::bit_cast<float>(static_cast<uint32_t>(number)); }
};
using WireMessage = std::multimap<int, WireField>;

inline WireMessage parse_message(std::string_view left) {
  const auto varint = [&left] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      SAVP_CHECK(!left.empty() && shift < 64, DataError, "a varint is cut off");
      const auto byte = static_cast<unsigned char>(left.front());
      left.remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  const auto fixed = [&left](size_t size) {
    SAVP_CHECK(left.size() >= size, DataError, "a number is cut off");
    uint64_t value = 0;
    std::memcpy(&value, left.data(), size);
    left.remove_prefix(size);
    return value;
  };
  WireMessage message;
  while (!left.empty()) {
    const auto key = varint();
    WireField field;
    switch (key & 7) {
      case 0:
        field.number = varint();
        break;
      case 1:
        field.number = fixed(8);
        break;
      case 5:
        field.number = fixed(4);
        break;
      case 2: {
        const auto size = varint();
        SAVP_CHECK(size <= left.size(), DataError, "a field is cut off");
        field.bytes = left.substr(0, size);
        left.remove_prefix(size);
        break;
      }
      default:
        throw DataError("an unknown wire type");
    }
    message.emplace(static_cast<int>(key >> 3), std::move(field));
  }
  return message;
}

inline const WireField& field_of(const WireMessage& message, int number) {
  const auto found = message.find(number);
  SAVP_CHECK(found != message.end(), DataError, "a message lacks field ", number);
  return found->second;
}

struct ReadValue {
  int64_t step = 0;
  std::string tag;
  std::string kind;      // "scalar", "image", "histogram" or "tensor"
  float scalar = 0;      // of a scalar
  WireMessage message;   // of the others
  WireMessage metadata;  // of a tensor
};

struct ReadEvents {
  std::string version;
  std::vector<int64_t> starts;  // steps of SessionLog START
  std::vector<ReadValue> values;

  std::vector<std::string> tags() const {
    std::map<std::string, int> all;
    for (const auto& value : values) ++all[value.tag];
    std::vector<std::string> names;
    for (const auto& [tag, count] : all) names.push_back(tag);
    return names;
  }
  std::vector<int64_t> steps(const std::string& tag) const {
    std::vector<int64_t> found;
    for (const auto& value : values)
      if (value.tag == tag) found.push_back(value.step);
    return found;
  }
};

inline ReadValue read_value(int64_t step, const WireMessage& stored) {
  ReadValue value{.step = step, .tag = field_of(stored, 1).bytes};
  const std::pair<int, const char*> kKinds[] = {{2, "scalar"}, {4, "image"}, {5, "histogram"}, {8, "tensor"}};
  for (const auto& [number, kind] : kKinds) {
    if (!stored.contains(number)) continue;
    value.kind = kind;
    if (number == 2)
      value.scalar = field_of(stored, number).real_32();
    else
      value.message = parse_message(field_of(stored, number).bytes);
  }
  if (stored.contains(9)) value.metadata = parse_message(field_of(stored, 9).bytes);
  return value;
}

// Throws DataError for a wrong checksum or a cut message.
inline ReadEvents read_events(const std::filesystem::path& file) {
  ReadEvents all;
  TfRecordReader records(file.string());
  while (const auto record = records.next()) {
    const auto event = parse_message(*record);
    SAVP_CHECK(field_of(event, 1).real() > 1e9, DataError, "an event has no time");
    const auto step = event.contains(2) ? static_cast<int64_t>(field_of(event, 2).number) : 0;
    if (event.contains(3)) all.version = field_of(event, 3).bytes;
    if (event.contains(7) && field_of(parse_message(field_of(event, 7).bytes), 1).number == 1)
      all.starts.push_back(step);
    if (!event.contains(5)) continue;
    const auto summary = parse_message(field_of(event, 5).bytes);
    for (auto [value, end] = summary.equal_range(1); value != end; ++value)
      all.values.push_back(read_value(step, parse_message(value->second.bytes)));
  }
  return all;
}

// The event files of a folder, in the order in which TensorBoard reads them.
inline std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace savp
