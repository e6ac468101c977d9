#include "io/string_table.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/error.h"
#include "io/crc32c.h"

namespace savp {
namespace {

constexpr size_t kFooter = 48, kTrailer = 5, kWord = sizeof(uint32_t);  // bytes
constexpr uint64_t kMark = 0xdb4775248b80fb57;

[[noreturn]] void refuse(const char* why) {
  throw DataError(concat("is no LevelDB table, or is damaged: ", why));
}
void check(bool condition, const char* why) {
  if (!condition) refuse(why);
}

template <class Number>
Number load(const char* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

std::string_view take(std::string_view& text, uint64_t count) {
  check(count <= text.size(), "an entry ends outside of its block");
  const auto taken = text.substr(0, count);
  text.remove_prefix(count);
  return taken;
}

// A number of seven bits a byte, lowest first.
uint64_t take_varint(std::string_view& text) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(text, 1)[0]);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  refuse("a number has no end");
}

struct Place {
  uint64_t offset = 0, length = 0;
};
Place take_place(std::string_view& text) {
  const auto offset = take_varint(text);
  return {offset, take_varint(text)};
}

// The contents of a block, its checksum checked. `blocks`: the table without its footer.
std::string_view block_at(std::string_view blocks, const Place& place) {
  check(blocks.size() >= kTrailer && place.offset <= blocks.size() - kTrailer &&
            place.length <= blocks.size() - kTrailer - place.offset,
        "a block is not in the file (cut short?)");
  const auto block = blocks.substr(place.offset, place.length);
  const char* packing = block.data() + block.size();
  check(masked(crc32c(block.data(), block.size() + 1)) == load<uint32_t>(packing + 1),
        "the checksum of a block is wrong");
  check(*packing == 0, "a block is packed, which is not read");
  return block;
}

// Without the numbers that tell where entries start.
std::string_view entries_of(std::string_view block) {
  check(block.size() >= kWord, "a block is too short");
  const auto starts = uint64_t{load<uint32_t>(block.data() + block.size() - kWord)};
  check(starts <= block.size() / kWord - 1, "a block has more starts of entries than bytes");
  return block.substr(0, block.size() - (starts + 1) * kWord);
}

// Walks the entries of a block. Keys that share much with the last one take few bytes in the file, whatever
// their length, so that this is limited.
class Entries {
 public:
  explicit Entries(std::string_view block) : left_(entries_of(block)) {}

  bool next() {
    if (left_.empty()) return false;
    constexpr uint64_t kLongestKey = 4096;
    const auto shared = take_varint(left_), further = take_varint(left_), bytes = take_varint(left_);
    check(shared <= key.size(), "a key shares more than the last one has");
    check(further <= kLongestKey && shared + further <= kLongestKey, "a key is longer than any name");
    key.resize(shared);
    key += take(left_, further);
    value = take(left_, bytes);
    return true;
  }

  std::string key;
  std::string_view value;

 private:
  std::string_view left_;
};

template <class Number>
void put(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_varint(std::string& text, uint64_t value) {
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  text += static_cast<char>(value);
}

std::string text_of(const Place& place) {
  std::string text;
  put_varint(text, place.offset);
  put_varint(text, place.length);
  return text;
}

size_t shared_bytes(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// A block being written. Readers look a key up among the entries that start anew, which share nothing with
// the one before: every `interval`-th.
class BlockWriter {
 public:
  explicit BlockWriter(size_t interval) : interval_(interval) {}

  void add(std::string_view key, std::string_view value) {
    const bool anew = count_++ % interval_ == 0;
    if (anew && !text_.empty()) starts_.push_back(static_cast<uint32_t>(text_.size()));
    const auto shared = anew ? 0 : shared_bytes(last_, key);
    put_varint(text_, shared);
    put_varint(text_, key.size() - shared);
    put_varint(text_, value.size());
    text_.append(key.substr(shared)).append(value);
    last_ = key;
  }

  size_t bytes() const { return text_.size(); }
  const std::string& last_key() const { return last_; }

  // Appends the block and what follows it to the table.
  Place append_to(std::string& table) const {
    const Place place{table.size(), text_.size() + (starts_.size() + 1) * kWord};
    table += text_;
    for (const auto start : starts_) put(table, start);
    put(table, static_cast<uint32_t>(starts_.size()));
    table += '\0';  // not packed
    put(table, masked(crc32c(table.data() + place.offset, place.length + 1)));
    return place;
  }

 private:
  size_t interval_, count_ = 0;
  std::string text_, last_;
  std::vector<uint32_t> starts_ = {0};
};

}  // namespace

std::string write_string_table(const std::vector<std::pair<std::string, std::string>>& entries) {
  constexpr size_t kBlock = 4096, kInterval = 16;  // bytes, entries: as LevelDB has them
  std::string table;
  BlockWriter index(1), block(kInterval);
  const auto close = [&] {
    if (block.bytes() == 0) return;
    index.add(block.last_key(), text_of(block.append_to(table)));
    block = BlockWriter(kInterval);
  };
  for (const auto& [key, value] : entries) {
    block.add(key, value);
    if (block.bytes() >= kBlock) close();
  }
  close();
  const auto properties = BlockWriter(1).append_to(table);
  auto footer = text_of(properties) + text_of(index.append_to(table));
  footer.resize(kFooter - sizeof kMark);
  put(footer, kMark);
  return table + footer;
}

std::vector<std::pair<std::string, std::string>> read_string_table(std::string_view table) {
  check(table.size() > kFooter, "it is too short");
  const auto blocks = table.substr(0, table.size() - kFooter);
  auto footer = table.substr(blocks.size());
  check(load<uint64_t>(footer.data() + kFooter - sizeof kMark) == kMark, "its end has no mark");
  const auto properties = take_place(footer), index = take_place(footer);
  block_at(blocks, properties);
  constexpr size_t kMostBytes = size_t{1} << 28;
  size_t bytes = 0;
  std::vector<std::pair<std::string, std::string>> entries;
  for (Entries parts(block_at(blocks, index)); parts.next();) {
    auto place = parts.value;
    for (Entries entry(block_at(blocks, take_place(place))); entry.next();) {
      check(entries.empty() || entries.back().first < entry.key, "its keys are not in order");
      check((bytes += entry.key.size()) <= kMostBytes, "its keys are too long in all");
      entries.emplace_back(entry.key, entry.value);
    }
  }
  return entries;
}

}  // namespace savp
