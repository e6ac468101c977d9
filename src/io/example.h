// tf.train.Example, the message in most records: a map from names to lists of byte strings, floats or
// int64. And tf.train.SequenceExample, which has such a map (its context) and another from names to lists
// of such lists.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace savp {

namespace proto {
class Example;
}  // namespace proto

// Lists of one feature, still encoded, inside the bytes of the record.
class FeatureView {
 public:
  enum class Kind { kEmpty, kBytes, kFloats, kInts };

  // Throws DataError unless `feature` is a well-formed tf.train.Feature.
  explicit FeatureView(std::string_view feature);

  Kind kind() const { return kind_; }
  size_t count() const { return count_; }

  // The values; `kind` must be asked for before. Byte strings point into the record.
  std::vector<std::string_view> bytes() const;
  std::vector<float> floats() const;
  std::vector<int64_t> ints() const;

  // The only byte string; throws DataError ("holds 2 byte strings ...") where it holds none or several.
  std::string_view one_bytes() const;

 private:
  std::string_view list_;  // the encoded BytesList, FloatList or Int64List
  Kind kind_ = Kind::kEmpty;
  size_t count_ = 0;
};

const char* kind_name(FeatureView::Kind kind);

// The features of a record, found without copying a value: records hold hundreds of kilobytes of pictures, of
// which often less than half is used. Valid as long as the record's bytes are.
class ExampleView {
 public:
  // Throws DataError where the bytes are neither of the two messages.
  explicit ExampleView(std::string_view record);

  using Feature = std::pair<std::string_view, FeatureView>;
  const std::vector<Feature>& features() const { return features_; }  // sorted by name

  // Null where there is none.
  const FeatureView* find(std::string_view name) const;

  // Like find(), but throws DataError where the feature is missing (with near misses) or of another kind.
  const FeatureView& get(std::string_view name, FeatureView::Kind kind) const;

  // The only value of a feature; throws DataError where it has none or several.
  std::string_view one_bytes(std::string_view name) const;
  int64_t one_int(std::string_view name) const;

  std::vector<std::string> names() const;

  using List = std::pair<std::string_view, std::vector<FeatureView>>;
  const std::vector<List>& lists() const { return lists_; }  // of a SequenceExample, sorted by name

  // A feature list of a SequenceExample, an item for each step; throws DataError where it is missing.
  const std::vector<FeatureView>& get_list(std::string_view name) const;
  bool has_list(std::string_view name) const;

 private:
  std::vector<Feature> features_;
  std::vector<List> lists_;  // sorted by name
};

// An Example to be written; the same values give the same bytes.
class ExampleBuilder {
 public:
  ExampleBuilder();
  ~ExampleBuilder();
  ExampleBuilder(const ExampleBuilder&) = delete;
  ExampleBuilder& operator=(const ExampleBuilder&) = delete;

  ExampleBuilder& bytes(const std::string& name, const std::vector<std::string_view>& values);
  ExampleBuilder& floats(const std::string& name, const std::vector<float>& values);
  ExampleBuilder& ints(const std::string& name, const std::vector<int64_t>& values);

  std::string serialize() const;

 private:
  std::unique_ptr<proto::Example> example_;
};

// What a feature is called without its time step: "7/action" as "%d/action", where `step` is "%d". A step is
// a number between the ends of a name, "/" and "_".
std::string without_step(std::string_view name, std::string_view step);

}  // namespace savp
