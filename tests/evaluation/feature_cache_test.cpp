#include "evaluation/feature_cache.h"

#include "io/sha256.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class Cache : public ScratchTest {
 protected:
  std::filesystem::path file() const { return folder_ / "features" / "net.records"; }
  int64_t bytes() const { return static_cast<int64_t>(std::filesystem::file_size(file())); }
};

constexpr int64_t kRecord = 32 + 3 * 4 + 4;

TEST_F(Cache, KeepsFeaturesForLaterProcesses) {
  const std::vector<float> one = {1, 2, 3}, two = {0.1F, -5, 1e-20F};
  {
    FeatureCache cache(file(), 3);
    EXPECT_EQ(cache.find(sha256("a")), nullptr);
    cache.add({{sha256("a"), one}});
    cache.add({{sha256("b"), two}, {sha256("a"), one}});  // what is known is not written again
    EXPECT_EQ(*cache.find(sha256("b")), two);
  }
  EXPECT_EQ(bytes(), 2 * kRecord);
  const FeatureCache cache(file(), 3);
  ASSERT_NE(cache.find(sha256("a")), nullptr);
  EXPECT_EQ(*cache.find(sha256("a")), one);
  EXPECT_EQ(*cache.find(sha256("b")), two);
}

TEST_F(Cache, DamageCostsNoMoreThanItsRecord) {
  FeatureCache(file(), 3).add({{sha256("a"), {1, 2, 3}}, {sha256("b"), {4, 5, 6}}});
  auto content = read(file());
  content[40] ^= 1;
  write("features/net.records", content + "half a record");
  FeatureCache cache(file(), 3);
  EXPECT_EQ(cache.find(sha256("a")), nullptr);
  EXPECT_NE(cache.find(sha256("b")), nullptr);
  cache.add({{sha256("c"), {7, 8, 9}}});
  EXPECT_EQ(bytes(), 3 * kRecord);
  EXPECT_NE(FeatureCache(file(), 3).find(sha256("c")), nullptr);
}

TEST_F(Cache, WithoutAFileItRemembersWhileItLives) {
  FeatureCache cache("", 3);
  cache.add({{sha256("a"), {1, 2, 3}}});
  EXPECT_NE(cache.find(sha256("a")), nullptr);
  write("blocked", "a file where a folder should be");
  FeatureCache blocked(folder_ / "blocked" / "net.records", 3);
  blocked.add({{sha256("a"), {1, 2, 3}}});
  EXPECT_NE(blocked.find(sha256("a")), nullptr);
}

}  // namespace
}  // namespace savp
