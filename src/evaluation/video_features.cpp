#include "evaluation/video_features.h"

#include <ATen/ATen.h>

#include <chrono>
#include <utility>

#include "evaluation/feature_cache.h"
#include "io/sha256.h"

namespace savp {
namespace {

using at::Tensor;

// A few videos at a time: activations of I3D take some 100 MB each.
Tensor logits_of(const VideoNetwork& network, const I3dInput& how, const Tensor& videos) {
  constexpr int64_t kAtOnce = 4;
  std::vector<Tensor> logits;
  for (const auto& part : videos.split(kAtOnce, 1)) logits.push_back(network(i3d_input(part, how)));
  return at::cat(logits).cpu();
}

// Of each video's sizes and values, as far as they reach the network.
std::vector<std::string> digests_of(const Tensor& videos, const I3dInput& how) {
  const auto levels = videos.nan_to_num().clamp(0, 1) * 255.0F;
  const auto seen = (how.bytes ? levels.to(at::kByte) : levels).transpose(0, 1).cpu().contiguous();
  std::vector<std::string> digests;
  for (const auto& video : seen.unbind(0)) {
    Sha256 digest;
    digest.add(video.sizes().data(), video.dim() * sizeof(int64_t));
    digest.add(video.const_data_ptr(), video.nbytes());
    digests.push_back(digest.hexadecimal());
  }
  return digests;
}

std::vector<float> numbers_of(const Tensor& row) {
  return {row.const_data_ptr<float>(), row.const_data_ptr<float>() + row.numel()};
}

class Lookup {
 public:
  Lookup(VideoNetwork network, const I3dInput& how, const std::filesystem::path& file,
         std::shared_ptr<FeatureWork> work)
      : network_(std::move(network)), how_(how), cache_(file, I3d::kClasses), work_(std::move(work)) {}

  Tensor operator()(const Tensor& videos) {
    const auto digests = digests_of(videos, how_);
    compute_missing(videos, digests);
    std::vector<Tensor> rows;
    for (const auto& digest : digests) rows.push_back(at::tensor(*cache_.find(digest), at::kFloat));
    return at::stack(rows);
  }

 private:
  void compute_missing(const Tensor& videos, const std::vector<std::string>& digests) {
    std::vector<int64_t> missing;
    for (size_t i = 0; i < digests.size(); ++i)
      if (cache_.find(digests[i]) == nullptr) missing.push_back(static_cast<int64_t>(i));
    work_->known += static_cast<int64_t>(digests.size() - missing.size());
    if (missing.empty()) return;
    const auto begin = std::chrono::steady_clock::now();
    const auto logits =
        logits_of(network_, how_, videos.index_select(1, at::tensor(missing, at::kLong).to(videos.device())));
    work_->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    work_->computed += static_cast<int64_t>(missing.size());
    std::vector<std::pair<std::string, std::vector<float>>> records;
    for (size_t i = 0; i < missing.size(); ++i)
      records.emplace_back(digests[missing[i]], numbers_of(logits[static_cast<int64_t>(i)]));
    cache_.add(records);
  }

  VideoNetwork network_;
  I3dInput how_;
  FeatureCache cache_;
  std::shared_ptr<FeatureWork> work_;
};

}  // namespace

CachedFeatures i3d_features(VideoNetwork network, const I3dInput& how,
                            const std::optional<std::filesystem::path>& file) {
  const auto work = std::make_shared<FeatureWork>();
  const auto lookup = std::make_shared<Lookup>(std::move(network), how, file.value_or(""), work);
  return {[lookup](const Tensor& videos) { return (*lookup)(videos); }, work};
}

}  // namespace savp
