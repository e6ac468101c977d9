#include "io/example.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "example.pb.h"

namespace savp {
namespace {

// Walks the fields of one encoded message (protobuf wire format). Protobuf's own parser would copy
// every picture.
class WireReader {
 public:
  enum Type { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };
  struct Field {
    uint64_t number;
    Type type;
    std::string_view bytes;  // of a length-delimited or fixed field
    uint64_t varint;
  };

  explicit WireReader(std::string_view message) : left_(message) {}

  bool more() const { return !left_.empty(); }

  Field next() {
    const auto tag = varint();
    Field field{tag >> 3U, static_cast<Type>(tag & 7U), {}, 0};
    SAVP_CHECK(field.number != 0, DataError, kNotAnExample);
    switch (field.type) {
      case kVarint:
        field.varint = varint();
        break;
      case kFixed64:
        field.bytes = take(8);
        break;
      case kLengthDelimited:
        field.bytes = take(varint());
        break;
      case kFixed32:
        field.bytes = take(4);
        break;
      default:
        throw DataError(kNotAnExample);
    }
    return field;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80U) return value;
    }
    throw DataError(kNotAnExample);
  }

 private:
  static constexpr const char* kNotAnExample = "the record is not a tf.train.Example";

  std::string_view take(uint64_t count) {
    SAVP_CHECK(count <= left_.size(), DataError, kNotAnExample);
    const auto taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  std::string_view left_;
};

// Calls `use` with each length-delimited field of a number.
template <class Use>
void for_each(std::string_view message, uint64_t number, Use use) {
  for (WireReader reader(message); reader.more();) {
    const auto field = reader.next();
    if (field.number == number && field.type == WireReader::kLengthDelimited) use(field.bytes);
  }
}

// Calls `use` with each number of a list message, packed or not; both encodings may be mixed.
template <class Use>
void for_each_float(std::string_view list, Use use) {
  for (WireReader reader(list); reader.more();) {
    const auto field = reader.next();
    if (field.number != 1) continue;
    SAVP_CHECK(field.bytes.size() % sizeof(float) == 0, DataError, "a list of floats has ",
               field.bytes.size(), " bytes");
    for (size_t at = 0; at < field.bytes.size(); at += sizeof(float)) {
      float value;
      std::memcpy(&value, field.bytes.data() + at, sizeof(value));
      use(value);
    }
  }
}

template <class Use>
void for_each_int(std::string_view list, Use use) {
  for (WireReader reader(list); reader.more();) {
    const auto field = reader.next();
    if (field.number != 1) continue;
    if (field.type == WireReader::kVarint) use(static_cast<int64_t>(field.varint));
    for (WireReader packed(field.bytes); packed.more();) use(static_cast<int64_t>(packed.varint()));
  }
}

struct MapEntry {
  std::string_view name, value;
};

MapEntry map_entry(std::string_view message) {
  MapEntry entry;
  for_each(message, 1, [&](std::string_view name) { entry.name = name; });
  for_each(message, 2, [&](std::string_view value) { entry.value = value; });
  return entry;
}

// Of equal names the last one counts, as in every protobuf map. Null where there is none.
template <class Entry>
const Entry* find_last(const std::vector<Entry>& sorted, std::string_view name) {
  const auto after =
      std::upper_bound(sorted.begin(), sorted.end(), name,
                       [](std::string_view wanted, const Entry& entry) { return wanted < entry.first; });
  return after != sorted.begin() && std::prev(after)->first == name ? &*std::prev(after) : nullptr;
}

template <class Entry>
void sort_by_name(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.first < b.first; });
}

}  // namespace

FeatureView::FeatureView(std::string_view feature) {
  constexpr std::array kKinds = {Kind::kEmpty, Kind::kBytes, Kind::kFloats, Kind::kInts};  // by field number
  for (WireReader reader(feature); reader.more();) {
    const auto field = reader.next();
    if (field.number >= kKinds.size() || field.type != WireReader::kLengthDelimited) continue;
    kind_ = kKinds[field.number];
    list_ = field.bytes;
  }
  const auto count_one = [this](auto) { ++count_; };
  if (kind_ == Kind::kBytes) for_each(list_, 1, count_one);
  if (kind_ == Kind::kFloats) for_each_float(list_, count_one);
  if (kind_ == Kind::kInts) for_each_int(list_, count_one);
}

std::vector<std::string_view> FeatureView::bytes() const {
  std::vector<std::string_view> values;
  for_each(list_, 1, [&](std::string_view value) { values.push_back(value); });
  return values;
}

std::vector<float> FeatureView::floats() const {
  std::vector<float> values;
  for_each_float(list_, [&](float value) { values.push_back(value); });
  return values;
}

