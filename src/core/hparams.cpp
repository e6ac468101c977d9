#include "core/hparams.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "core/printable.h"
#include "core/text.h"

namespace savp {
namespace detail {

Inventory*& inventory() {
  thread_local Inventory* current = nullptr;
  return current;
}

void refuse(const std::string& name, const Json& value, const std::string& reason) {
  throw UsageError(
      concat(name, "=", value.dump(-1, ' ', false, Json::error_handler_t::replace), " ", reason));
}

Json to_json(const Schema& fields, const void* object) {
  Json values = Json::object();
  for (const auto& field : fields)
    if (auto value = field.get(static_cast<const char*>(object) + field.offset); value != field.left_out)
      values[field.name] = std::move(value);
  return values;
}

}  // namespace detail

namespace {

// One "name=value" of a text.
struct Assignment {
  std::string name;
  std::optional<int64_t> index;
  bool is_list = false;
  std::vector<std::string> values;  // one unless a list
};

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string strip(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

class AssignmentParser {
 public:
  explicit AssignmentParser(std::string_view text) : text_(text) {}

  std::vector<Assignment> parse() {
    std::vector<Assignment> all;
    while (at_ < text_.size()) all.push_back(one());
    return all;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  void skip_spaces() {
    while (more() && is_space(text_[at_])) ++at_;
  }
  [[noreturn]] void malformed(const std::string& what) const {
    throw UsageError(
        concat("cannot read \"", printable(text_, 400), "\": ", what, " at character ", at_ + 1));
  }
  void expect(char c) {
    if (!more() || text_[at_] != c) malformed(concat("'", c, "' expected"));
    ++at_;
  }

  Assignment one() {
    Assignment a;
    a.name = name();
    if (more() && text_[at_] == '[') a.index = index();
    skip_spaces();
    expect('=');
    skip_spaces();
    if (more() && text_[at_] == '[') {
      a.is_list = true;
      a.values = list();
    } else {
      const size_t begin = at_;
      while (more() && text_[at_] != ',' && text_[at_] != '[') ++at_;
      if (more() && text_[at_] == '[') malformed("a list must be the whole value");
      a.values.emplace_back(text_.substr(begin, at_ - begin));
    }
    if (more()) {
      expect(',');
      skip_spaces();
    }
    return a;
  }

  std::string name() {
    const size_t begin = at_;
    if (!more() || std::isalpha(static_cast<unsigned char>(text_[at_])) == 0) malformed("a name expected");
    while (more() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_' ||
                      text_[at_] == '.'))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  int64_t index() {
    const size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) malformed("']' expected");
    const auto digits = strip(text_.substr(at_ + 1, end - at_ - 1));
    int64_t value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || stop != digits.data() + digits.size() || value < 0)
      malformed("an index expected");
    at_ = end + 1;
    return value;
  }

  std::vector<std::string> list() {
    const size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) malformed("']' expected");
    std::vector<std::string> values;
    std::string value;
    for (const char c : text_.substr(at_ + 1, end - at_ - 1)) {
      if (c != ',' && c != ' ') {
        value += c;
      } else if (!value.empty()) {
        values.push_back(std::exchange(value, ""));
      }
    }
    if (!value.empty()) values.push_back(value);
    at_ = end + 1;
    return values;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Digits of a Python number: underscores are allowed between digits only.
std::optional<std::string> without_underscores(const std::string& text) {
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
      continue;
    }
    const auto digit = [&](size_t at) {
      return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return std::nullopt;
  }
  return digits;
}

std::optional<int64_t> python_int(const std::string& text) {
  auto digits = without_underscores(strip(text));
  if (!digits || digits->empty()) return std::nullopt;
  if (digits->front() == '+') {
    digits->erase(0, 1);
    if (digits->empty() || std::isdigit(static_cast<unsigned char>(digits->front())) == 0)
      return std::nullopt;
  }
  int64_t value = 0;
  const auto* end = digits->data() + digits->size();
  const auto [stop, error] = std::from_chars(digits->data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> python_float(const std::string& text) {
  auto digits = without_underscores(strip(text));
  if (!digits || digits->empty()) return std::nullopt;
  digits = lower_case(*std::move(digits));
  double sign = 1.0;
  if (digits->front() == '+' || digits->front() == '-') {
    sign = digits->front() == '-' ? -1.0 : 1.0;
    digits->erase(0, 1);
  }
  if (*digits == "inf" || *digits == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (*digits == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (digits->empty() ||
      (std::isdigit(static_cast<unsigned char>(digits->front())) == 0 && digits->front() != '.'))
    return std::nullopt;
  double value = 0;
  const auto* end = digits->data() + digits->size();
  const auto [stop, error] = std::from_chars(digits->data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range)
    value = digits->find("e-") != std::string::npos ? 0.0 : HUGE_VAL;
  return sign * value;
}

// What a field is to hold after an assignment; `now` is what it would hold without.
Json value_of(const Field& field, const Assignment& a, Json now) {
  SAVP_CHECK(!a.index || field.is_list, UsageError, field.name, " is not a list: write ", field.name,
             "=value");
  SAVP_CHECK(!a.index || !a.is_list, UsageError, field.name, "[", *a.index, "] takes one value, not a list");
  SAVP_CHECK(a.index || a.is_list == field.is_list, UsageError, field.name,
             field.is_list ? " is a list: write [value,value]" : " is not a list: write one value");
  if (a.index) {
    SAVP_CHECK(*a.index < static_cast<int64_t>(now.size()), UsageError, field.name, "[", *a.index,
               "] is beyond its ", now.size(), " values");
    now[static_cast<size_t>(*a.index)] = cast_text(field, a.values.front());
    return now;
  }
  if (!a.is_list) return cast_text(field, a.values.front());
  Json list = Json::array();
  for (const auto& text : a.values) list.push_back(cast_text(field, text));
  return list;
}

// Models compute with float: what only a double can hold would end there as an error without a name.
void set_checked(const Field& field, void* member, const Json& value) {
  const auto fits = [](const Json& number) {
    return !number.is_number_float() || !std::isfinite(number.get<double>()) ||
           std::abs(number.get<double>()) <= std::numeric_limits<float>::max();
  };
  const bool good = value.is_array() ? std::all_of(value.begin(), value.end(), fits) : fits(value);
  if (!good)
    detail::refuse(field.name, value, concat("is more than ", std::numeric_limits<float>::max(), " in size"));
  field.set(member, value);
}

// Whether both set the same: the whole field, or the same element of a list.
bool clash(const Assignment& a, const Assignment& b) {
  return a.name == b.name && (!a.index || !b.index || *a.index == *b.index);
}

}  // namespace

Json cast_text(const Field& field, const std::string& text) {
  const auto refuse = [&](const char* reason) { detail::refuse(field.name, Json(text), reason); };
  switch (field.scalar) {
    case Scalar::kText:
      return text;
    case Scalar::kInt: {
      const auto value = python_int(text);
      if (!value) refuse("must be a whole number of at most 64 bits");
      return *value;
    }
    case Scalar::kFloat: {
      const auto value = python_float(text);
      if (!value) refuse("must be a number");
      return *value;
    }
    case Scalar::kBool: {
      if (text == "true" || text == "True") return true;
      if (text == "false" || text == "False") return false;
      const auto value = python_int(text);
      if (!value) refuse("must be true or false");
      return *value != 0;
    }
  }
  throw std::logic_error("unknown scalar");
}

std::vector<std::string> HparamsView::names() const {
  std::vector<std::string> all;
  for (const auto& field : *schema_) all.push_back(field.name);
  return all;
}

bool HparamsView::has(std::string_view name) const {
  return std::any_of(schema_->begin(), schema_->end(),
                     [&](const Field& field) { return field.name == name; });
}

const Field& HparamsView::find(std::string_view name) const {
  for (const auto& field : *schema_)
    if (field.name == name) return field;
  throw UsageError(concat("unknown hyperparameter ", shown(name), did_you_mean(name, names())));
}

Json HparamsView::get(std::string_view name) const {
  const auto& field = find(name);
  return field.get(address(field));
}

void HparamsView::set(std::string_view name, const Json& value) {
  const auto& field = find(name);
  set_checked(field, address(field), value);
}

Json HparamsView::to_json() const { return detail::to_json(*schema_, object_); }

void HparamsView::override_from_json(const Json& values, const std::string& where) {
  SAVP_CHECK(values.is_object(), UsageError, where, ": a JSON object of hyperparameters is expected");
  for (const auto& [name, value] : values.items()) {
    try {
      set(name, value);
    } catch (const UsageError& error) {
      throw UsageError(concat(where, ": ", error.what()));
    }
  }
}

void HparamsView::override_from_text(std::string_view text, const std::string& where) {
  try {
    const auto assignments = AssignmentParser(text).parse();
    std::map<const Field*, Json> values;
    for (auto a = assignments.begin(); a != assignments.end(); ++a) {
      const auto& field = find(a->name);
      const bool twice = std::any_of(assignments.begin(), a, [&](const auto& b) { return clash(*a, b); });
      SAVP_CHECK(!twice, UsageError, field.name, " is set twice");
      auto& value = values.try_emplace(&field, field.get(address(field))).first->second;
      value = value_of(field, *a, value);
    }
    for (const auto& [field, value] : values) set_checked(*field, address(*field), value);
  } catch (const UsageError& error) {
    throw UsageError(concat(where, ": ", error.what()));
  }
}

std::string describe(const HparamsView& hparams) {
  std::string text;
  for (const auto& field : hparams.fields()) {
    text += concat("  ", field.name, " (", field.type, field.rule.empty() ? "" : ", " + field.rule,
                   "; default ", hparams.get(field.name).dump(), ")\n      ", field.doc, "\n");
  }
  return text;
}

}  // namespace savp
