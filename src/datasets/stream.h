// A stage of the way from files to batches: a source, or something that wraps another stage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace savp {

template <class T>
class Stream {
 public:
  virtual ~Stream() = default;

  // The next item; nothing at the end, and ever after. Throws what went wrong in this stage or one it wraps,
  // whatever thread it happened on. May take time; call it from one thread at a time.
  virtual std::optional<T> next() = 0;
};

// Where a stream of batches stands between two of them.
struct StreamPosition {
  int64_t epoch = 0;
  int64_t record = 0;  // of the epoch, in the order of the stream: the next one
  bool operator==(const StreamPosition&) const = default;
};

// "3:1200", and back; throws UsageError for what is no position.
std::string text(const StreamPosition& position);
StreamPosition parse_position(const std::string& text);

// The part of the records that one of several processes reads: from where it starts each world-th, beginning
// with number `rank`.
struct Shard {
  int64_t rank = 0;
  int64_t world = 1;
};

}  // namespace savp
