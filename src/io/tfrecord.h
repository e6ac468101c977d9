// TFRecord files: records one after the other, each framed as
//
//   uint64 length | uint32 check of the 8 length bytes | data, `length` bytes | uint32 check of the data
//
// little-endian; a check is the CRC-32C (Castagnoli) of the bytes, masked: (crc >> 15 | crc << 17) +
// 0xa282ead8. A file that ends anywhere but between two records, or whose checks disagree, is an error
// that names the file, the record (counted from 0) and the byte where its frame starts. Compressed files
// are not read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "io/atomic_file.h"

namespace savp {

class RegularFile;

// Where a record lies. Cheap to copy and to keep: the file is opened again when the record is read.
struct RecordPlace {
  std::shared_ptr<const std::string> file;  // path
  int64_t record = 0;                       // number in the file, from 0
  int64_t offset = 0;                       // bytes from the start of the file to the frame
  int64_t length = 0;                       // bytes of data
};

// "data/bair/train/traj_0_to_255.tfrecords, record 3 at byte 2212389".
std::string describe(const RecordPlace& place);

// Runs the body, which reads the record; what it complains of begins with the record's place.
template <class Body>
decltype(auto) in_record(const RecordPlace& place, const Body& body) {
  try {
    return body();
  } catch (const DataError& error) {
    const std::string what = error.what();
    if (what.starts_with(describe(place))) throw;
    throw DataError(concat(describe(place), ": ", what));
  }
}

// Reads and checks the data of a record that locate() has found; reuses the capacity of `data`.
void read_record(const RecordPlace& place, std::string& data);

class TfRecordReader {
 public:
  explicit TfRecordReader(const std::string& path);
  ~TfRecordReader();
  TfRecordReader(const TfRecordReader&) = delete;
  TfRecordReader& operator=(const TfRecordReader&) = delete;

  // Where the next record lies, its data neither read nor checked; nothing at the end of the file.
  std::optional<RecordPlace> locate();

  // The data of the next record; nothing at the end of the file.
  std::optional<std::string> next();

  // The record that locate() or next() tries next.
  const RecordPlace& position() const { return position_; }

 private:
  RecordPlace position_;
  std::unique_ptr<RegularFile> file_;
};

// Number of records, found by their length fields alone.
int64_t count_records(const std::string& path);

// A record with its frame. Throws DataError for more than 2 GiB.
std::string framed_record(std::string_view data);

// The file appears whole, with close(), or not at all.
class TfRecordWriter {
 public:
  explicit TfRecordWriter(const std::string& path) : path_(path), file_(path) {}

  void write(std::string_view data);
  void close() { file_.commit(); }

 private:
  std::string path_;
  AtomicFile file_;
};

}  // namespace savp
