// Every input that fuzzing has kept goes through its target again, without Clang or its checks: what ended
// the program once must not do so again, and nothing may take much memory. One test a target.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "io/whole_file.h"

extern "C" {
#define SAVP_FUZZ_TARGET(name) int savp_fuzz_##name(const uint8_t* bytes, size_t size);
#include "fuzz_targets.inc"
#undef SAVP_FUZZ_TARGET
}

namespace savp {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  int (*run)(const uint8_t* bytes, size_t size);
};
constexpr Target kTargets[] = {
#define SAVP_FUZZ_TARGET(name) {#name, savp_fuzz_##name},
#include "fuzz_targets.inc"
#undef SAVP_FUZZ_TARGET
};

std::vector<fs::path> inputs_of(const std::string& target) {
  std::vector<fs::path> inputs;
  for (const auto& entry : fs::directory_iterator(fs::path(SAVP_TEST_DATA) / "fuzz/corpus" / target))
    inputs.push_back(entry.path());
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

int64_t most_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

class Corpus : public testing::TestWithParam<Target> {};

TEST_P(Corpus, IsReadOrRefused) {
  constexpr int64_t kMostMegabytes = 1024;
  const auto inputs = inputs_of(GetParam().name);
  EXPECT_GE(inputs.size(), 5U);
  testing::internal::CaptureStderr();  // complaints, which are as they should be
  for (const auto& input : inputs) {
    SCOPED_TRACE(input.string());
    const auto bytes = read_whole_file(input);
    EXPECT_NO_THROW(GetParam().run(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
    ASSERT_LT(most_megabytes(), kMostMegabytes);
  }
  testing::internal::GetCapturedStderr();
}

INSTANTIATE_TEST_SUITE_P(Targets, Corpus, testing::ValuesIn(kTargets),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace savp
