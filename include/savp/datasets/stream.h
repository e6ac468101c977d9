// A stage of the way from files to batches: a source, or something that wraps another stage.
#pragma once

#include <optional>

namespace savp {

template <class T>
class Stream {
 public:
  virtual ~Stream() = default;

  // The next item; nothing at the end, and ever after. Throws what went wrong in this stage or one it wraps,
  // whatever thread it happened on. May take time; call it from one thread at a time.
  virtual std::optional<T> next() = 0;
};

}  // namespace savp
