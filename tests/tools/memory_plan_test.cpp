// savp_train --plan_memory: what it says of a batch's memory holds when such a batch is trained.
#include <fstream>
#include <regex>

#include "core/error.h"
#include "support/scratch_test.h"
#include "tools/process.h"
#include "tools/square_records.h"

namespace savp {
namespace {

class MemoryPlan : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    write_records(folder_ / "bair/train");
  }

  std::vector<std::string> arguments(const std::string& hparams, const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"--input_dir",
                                    (folder_ / "bair").string(),
                                    "--output_dir",
                                    (folder_ / "run").string(),
                                    "--dataset_hparams",
                                    "sequence_length=8",
                                    "--seed",
                                    "1",
                                    "--threads",
                                    "2",
                                    "--summary_freq",
                                    "0",
                                    "--image_summary_freq",
                                    "0",
                                    "--eval_summary_freq",
                                    "0",
                                    "--accum_eval_summary_freq",
                                    "0",
                                    "--model_hparams",
                                    concat("nef=16,nz=4,kernel_size=[5,5],max_steps=3,", hparams)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // The most memory that a training of three steps takes (MiB).
  double trained(int64_t batch_size, const std::vector<std::string>& more) {
    std::filesystem::remove_all(folder_ / "run");
    return static_cast<double>(
               peak_of("savp_train", arguments(concat("ngf=16,batch_size=", batch_size), more))) /
           1024;
  }
};

TEST_F(MemoryPlan, IsRightWithinATenth) {
  constexpr double kBudget = 1200;  // MiB
  const auto plan = run_tool("savp_train", arguments("ngf=16", {"--plan_memory", "1200MiB"}));
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  EXPECT_NE(plan.out.find("memory          1.17 GiB; CPU, 2 threads"), std::string::npos) << plan.out;
  int64_t batch_sizes[2];
  for (const bool recompute : {true, false}) {
    std::smatch found;
    const std::regex line(concat(recompute ? "with --recompute" : "without", R"( +batch_size=(\d+): )"));
    ASSERT_TRUE(std::regex_search(plan.out, found, line)) << plan.out;
    batch_sizes[recompute] = std::stoll(found[1]);
    const auto needed = trained(batch_sizes[recompute], recompute ? std::vector<std::string>{"--recompute"}
                                                                  : std::vector<std::string>{});
    EXPECT_NEAR(needed, kBudget, 0.1 * kBudget) << plan.out;
  }
  EXPECT_GT(batch_sizes[1], batch_sizes[0]);
}

TEST_F(MemoryPlan, NamesASizeThatIsNone) {
  for (const char* size : {"16", "GiB", "-1GiB", "0GiB", "infGiB", "1e999GiB", "16 GiB", "devic", ""}) {
    const auto plan = run_tool("savp_train", arguments("ngf=16", {"--plan_memory", size}));
    EXPECT_EQ(plan.code, 2) << size;
    EXPECT_NE(plan.err.find("must be a size such as 16GiB"), std::string::npos) << plan.err;
  }
}

TEST_F(MemoryPlan, TellsWhatATrialFoundWrong) {
  const auto plan = run_tool("savp_train", arguments("ngfs=3", {"--plan_memory", "1GiB"}));
  EXPECT_EQ(plan.code, 2) << plan.err;
  EXPECT_NE(plan.err.find("ngfs"), std::string::npos) << plan.err;
}

// Whatever else says how large batches are.
TEST_F(MemoryPlan, TriesBatchesOfItsOwn) {
  const auto file = folder_ / "hparams.json";
  std::ofstream(file) << R"({"batch_size": 5})";
  const auto plan = run_tool(
      "savp_train",
      arguments("ngf=2,batch_size=7", {"--plan_memory", "64GiB", "--model_hparams_dict", file.string()}));
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_NE(plan.err.find("trying batch_size=1"), std::string::npos) << plan.err;
  EXPECT_NE(plan.err.find("trying batch_size=2 with --recompute"), std::string::npos) << plan.err;
  EXPECT_EQ(plan.err.find("batch_size=5"), std::string::npos) << plan.err;
  EXPECT_EQ(plan.err.find("batch_size=7"), std::string::npos) << plan.err;
}

TEST_F(MemoryPlan, SaysSoWhereNoBatchFits) {
  const auto plan = run_tool("savp_train", arguments("ngf=2", {"--plan_memory", "1MiB"}));
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_NE(plan.out.find("no batch fits"), std::string::npos) << plan.out;
  EXPECT_EQ(plan.out.find("batch_size="), std::string::npos) << plan.out;
}

// Beyond all memory, at once.
TEST_F(MemoryPlan, ALackOfMemoryNamesTheRemedy) {
  const auto outcome = run_tool("savp_train", arguments("ngf=16384", {}));
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_NE(outcome.err.find("give a smaller batch_size, --accumulate_steps N or --recompute"),
            std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace savp
