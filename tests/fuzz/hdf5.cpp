// HDF5 files: all arrays, and what looks like episodes of a robot, read or refused with a DataError.
#include <algorithm>

#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/hdf5_file.h"
#include "making/hdf5_episodes.h"

namespace savp {
namespace {

constexpr int64_t kMost = 1 << 16;  // values; larger arrays take too long

void read_array(const Hdf5Array& array) {
  const auto rows = std::min<int64_t>(array.rows(), 4);
  if (rows == 0 || array.values() / array.rows() > kMost) return;
  if (array.type() == Hdf5Type::kUint8) array.bytes(0, rows);
  if (array.type() == Hdf5Type::kUint8 || array.type() == Hdf5Type::kNumber) array.floats(0, rows);
  if (array.type() == Hdf5Type::kBytes && array.shape().size() == 1) array.item(rows - 1);
}

void read_episodes(const std::string& path) {
  constexpr int64_t kEpisodes = 4, kFrames = 4;
  const auto opened = open_hdf5_episodes(path, "", {});
  const auto& episodes = *opened;
  for (int64_t i = 0; i < std::min(episodes.count(), kEpisodes); ++i) {
    try {
      episodes.numbers(i);
      const auto frames = episodes.frames(i, {});
      for (int64_t t = 0; t < kFrames && frames->next(); ++t) {
      }
    } catch (const DataError&) {
    }
  }
}

template <class Body>
void refusing(const Body& body) {
  try {
    body();
  } catch (const DataError&) {
  }
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  const auto memory = memory_file(bytes, size);
  refusing([&] {
    const Hdf5File file(memory.path());
    for (const auto& name : file.names()) refusing([&] { read_array(file.open(name)); });
  });
  refusing([&] { read_episodes(memory.path()); });
  return 0;
}
