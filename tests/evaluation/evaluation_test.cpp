#include "evaluation/evaluation.h"

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class NoVideos : public EvaluationSubject {
 public:
  int64_t videos() const override { return 0; }
  std::optional<Batch> next_batch() override { return std::nullopt; }
  int64_t first_video() const override { return 0; }
  void sample(const Batch&, const std::function<void(const at::Tensor&)>&) override {}
};

class Sets : public ScratchTest {
 protected:
  std::vector<SetResult> found(const std::vector<VideoFeatureRow>& features) const {
    MetricSet metrics;
    for (const auto& [name, distance] : {std::pair{"fvd", kFrechet}, {"kvd", kKernel}})
      metrics.per_set.push_back({name, Better::kLower, 2, [distance = distance](const FeatureSets& sets) {
                                   return distance.of_sets(sets, 1);
                                 }});
    const EvaluationParts parts(folder_, "");
    VideoNumbers numbers;
    numbers.features = features;
    return sets_of(NoVideos(), {{}, metrics, parts}, numbers);
  }
};

// Where damaged records were skipped there may be fewer than there seemed to be: all else was measured.
TEST_F(Sets, ThatAreTooSmallAreLeftOutWithTheReason) {
  const VideoFeatureRow one{{1, 2}, {{2, 3}}}, other{{0, 5}, {{1, 1}}};
  EXPECT_EQ(found({one, other}).size(), 2U);
  testing::internal::CaptureStderr();
  EXPECT_TRUE(found({one}).empty());
  EXPECT_CONTAINS(testing::internal::GetCapturedStderr(),
                  "not measured: fvd, kvd: a distance between sets of videos needs at least 2 sequences");
}

}  // namespace
}  // namespace savp
