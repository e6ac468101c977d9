#include "io/json_text.h"

#include <set>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "io/whole_file.h"

namespace savp {
namespace {

using Json = nlohmann::json;

// Looks at a text without keeping it. (A callback of the parser that keeps it takes time that grows with the
// square of the values.)
class Check : public nlohmann::json_sax<Json> {
 public:
  Check(const std::string& where, const JsonLimits& limits) : where_(where), limits_(limits) {}

  bool null() override { return count(); }
  bool boolean(bool /*value*/) override { return count(); }
  bool number_integer(number_integer_t /*value*/) override { return count(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return count(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return count(); }
  bool string(string_t& /*value*/) override { return count(); }
  bool binary(binary_t& /*value*/) override { return count(); }
  bool start_object(std::size_t /*elements*/) override { return open(); }
  bool start_array(std::size_t /*elements*/) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (limits_.unique_keys)
      SAVP_CHECK(keys_.back().insert(name).second, DataError, where_, "has the key '", shown(name),
                 "' twice");
    return count();
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const Json::exception& error) override {
    constexpr size_t kLongest = 400;  // bytes; it shows what was read last
    throw DataError(concat(where_, limits_.complaint, ": ", printable(error.what(), kLongest)));
  }

 private:
  bool count() {
    SAVP_CHECK(++values_ <= limits_.values, DataError, where_, "holds more than ", limits_.values, " values");
    return true;
  }
  bool open() {
    SAVP_CHECK(keys_.size() < limits_.depth, DataError, where_, "holds lists within lists without end");
    keys_.emplace_back();
    return count();
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  const std::string& where_;
  const JsonLimits& limits_;
  std::vector<std::set<std::string>> keys_;  // of the objects around the current place
  int64_t values_ = 0;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  Check check(where, limits);
  Json::sax_parse(text, &check);
  return Json::parse(text);
}

std::optional<Json> try_json(std::string_view text, const JsonLimits& limits) {
  try {
    return parse_json(text, "", limits);
  } catch (const DataError&) {
    return std::nullopt;
  }
}

Json read_json(const std::filesystem::path& path) {
  const JsonLimits limits{.complaint = "is not JSON"};
  return parse_json(read_whole_file(path, limits.bytes), path.string() + ": ", limits);
}

std::string text_at(const Json& object, const char* key, const std::string& fallback) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

int64_t number_at(const Json& object, const char* key, int64_t fallback) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  const bool fits = found != object.end() && found->is_number_integer() &&
                    (!found->is_number_unsigned() || found->get<uint64_t>() <= uint64_t{INT64_MAX});
  return fits ? found->get<int64_t>() : fallback;
}

}  // namespace savp
