// How the work of reading grows with what is read: ten times as much must take about ten times the work.
// Not measured by time: the readers are compiled into this program with a call in every basic block,
// which counts.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "io/container_end.h"
#include "io/crc32c.h"
#include "io/frame_order.h"
#include "io/json_text.h"
#include "io/pickle.h"
#include "io/picture_header.h"
#include "io/safetensors.h"
#include "io/string_table.h"
#include "support/scratch.h"

namespace {
int64_t work = 0;  // basic blocks
}
extern "C" void __sanitizer_cov_trace_pc() { ++work; }  // NOLINT: the compiler's name

namespace savp {
namespace {

namespace fs = std::filesystem;

std::string repeated(int times, const std::function<std::string(int)>& part) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part(i);
  return text;
}
std::string number(uint64_t value, size_t bytes) {
  return {reinterpret_cast<const char*>(&value), bytes};  // little-endian
}

std::string safetensors(int tensors) {
  const auto header =
      "{" +
      repeated(tensors,
               [](int i) {
                 return concat(i > 0 ? "," : "", "\"t", i, R"(":{"dtype":"U8","shape":[1],"data_offsets":[)",
                               i, ",", i + 1, "]}");
               }) +
      "}";
  return number(header.size(), 8) + header + std::string(static_cast<size_t>(tensors), 'x');
}

std::string json(int values) {
  return "{" + repeated(values, [](int i) { return concat(i > 0 ? "," : "", "\"k", i, "\":[", i, ",{}]"); }) +
         "}";
}

// A list of dictionaries that share a text.
std::string pickle(int values) {
  return std::string("\x80\x02]X\1\0\0\0aq\0000(", 13) +
         repeated(values, [](int) { return std::string("}h\0K\1s", 6); }) + "e.";
}
std::string pickle_of_memos(int values) {
  return "(" + repeated(values, [](int i) { return concat("I", i, "\np", i, "\n"); }) + "l.";
}
std::string pickle_of_marks(int values) {
  return std::string(static_cast<size_t>(values), '(') + "N" + std::string(static_cast<size_t>(values), '1') +
         "N.";
}

std::string jpeg(int segments) {
  return "\xff\xd8" + repeated(segments, [](int) { return std::string("\xff\xe0\0\3x", 5); }) + "\xff\xd9";
}
std::string png(int chunks) {
  return "\x89PNG\r\n\x1a\n" + repeated(chunks, [](int) { return std::string("\0\0\0\0tEXtcrc0", 12); }) +
         std::string("\0\0\0\0IENDcrc0", 12);
}
std::string gif(int blocks) {
  return std::string("GIF89a\1\0\1\0\0\0\0", 13) +
         repeated(blocks, [](int) { return std::string("\x21\xfe\1x\0", 5); }) + ";";
}

std::string table(int entries) {
  const auto stored = [](std::string bytes) {
    bytes += '\0';
    return bytes + number(masked(crc32c(bytes.data(), bytes.size())), 4);
  };
  const auto starts = number(0, 4) + number(1, 4);
  const auto place = [](size_t offset, size_t length) {
    std::string text;
    for (const size_t value : {offset, length})
      for (int i = 0; i < 4; ++i) text += static_cast<char>((value >> 7 * i & 0x7f) | (i < 3 ? 0x80 : 0));
    return text;
  };
  const auto block = repeated(entries,
                              [](int i) {
                                const auto key = concat("key", 1000000 + i);
                                return std::string{'\0', static_cast<char>(key.size()), '\1'} + key + "v";
                              }) +
                     starts;
  const auto index = std::string("\0\1\10z", 4) + place(0, block.size()) + starts;
  auto bytes = stored(block) + stored(starts);
  const auto index_at = bytes.size();
  bytes += stored(index);
  auto footer = place(block.size() + 5, starts.size()) + place(index_at, index.size());
  footer.resize(40);
  return bytes + footer + "\x57\xfb\x80\x8b\x24\x75\x47\xdb";
}

void sort_names(int count) {
  std::vector<fs::path> names;
  for (int i = 0; i < count; ++i) names.push_back(concat("frame_", i * 7 % count, ".png"));
  sort_frames(names);
}

struct Reading {
  const char* name;
  std::string (*make)(int count);
  void (*read)(const std::string& bytes, const fs::path& file);  // the same in memory and as a file
};
const Reading kReadings[] = {
    {"safetensors", safetensors, [](auto&, auto& file) { SafetensorsFile::open(file); }},
    {"json", json, [](auto& bytes, auto&) { parse_json(bytes, "", {.unique_keys = true}); }},
    {"pickle", pickle, [](auto&, auto& file) { read_pickle(file); }},
    {"pickle_of_memos", pickle_of_memos, [](auto&, auto& file) { read_pickle(file); }},
    {"pickle_of_marks", pickle_of_marks, [](auto&, auto& file) { read_pickle(file); }},
    {"jpeg", jpeg, [](auto& bytes, auto&) { ASSERT_TRUE(jpeg_has_end(bytes)); }},
    {"png", png, [](auto& bytes, auto&) { ASSERT_TRUE(png_has_end(bytes)); }},
    {"gif", gif, [](auto&, auto& file) { check_container_end(file, "gif"); }},
    {"table", table, [](auto& bytes, auto&) { read_string_table(bytes); }},
    {"frame_names", [](int count) { return std::to_string(count); },
     [](auto& bytes, auto&) { sort_names(std::stoi(bytes)); }},
};

class Work : public testing::TestWithParam<Reading> {};

TEST_P(Work, GrowsWithTheSize) {
  constexpr int kFew = 4000, kMany = 10 * kFew;
  const ScratchFolder scratch;
  const auto work_of = [&](int count) {
    const auto bytes = GetParam().make(count);
    scratch.write("a.bin", bytes);
    const auto before = work;
    GetParam().read(bytes, scratch / "a.bin");
    return work - before;
  };
  const auto few = work_of(kFew), many = work_of(kMany);
  EXPECT_GT(few, kFew) << "nothing was counted";
  EXPECT_LT(many, 16 * few) << few << " basic blocks became " << many;
}

INSTANTIATE_TEST_SUITE_P(Readers, Work, testing::ValuesIn(kReadings),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace savp
