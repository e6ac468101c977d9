// A hyperparameter is written once:
//
//   struct SavpHparams : TrainHparams {
//     using Self = SavpHparams;
//     SavpHparams() { l1_weight = 1.0; }                       // where a variant's defaults differ
//     HPARAM(int64_t, ngf, 32, "generator filters in the first layer", AtLeast{1});
//   };
//
// and this line gives the ordinary member hp.ngf, its JSON key, its name in "ngf=16,kernel_size=[5,5]", its
// flag, its help and its checks. How: the member's default initializer calls declare(), which returns the
// fallback and, only while schema<T>() default-constructs one T to take its inventory, notes the field in a
// thread-local list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/text.h"

namespace savp {

using Json = nlohmann::json;

// Height, width.
using Size2 = std::array<int64_t, 2>;

// What a number must satisfy; each element of a list must. complaint() is empty where all is well.
struct AnyValue {
  static std::string complaint(double) { return ""; }
  static std::string text() { return ""; }
};
struct AtLeast {
  double low;
  std::string complaint(double value) const { return value >= low ? "" : "must be " + text(); }
  std::string text() const { return concat("at least ", low); }
};
struct Between {
  double low, high;
  std::string complaint(double value) const {
    return value >= low && value <= high ? "" : "must be " + text();
  }
  std::string text() const { return concat("from ", low, " to ", high); }
};
// At least `low`, or one special value that stands for "not set".
struct AtLeastOr {
  double low, special;
  std::string complaint(double value) const {
    return value >= low || value == special ? "" : "must be " + text();
  }
  std::string text() const { return concat("at least ", low, ", or ", special); }
};

// A hyperparameter that the published programs do not have. It is left out of JSON where it has its default,
// so that those programs can read what ours wrote.
template <class Rule>
struct Added {
  Rule rule;
  std::string complaint(double value) const { return rule.complaint(value); }
  std::string text() const { return rule.text(); }
};
template <class Rule>
Added(Rule) -> Added<Rule>;  // Clang before 17 deduces nothing for aggregates

// A text, with the word that stands for it in help ("DIR"); Required: it must be given.
struct Metavar {
  const char* word;
  static std::string complaint(double) { return ""; }
  static std::string text() { return ""; }
};
struct Required : Metavar {};

// The strict text of an enumeration: specialise with `static constexpr std::pair<Enum, const
// char*> kTable[]`.
template <class Enum>
struct EnumNames;

template <class Enum>
std::string enum_name(Enum value) {
  for (const auto& [known, name] : EnumNames<Enum>::kTable)
    if (known == value) return name;
  throw std::logic_error("an enumeration value without a name");
}

// What the text of a value is cast to.
enum class Scalar { kBool, kInt, kFloat, kText };

// One hyperparameter of a struct.
struct Field {
  std::string name;
  std::string doc;
  std::string type;     // "int", "float list", "cdna|dna|flow", ...
  std::string rule;     // "at least 1", or empty
  std::string group;    // of the nearest HPARAM_GROUP above, or empty
  std::string metavar;  // of its rule Metavar or Required, or empty
  bool required = false;
  Scalar scalar = Scalar::kText;
  bool is_list = false;
  bool is_optional = false;
  std::optional<Json> left_out;                 // the value that JSON need not tell
  std::ptrdiff_t offset = 0;                    // bytes from the start of the whole struct
  std::function<Json(const void* member)> get;  // member: address of the field
  std::function<void(void* member, const Json&)>
      set;  // throws UsageError with the name, the value and the reason
};
using Schema = std::vector<Field>;

namespace detail {

struct Inventory {
  const char* object;
  Schema* fields;
  std::string group;
};
Inventory*& inventory();  // null unless schema<T>() is taking one, on this thread

[[noreturn]] void refuse(const std::string& name, const Json& value, const std::string& reason);

Json to_json(const Schema& fields, const void* object);

template <class Rule>
constexpr bool kIsAdded = false;
template <class Rule>
constexpr bool kIsAdded<Added<Rule>> = true;

template <class T>
struct Codec;

template <>
struct Codec<bool> {
  static constexpr Scalar kScalar = Scalar::kBool;
  static std::string type() { return "bool"; }
  static bool parse(const std::string& name, const Json& value) {
    if (!value.is_boolean()) refuse(name, value, "must be true or false");
    return value.get<bool>();
  }
};
template <>
struct Codec<int64_t> {
  static constexpr Scalar kScalar = Scalar::kInt;
  static std::string type() { return "int"; }
  static int64_t parse(const std::string& name, const Json& value) {
    if (!value.is_number_integer()) refuse(name, value, "must be a whole number");
    if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
      refuse(name, value, "is too large");
    return value.get<int64_t>();
  }
};
template <>
struct Codec<double> {
  static constexpr Scalar kScalar = Scalar::kFloat;
  static std::string type() { return "float"; }
  static double parse(const std::string& name, const Json& value) {
    if (!value.is_number()) refuse(name, value, "must be a number");
    return value.get<double>();
  }
};
template <>
struct Codec<std::string> {
  static constexpr Scalar kScalar = Scalar::kText;
  static std::string type() { return "text"; }
  static std::string parse(const std::string& name, const Json& value) {
    if (!value.is_string()) refuse(name, value, "must be text");
    return value.get<std::string>();
  }
};
template <class Enum>
requires std::is_enum_v<Enum>
struct Codec<Enum> {
  static constexpr Scalar kScalar = Scalar::kText;
  static std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& row : EnumNames<Enum>::kTable) all.emplace_back(row.second);
    return all;
  }
  static std::string type() {
    std::string text;
    for (const auto& name : names()) text += (text.empty() ? "" : "|") + name;
    return text;
  }
  static Enum parse(const std::string& name, const Json& value) {
    if (value.is_string())
      for (const auto& [known, text] : EnumNames<Enum>::kTable)
        if (value.get<std::string>() == text) return known;
    const auto meant = value.is_string() ? did_you_mean(value.get<std::string>(), names()) : "";
    refuse(name, value, "must be one of " + type() + meant);
  }
};

