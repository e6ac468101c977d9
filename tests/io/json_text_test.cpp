#include "io/json_text.h"

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

using Json = nlohmann::json;

std::string refusal(const std::string& text, const JsonLimits& limits = {}) {
  return message_of<DataError>([&] { parse_json(text, "a.json: ", limits); });
}

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonText, IsRead) {
  EXPECT_EQ(parse_json(R"({"a": [1, 2.5, "x", null, true], "b": {}})", ""),
            (Json{{"a", {1, 2.5, "x", nullptr, true}}, {"b", Json::object()}}));
  EXPECT_EQ(parse_json(R"({"a": 1, "a": 2})", "").at("a"), 2);
}

TEST(JsonText, WhatIsNoneIsRefused) {
  for (const char* text : {"", "{", "{\"a\": NaN}", "[1e999]", "{} {}", "\"\xff\"", "\"\\ud800\""})
    EXPECT_CONTAINS(refusal(text), "a.json: cannot be read: ") << text;
  EXPECT_CONTAINS(refusal("{\"\x1b[31m\": 1}"), "a.json: cannot be read");
  EXPECT_EQ(refusal("{\"\x1b[31m\": 1}").find('\x1b'), std::string::npos);
  EXPECT_LT(refusal("[\"" + std::string(1 << 20, 'x')).size(), 600U) << "what was read last is not repeated";
}

// A million brackets would overflow the stack of whatever copies, compares or shows the value.
TEST(JsonText, DepthIsLimited) {
  EXPECT_EQ(refusal(nested(64)), "no error");
  for (const size_t depth : {size_t{65}, size_t{1} << 20U})
    EXPECT_CONTAINS(refusal(nested(depth)), "a.json: holds lists within lists without end");
  EXPECT_CONTAINS(refusal(std::string(100, '[')), "without end") << "before it is known to be cut short";
}

TEST(JsonText, ValuesAreCounted) {
  EXPECT_EQ(refusal("[1,{\"a\":2}]", {.values = 5}), "no error");
  EXPECT_CONTAINS(refusal("[1,{\"a\":2}]", {.values = 4}), "a.json: holds more than 4 values");
}

TEST(JsonText, KeysThatStandTwice) {
  const JsonLimits unique{.unique_keys = true};
  EXPECT_CONTAINS(refusal(R"({"b\u001b": 1, "b\u001b": 2})", unique), "a.json: has the key 'b\\x1b' twice");
  EXPECT_EQ(refusal(R"({"a": {"b": 1}, "b": {"a": 1}})", unique), "no error");
}

TEST(JsonText, MayBeTried) {
  EXPECT_EQ(try_json("[1]").value(), Json::array({1}));
  EXPECT_FALSE(try_json("[1"));
  EXPECT_FALSE(try_json(nested(1000)));
}

TEST(JsonText, ValuesOfOtherTypesAreNotThere) {
  const auto object = parse_json(
      R"({"text": "x", "number": 7, "negative": -7, "float": 1e300, "large": 18446744073709551615, "list": []})",
      "");
  EXPECT_EQ(text_at(object, "text"), "x");
  EXPECT_EQ(text_at(object, "number", "?"), "?");
  EXPECT_EQ(text_at(object, "none"), "");
  EXPECT_EQ(number_at(object, "number"), 7);
  EXPECT_EQ(number_at(object, "negative", 0), -7);
  for (const char* key : {"float", "large", "list", "text", "none"}) EXPECT_EQ(number_at(object, key), -1);
  for (const Json& other : {Json(), Json(3), Json("x"), Json::array({1})}) {
    EXPECT_EQ(text_at(other, "x"), "");
    EXPECT_EQ(number_at(other, "x"), -1);
  }
}

using JsonFile = ScratchTest;

TEST_F(JsonFile, IsReadOrNamed) {
  write("a.json", "{\"a\": 1}");
  EXPECT_EQ(read_json(folder_ / "a.json"), (Json{{"a", 1}}));
  write("b.json", "{\"a\": ");
  EXPECT_CONTAINS(message_of<DataError>([&] { read_json(folder_ / "b.json"); }), "b.json: is not JSON: ");
  std::filesystem::resize_file(folder_ / "b.json", uintmax_t{1} << 40U);
  EXPECT_CONTAINS(message_of<DataError>([&] { read_json(folder_ / "b.json"); }), "b.json: is too large");
}

}  // namespace
}  // namespace savp
