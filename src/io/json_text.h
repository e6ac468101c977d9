// JSON from files, which others may have written or damaged.
//
// Whatever walks a value (a copy, a comparison, a message that shows it) does so by recursion, so that one
// nested without end would overflow the stack; and a text of some megabytes may hold enough values to fill
// the memory. Both are refused before a value is made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace savp {

struct JsonLimits {
  size_t depth = 64;                         // objects and lists within each other
  int64_t values = 4'000'000;                // names and values in all
  int64_t bytes = int64_t{1} << 26;          // of a file
  bool unique_keys = false;                  // a key that stands twice is an error, else the last counts
  const char* complaint = "cannot be read";  // of what is no JSON
};

// Throws DataError; `where` opens the message ("options.json: ").
nlohmann::json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits = {});

// Nothing where parse_json() would throw.
std::optional<nlohmann::json> try_json(std::string_view text, const JsonLimits& limits = {});

// Of a regular file. Throws DataError ("PATH: is not JSON: ...").
nlohmann::json read_json(const std::filesystem::path& path);

// What a key of an object holds; the fallback where `object` is none, or holds no such key or none of
// this type.
std::string text_at(const nlohmann::json& object, const char* key, const std::string& fallback = "");
int64_t number_at(const nlohmann::json& object, const char* key, int64_t fallback = -1);

}  // namespace savp
