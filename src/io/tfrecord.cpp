#include "io/tfrecord.h"

#include <array>
#include <bit>
#include <climits>
#include <cstring>

#include "core/error.h"
#include "io/crc32c.h"
#include "io/regular_file.h"

namespace savp {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are read as they lie in memory");

constexpr int64_t kHeaderBytes = 12;  // length and its check
constexpr int64_t kFooterBytes = 4;   // check of the data

uint32_t check_of(const void* bytes, size_t count) { return masked(crc32c(bytes, count)); }

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void read_data(const RegularFile& file, const RecordPlace& place, std::string& data) {
  data.resize(static_cast<size_t>(place.length + kFooterBytes));
  SAVP_CHECK(file.read_at(place.offset + kHeaderBytes, data.data(), data.size()) == data.size(), DataError,
             describe(place), ": the file ends inside the record: it is cut off");
  const auto expected = load<uint32_t>(data.data() + place.length);
  data.resize(static_cast<size_t>(place.length));
  SAVP_CHECK(check_of(data.data(), data.size()) == expected, DataError, describe(place),
             ": the checksum of its data is wrong: the file is damaged");
}

// What a file that does not start like a TFRecord may be.
std::string guess_at(std::string_view header) {
  const auto first = static_cast<unsigned char>(header[0]);
  const auto second = static_cast<unsigned char>(header[1]);
  if (first == 0x1f && second == 0x8b) return "; it looks gzip-compressed: unpack it first (gunzip)";
  if (first == 0x78 && (first * 256 + second) % 31 == 0)
    return "; it looks zlib-compressed: write it uncompressed";
  return "";
}

}  // namespace

std::string describe(const RecordPlace& place) {
  return concat(*place.file, ", record ", place.record, " at byte ", place.offset);
}

void read_record(const RecordPlace& place, std::string& data) {
  read_data(RegularFile(*place.file), place, data);
}

TfRecordReader::TfRecordReader(const std::string& path) : file_(std::make_unique<RegularFile>(path)) {
  position_.file = std::make_shared<const std::string>(path);
}

TfRecordReader::~TfRecordReader() = default;

std::optional<RecordPlace> TfRecordReader::locate() {
  const auto left = file_->size() - position_.offset;
  if (left == 0) return std::nullopt;
  std::array<char, kHeaderBytes> header{};
  SAVP_CHECK(
      left >= kHeaderBytes && file_->read_at(position_.offset, header.data(), header.size()) == header.size(),
      DataError, describe(position_), ": the file ends inside the record's length: it is cut off");
  SAVP_CHECK(check_of(header.data(), 8) == load<uint32_t>(header.data() + 8), DataError, describe(position_),
             ": the checksum of its length is wrong: the file is damaged or is no TFRecord file",
             position_.offset == 0 ? guess_at({header.data(), header.size()}) : "");
  const auto length = load<uint64_t>(header.data());
  const auto room = left - kHeaderBytes - kFooterBytes;
  SAVP_CHECK(room >= 0 && length <= static_cast<uint64_t>(room), DataError, describe(position_), ": holds ",
             length, " bytes, but the file ends ", left - kHeaderBytes,
             " bytes after its length: it is cut off");
  SAVP_CHECK(length <= INT_MAX, DataError, describe(position_), ": is larger than 2 GiB");
  position_.length = static_cast<int64_t>(length);
  const auto found = position_;
  position_.offset += kHeaderBytes + found.length + kFooterBytes;
  ++position_.record;
  return found;
}

std::optional<std::string> TfRecordReader::next() {
  const auto place = locate();
  if (!place) return std::nullopt;
  std::string data;
  read_data(*file_, *place, data);
  return data;
}

int64_t count_records(const std::string& path) {
  TfRecordReader reader(path);
  while (reader.locate()) {
  }
  return reader.position().record;
}

std::string framed_record(std::string_view data) {
  SAVP_CHECK(data.size() <= INT_MAX, DataError, "a record of ", data.size(), " bytes is larger than 2 GiB");
  std::string frame;
  frame.reserve(kHeaderBytes + data.size() + kFooterBytes);
  const uint64_t length = data.size();
  append(frame, length);
  append(frame, check_of(&length, sizeof(length)));
  frame += data;
  append(frame, check_of(data.data(), data.size()));
  return frame;
}

void TfRecordWriter::write(std::string_view data) {
  SAVP_CHECK(data.size() <= INT_MAX, DataError, path_, ": a record of ", data.size(),
             " bytes is larger than 2 GiB");
  const auto frame = framed_record(data);
  file_.write(frame.data(), frame.size());
}

}  // namespace savp