template <class T>
Json to_json_value(const T& value) {
  if constexpr (std::is_enum_v<T>)
    return enum_name(value);
  else
    return value;
}

template <class T, class Rule>
T parse_checked(const std::string& name, const Json& value, const Rule& rule) {
  T parsed = Codec<T>::parse(name, value);
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    const auto complaint = rule.complaint(static_cast<double>(parsed));
    if (!complaint.empty()) refuse(name, value, complaint);
  }
  return parsed;
}

// How one member type is read and shown: scalars, std::optional, std::vector, std::array.
template <class T>
struct Member {
  using Element = T;
  static constexpr bool kList = false, kOptional = false;
  static std::string type() { return Codec<T>::type(); }
  static Json show(const T& member) { return to_json_value(member); }
  template <class Rule>
  static void store(T& member, const std::string& name, const Json& value, const Rule& rule) {
    member = parse_checked<T>(name, value, rule);
  }
};
template <class T>
struct Member<std::optional<T>> {
  using Element = T;
  static constexpr bool kList = false, kOptional = true;
  static std::string type() { return Codec<T>::type(); }
  static Json show(const std::optional<T>& member) { return member ? to_json_value(*member) : Json(nullptr); }
  template <class Rule>
  static void store(std::optional<T>& member, const std::string& name, const Json& value, const Rule& rule) {
    if (value.is_null())
      member.reset();
    else
      member = parse_checked<T>(name, value, rule);
  }
};
template <class T>
struct Member<std::vector<T>> {
  using Element = T;
  static constexpr bool kList = true, kOptional = false;
  static std::string type() { return Codec<T>::type() + " list"; }
  static Json show(const std::vector<T>& member) {
    Json list = Json::array();
    for (const auto& element : member) list.push_back(to_json_value(static_cast<const T&>(element)));
    return list;
  }
  template <class Rule>
  static void store(std::vector<T>& member, const std::string& name, const Json& value, const Rule& rule) {
    if (!value.is_array()) refuse(name, value, "must be a list");
    std::vector<T> parsed;
    for (const auto& element : value) parsed.push_back(parse_checked<T>(name, element, rule));
    member = std::move(parsed);
  }
};
template <class T, size_t N>
struct Member<std::array<T, N>> {
  using Element = T;
  static constexpr bool kList = true, kOptional = false;
  static std::string type() { return Codec<T>::type() + " list of " + std::to_string(N); }
  static Json show(const std::array<T, N>& member) { return Json(member); }
  template <class Rule>
  static void store(std::array<T, N>& member, const std::string& name, const Json& value, const Rule& rule) {
    if (!value.is_array() || value.size() != N) refuse(name, value, "must be a list of " + std::to_string(N));
    std::array<T, N> parsed;
    for (size_t i = 0; i < N; ++i) parsed[i] = parse_checked<T>(name, value[i], rule);
    member = parsed;
  }
};

