// What an evaluation measures: a value made of a choice of metrics. There are three kinds. Of one frame:
// every sample has a value for each frame, and the best, mean and worst of the samples are kept. Of one
// video: all its samples together have a value for each frame. Of the whole set: all videos together have
// one value.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "metrics/distances.h"
#include "metrics/metric_names.h"
#include "metrics/metrics.h"

namespace savp {

// Hears of all samples of some videos, one after the other.
class VideoMeasure {
 public:
  virtual ~VideoMeasure() = default;
  // One further sample of each of the videos, [F, B, C, H, W].
  virtual void add(const at::Tensor& sample) = 0;
  // [F, B]; undefined where there were too few samples.
  virtual at::Tensor finish() const = 0;
  // For a measure that ranks the truth among the samples, its ranks [F, B], from 0 to their number; else, and
  // where there were too few of them, undefined.
  virtual at::Tensor ranks() const { return {}; }
};

struct VideoMetric {
  std::string name;
  Better better;
  int decimals;
  // truth [F, B, C, H, W]: what happened.
  std::function<std::unique_ptr<VideoMeasure>(const at::Tensor& truth)> start;
  std::string definition = {};
  std::string network = {};  // file that it looks through; empty: none
};

// By the features of all videos and their predictions.
struct SetMetric {
  std::string name;
  Better better;
  int decimals;
  std::function<SetValue(const FeatureSets& features)> finish;
  std::string definition = {};
  std::string network = {};
};

// What a video looks like to the set metrics: videos [T, B, C, H, W] in [0, 1] -> [B, D].
using VideoFeatures = std::function<at::Tensor(const at::Tensor& videos)>;

// What the features of videos have cost so far.
struct FeatureWork {
  int64_t computed = 0, known = 0;  // videos
  double seconds = 0;               // for those that were computed
};

struct MetricSet {
  std::vector<Metric> per_frame;
  std::vector<VideoMetric> per_video;
  std::vector<SetMetric> per_set;
  VideoFeatures features;                                // empty where per_set is
  std::shared_ptr<const FeatureWork> feature_work = {};  // null where features is empty
  std::map<std::string, std::string> networks = {};  // file name -> SHA-256, of those that are looked through
};

// Those that need nothing but the frames: psnr, mse, ssim, pixel_diversity, sharpness and coverage.
const MetricSet& basic_metrics();

// Root mean square difference of two samples, over pixels and all pairs of samples.
VideoMetric pixel_diversity();

// Mean distance of neighbouring samples, the first 11 of them, as the original measures it with LPIPS;
// `distance` takes two pictures [..., C, H, W].
VideoMetric neighbour_diversity(std::function<at::Tensor(const at::Tensor& a, const at::Tensor& b)> distance);

// gradient_energy() of the samples over that of the truth, mean over samples: below 1 is blurred. Both with
// 1e-6 added, so that flat frames have a ratio, too.
VideoMetric sharpness();

// Whether the truth lies within the spread of the samples, 1 or 0: it is not the one that lies farthest from
// the mean of samples and truth together. Distances are mean squares over frames averaged to at most 16x16
// pixels, so that 100 samples need little memory. The rank of the truth is the number of samples that lie
// nearer to that mean: where the truth might as well be a sample, all ranks from 0 to S are equally frequent,
// and S of S + 1 frames are covered.
VideoMetric coverage();

// Collects the features of videos and of the first samples of each as they come.
class FeatureCollector {
 public:
  // samples: of each video that are looked at. whole: context and future, else the future alone.
  FeatureCollector(VideoFeatures features, int64_t samples, bool whole);

  // Further videos, [T, B, C, H, W] with their context.
  void begin(const at::Tensor& truth, int64_t context_frames);
  // Further samples of them, [F, S * B, C, H, W], sample s of video b at index s * B + b.
  void add(const at::Tensor& futures);

  // Of all videos, on the CPU.
  FeatureSets sets() const;

 private:
  at::Tensor looked_at(const at::Tensor& videos);

  VideoFeatures features_;
  int64_t samples_;
  bool whole_;
  at::Tensor context_;                              // of the videos of begin()
  std::vector<at::Tensor> truth_;                   // [B, D] each
  std::vector<std::vector<at::Tensor>> predicted_;  // by call of begin(): [B, D] of each sample
};

}  // namespace savp
