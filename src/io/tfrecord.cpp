#include "savp/io/tfrecord.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "savp/core/error.h"
#include "savp/io/crc32c.h"

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

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    SAVP_CHECK(descriptor_ >= 0, DataError, path, ": cannot open: ", std::strerror(errno));
  }
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// Fills `bytes` from the file; false where the file ends before.
bool read_at(int descriptor, int64_t offset, char* bytes, int64_t count, const std::string& path) {
  while (count > 0) {
    const auto got = ::pread(descriptor, bytes, static_cast<size_t>(count), offset);
    if (got < 0 && errno == EINTR) continue;
    SAVP_CHECK(got >= 0, DataError, path, ": cannot read at byte ", offset, ": ", std::strerror(errno));
    if (got == 0) return false;
    bytes += got, offset += got, count -= got;
  }
  return true;
}

void read_data(int descriptor, const RecordPlace& place, std::string& data) {
  data.resize(static_cast<size_t>(place.length + kFooterBytes));
  SAVP_CHECK(
      read_at(descriptor, place.offset + kHeaderBytes, data.data(), place.length + kFooterBytes, *place.file),
      DataError, describe(place), ": the file ends inside the record: it is cut off");
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
  const Descriptor file(*place.file);
  read_data(file.get(), place, data);
}

TfRecordReader::TfRecordReader(const std::string& path) {
  Descriptor file(path);
  struct stat status {};
  SAVP_CHECK(::fstat(file.get(), &status) == 0, DataError, path, ": cannot read: ", std::strerror(errno));
  SAVP_CHECK(!S_ISDIR(status.st_mode), DataError, path, ": is a folder, not a record file");
  position_.file = std::make_shared<const std::string>(path);
  size_ = status.st_size;
  descriptor_ = file.release();
}

TfRecordReader::~TfRecordReader() { ::close(descriptor_); }

std::optional<RecordPlace> TfRecordReader::locate() {
  const auto left = size_ - position_.offset;
  if (left == 0) return std::nullopt;
  std::array<char, kHeaderBytes> header{};
  SAVP_CHECK(left >= kHeaderBytes &&
                 read_at(descriptor_, position_.offset, header.data(), kHeaderBytes, *position_.file),
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
  read_data(descriptor_, *place, data);
  return data;
}

int64_t count_records(const std::string& path) {
  TfRecordReader reader(path);
  while (reader.locate()) {
  }
  return reader.position().record;
}

void TfRecordWriter::write(std::string_view data) {
  SAVP_CHECK(data.size() <= INT_MAX, DataError, path_, ": a record of ", data.size(),
             " bytes is larger than 2 GiB");
  std::string frame;
  frame.reserve(kHeaderBytes + data.size() + kFooterBytes);
  const uint64_t length = data.size();
  append(frame, length);
  append(frame, check_of(&length, sizeof(length)));
  frame += data;
  append(frame, check_of(data.data(), data.size()));
  file_.write(frame.data(), frame.size());
}

}  // namespace savp
