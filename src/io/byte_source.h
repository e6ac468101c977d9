#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace savp
