#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace savp {

// Bytes from front to back.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `count` bytes, 0 at the end.
  virtual size_t read(char* to, size_t count) = 0;
  virtual int64_t size() const = 0;  // in all
  // Goes on at that byte; false where that is not possible.
  virtual bool seek(int64_t /*byte*/) { return false; }
};

// The next bytes, exactly so many; memory grows with what is there and not with what is promised. `name` is
// what messages call the source. Throws DataError where it ends before.
std::string take_bytes(ByteSource& source, size_t count, const std::string& name);

// After the last byte: the checksum of an archive is looked at, too. Throws DataError where there are more.
void expect_end(ByteSource& source, const std::string& name);

}  // namespace savp
