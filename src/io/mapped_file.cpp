#include "io/mapped_file.h"

#include <new>

#include "core/error.h"
#include "io/regular_file.h"

namespace savp {
namespace {

constexpr std::align_val_t kAlignment{64};  // bytes

std::shared_ptr<std::byte> allocate(size_t size) {
  return {static_cast<std::byte*>(::operator new(size, kAlignment)),
          [](std::byte* bytes) { ::operator delete(bytes, kAlignment); }};
}

}  // namespace

MappedFile map_file(const std::string& path) {
  const RegularFile file(path);
  const auto size = static_cast<size_t>(file.size());
  if (size == 0) return {};
  const auto bytes = allocate(size);
  const auto got = file.read_at(0, reinterpret_cast<char*>(bytes.get()), size);
  SAVP_CHECK(got == size, DataError, path, ": was cut short while it was read (", got, " of ", size,
             " bytes)");
  return {bytes, size};
}

}  // namespace savp
