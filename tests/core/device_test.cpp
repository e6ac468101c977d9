#include "core/device.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <torch/types.h>

namespace savp {
namespace {

// A block with pages of its own goes back to the system as soon as it is freed.
TEST(KeepFreedMemory, TakesLargeTensorsFromWhatIsKept) {
  keep_freed_memory();
  const auto own_pages = mallinfo2().hblks;
  const auto large = torch::zeros({64 << 20});  // 256 MiB
  EXPECT_EQ(mallinfo2().hblks, own_pages);
}

}  // namespace
}  // namespace savp
