// Stands in for hdf5_episodes.cpp where there is no libhdf5.
#include "core/without_video.h"
#include "making/hdf5_episodes.h"

namespace savp {
namespace {

[[noreturn]] void needs_hdf5() { needs_video("HDF5 files are read", "HDF5's library"); }

}  // namespace

std::unique_ptr<Hdf5Episodes> open_hdf5_episodes(const std::filesystem::path&, const std::string&,
                                                 const NumberKeys&) {
  needs_hdf5();
}
bool hdf5_may_hold_frames(const std::filesystem::path&) { return false; }

}  // namespace savp
