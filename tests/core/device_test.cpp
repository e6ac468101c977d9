#include "core/device.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <torch/types.h>

#include "core/device_memory.h"
#include "support/scratch.h"

namespace savp {
namespace {

// A block with pages of its own goes back to the system as soon as it is freed.
TEST(KeepFreedMemory, TakesLargeTensorsFromWhatIsKept) {
  keep_freed_memory();
  const auto own_pages = mallinfo2().hblks;
  const auto large = torch::zeros({64 << 20});  // 256 MiB
  EXPECT_EQ(mallinfo2().hblks, own_pages);
}

// A limit may stand on any group that the process is in, of either version.
TEST(ControlGroups, TheLeastLimitCounts) {
  const ScratchFolder folder;
  const auto limit = [&](const std::string& memberships) {
    folder.write("cgroup", memberships);
    return limit_of_control_groups(folder / "cgroup", folder / "fs");
  };
  folder.write("fs/user/job/memory.max", "max\n");
  folder.write("fs/user/memory.max", "3000\n");
  folder.write("fs/memory.max", "5000\n");
  folder.write("fs/memory/slurm/step/memory.limit_in_bytes", "2000\n");
  folder.write("fs/memory/slurm/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(limit("0::/user/job\n"), 3000);
  EXPECT_EQ(limit("0::/\n"), 5000);
  EXPECT_EQ(limit("0::/elsewhere\n"), 5000);  // of a group that is not seen here
  EXPECT_EQ(limit("4:cpu,memory:/slurm/step\n0::/user/job\n"), 2000);
  EXPECT_EQ(limit("4:memory:/other\n"), std::nullopt);
  EXPECT_EQ(limit("4:cpuset:/slurm/step\nwithout colons\n"), std::nullopt);
  EXPECT_EQ(limit_of_control_groups(folder / "none", folder / "fs"), std::nullopt);
}

TEST(DeviceMemory, OfTheMachineIsMoreThanThisProcessNeeded) {
  const auto memory = device_memory(at::kCPU);
  EXPECT_GT(memory.needed, 1 << 20);
  EXPECT_GT(memory.whole, memory.needed);
}

}  // namespace
}  // namespace savp