std::vector<int64_t> FeatureView::ints() const {
  std::vector<int64_t> values;
  for_each_int(list_, [&](int64_t value) { values.push_back(value); });
  return values;
}

std::string_view FeatureView::one_bytes() const {
  SAVP_CHECK(kind_ == Kind::kBytes && count_ == 1, DataError, "holds ", count_, " ", kind_name(kind_),
             " instead of one byte string");
  std::string_view only;
  for_each(list_, 1, [&](std::string_view value) { only = value; });
  return only;
}

const char* kind_name(FeatureView::Kind kind) {
  constexpr std::array kNames = {"no values", "byte strings", "floats", "integers"};
  return kNames.at(static_cast<size_t>(kind));
}

ExampleView::ExampleView(std::string_view record) {
  for_each(record, 1, [&](std::string_view features) {
    for_each(features, 1, [&](std::string_view message) {
      const auto entry = map_entry(message);
      features_.emplace_back(entry.name, FeatureView(entry.value));
    });
  });
  for_each(record, 2, [&](std::string_view feature_lists) {
    for_each(feature_lists, 1, [&](std::string_view message) {
      const auto entry = map_entry(message);
      auto& list = lists_.emplace_back(entry.name, std::vector<FeatureView>()).second;
      for_each(entry.value, 1, [&](std::string_view feature) { list.emplace_back(feature); });
    });
  });
  sort_by_name(features_);
  sort_by_name(lists_);
}

const FeatureView* ExampleView::find(std::string_view name) const {
  const auto* entry = find_last(features_, name);
  return entry != nullptr ? &entry->second : nullptr;
}

bool ExampleView::has_list(std::string_view name) const { return find_last(lists_, name) != nullptr; }

const std::vector<FeatureView>& ExampleView::get_list(std::string_view name) const {
  const auto* entry = find_last(lists_, name);
  SAVP_CHECK(entry != nullptr, DataError, "feature list ", shown(name), " is missing");
  return entry->second;
}

const FeatureView& ExampleView::get(std::string_view name, FeatureView::Kind kind) const {
  const auto* feature = find(name);
  SAVP_CHECK(feature != nullptr, DataError, "feature ", shown(name), " is missing",
             did_you_mean(name, names()));
  SAVP_CHECK(feature->kind() == kind, DataError, "feature ", shown(name), " holds ",
             kind_name(feature->kind()), " instead of ", kind_name(kind));
  return *feature;
}

std::string_view ExampleView::one_bytes(std::string_view name) const {
  const auto& feature = get(name, FeatureView::Kind::kBytes);
  SAVP_CHECK(feature.count() == 1, DataError, "feature ", shown(name), " holds ", feature.count(),
             " byte strings instead of one byte string");
  return feature.one_bytes();
}

int64_t ExampleView::one_int(std::string_view name) const {
  const auto values = get(name, FeatureView::Kind::kInts).ints();
  SAVP_CHECK(values.size() == 1, DataError, "feature ", shown(name), " holds ", values.size(),
             " integers instead of one");
  return values[0];
}

std::vector<std::string> ExampleView::names() const {
  std::vector<std::string> all;
  for (const auto& feature : features_) all.emplace_back(feature.first);
  return all;
}

ExampleBuilder::ExampleBuilder() : example_(std::make_unique<proto::Example>()) {}
ExampleBuilder::~ExampleBuilder() = default;

ExampleBuilder& ExampleBuilder::bytes(const std::string& name, const std::vector<std::string_view>& values) {
  auto* list = (*example_->mutable_features()->mutable_feature())[name].mutable_bytes_list();
  for (const auto value : values) list->add_value(value.data(), value.size());
  return *this;
}

ExampleBuilder& ExampleBuilder::floats(const std::string& name, const std::vector<float>& values) {
  auto* list = (*example_->mutable_features()->mutable_feature())[name].mutable_float_list();
  list->mutable_value()->Add(values.begin(), values.end());
  return *this;
}

ExampleBuilder& ExampleBuilder::ints(const std::string& name, const std::vector<int64_t>& values) {
  auto* list = (*example_->mutable_features()->mutable_feature())[name].mutable_int64_list();
  list->mutable_value()->Add(values.begin(), values.end());
  return *this;
}

std::string ExampleBuilder::serialize() const {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // map entries sorted by name
  example_->SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string without_step(std::string_view name, std::string_view step) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  std::string text;
  while (!name.empty()) {
    const auto length = std::min(name.find_first_of("/_"), name.size());
    const auto part = name.substr(0, length);
    text += length > 0 && std::all_of(part.begin(), part.end(), is_digit) ? step : part;
    if (length < name.size()) text += name[length];
    name.remove_prefix(std::min(length + 1, name.size()));
  }
  return text;
}

}  // namespace savp