// Opens a group of fields for help.
struct GroupMark {
  explicit GroupMark(const char* name) {
    if (inventory() != nullptr) inventory()->group = name;
  }
};

template <class T, class Rule>
void note(const void* member, const char* name, const T& fallback, const char* doc, const Rule& rule) {
  auto* taking = inventory();
  if (taking == nullptr) return;
  using M = Member<T>;
  Field field;
  field.name = name;
  field.doc = doc;
  field.type = M::type();
  field.rule = rule.text();
  field.group = taking->group;
  if constexpr (std::is_base_of_v<Metavar, Rule>) field.metavar = rule.word;
  field.required = std::is_same_v<Required, Rule>;
  field.scalar = Codec<typename M::Element>::kScalar;
  field.is_list = M::kList;
  field.is_optional = M::kOptional;
  if constexpr (kIsAdded<Rule>) field.left_out = M::show(fallback);
  field.offset = static_cast<const char*>(member) - taking->object;
  field.get = [](const void* address) { return M::show(*static_cast<const T*>(address)); };
  field.set = [key = std::string(name), rule](void* address, const Json& value) {
    M::store(*static_cast<T*>(address), key, value, rule);
  };
  for (const auto& known : *taking->fields)
    if (known.name == field.name) throw std::logic_error("hyperparameter declared twice: " + field.name);
  taking->fields->push_back(std::move(field));
}

template <class Self, class T, class Rule = AnyValue>
T declare(const Self* self, T Self::*member, const char* name, std::type_identity_t<T> fallback,
          const char* doc, const Rule& rule = {}) {
  note<T>(&(self->*member), name, fallback, doc, rule);
  return fallback;
}

}  // namespace detail

// Parentheses around a fallback with commas: HPARAM(Size2, kernel_size, (Size2{5, 5}), "...").
#define HPARAM(Type, name, fallback, ...) \
  Type name = ::savp::detail::declare<Self, Type>(this, &Self::name, #name, fallback, __VA_ARGS__)

// The fields below it, down to the next one, form a group in help: HPARAM_GROUP(input, "Input").
#define HPARAM_GROUP(identifier, name) \
  [[no_unique_address]] ::savp::detail::GroupMark group_##identifier { name }

// The fields of T in the order of declaration, bases first.
template <class T>
const Schema& schema() {
  static const Schema kSchema = [] {
    Schema fields;
    alignas(T) char storage[sizeof(T)];
    detail::Inventory taking{storage, &fields, /*group=*/{}};
    auto* outer = std::exchange(detail::inventory(), &taking);
    auto* object = new (storage) T();
    detail::inventory() = outer;
    object->~T();
    return fields;
  }();
  return kSchema;
}

// All values of a struct, keys sorted; those of Added fields where they differ from the default.
template <class T>
Json to_json(const T& hparams) {
  return detail::to_json(schema<T>(), &hparams);
}

// A struct of hyperparameters whose type is known only to its maker.
class HparamsView {
 public:
  template <class T>
  requires(!std::is_same_v<std::remove_cv_t<T>, HparamsView>) HparamsView(T& hparams)
      : schema_(&schema<T>()), object_(&hparams) {}  // NOLINT: meant to be implicit

  const Schema& fields() const { return *schema_; }
  std::vector<std::string> names() const;

  // Throws UsageError for an unknown name, naming near misses.
  const Field& find(std::string_view name) const;
  bool has(std::string_view name) const;
  Json get(std::string_view name) const;
  void set(std::string_view name, const Json& value);

  // As savp::to_json.
  Json to_json() const;

  // Sets every key of an object. `where` opens a message ("hparams/kth/ours_savp.json: unknown key ...").
  void override_from_json(const Json& values, const std::string& where);

  // Sets "name=value,name=[value,value]", with the grammar of TensorFlow 1's HParams: numbers as in Python,
  // each name at most once; nothing is set if the text cannot be read.
  void override_from_text(std::string_view text, const std::string& where);

 private:
  void* address(const Field& field) const { return static_cast<char*>(object_) + field.offset; }

  const Schema* schema_;
  void* object_;
};

// The value that a text stands for: numbers as in Python; throws UsageError.
Json cast_text(const Field& field, const std::string& text);

// One line a field: name, type, default (the value held by the struct shown), rule and meaning.
std::string describe(const HparamsView& hparams);

}  // namespace savp
