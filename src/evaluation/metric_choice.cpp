#include "evaluation/metric_choice.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "checkpoints/metric_networks.h"
#include "core/error.h"
#include "core/log.h"
#include "metrics/i3d.h"
#include "metrics/lpips.h"
#include "nn/alex_net.h"
#include "nn/vgg.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

constexpr const char *kLpipsAlex = "lpips_alex.safetensors", *kLpipsVgg = "lpips_vgg.safetensors",
                     *kI3d = "i3d_kinetics400.safetensors";

// The networks that metrics of one evaluation share, each loaded when it is first asked for.
class Networks {
 public:
  Networks(const std::optional<std::string>& folder, const c10::Device& device)
      : folder_(metric_weights_folder(folder)), device_(device) {}

  const fs::path& folder() const { return folder_; }

  std::shared_ptr<Lpips> lpips(const std::string& file, const std::shared_ptr<nn::ImageNetFeatures>& net) {
    auto& found = lpips_[file];
    if (found) return found;
    found = std::make_shared<Lpips>(net);
    load_network(folder_ / file, found->variables());
    found->to(device_);
    return found;
  }
  std::shared_ptr<Lpips> alex() { return lpips(kLpipsAlex, std::make_shared<nn::AlexNet>()); }
  std::shared_ptr<Lpips> vgg() { return lpips(kLpipsVgg, std::make_shared<nn::Vgg16>()); }

  std::shared_ptr<I3d> i3d() {
    if (i3d_) return i3d_;
    i3d_ = std::make_shared<I3d>();
    NamedTensors variables;
    for (const auto& item : i3d_->named_parameters()) variables.emplace_back(item.key(), item.value());
    load_network(folder_ / kI3d, variables);
    i3d_->to(device_);
    return i3d_;
  }

 private:
  fs::path folder_;
  c10::Device device_;
  std::map<std::string, std::shared_ptr<Lpips>> lpips_;
  std::shared_ptr<I3d> i3d_;
};

// A few videos at a time: activations of I3D take some 100 MB each.
VideoFeatures logits_of(const std::shared_ptr<I3d>& i3d) {
  constexpr int64_t kAtOnce = 4;
  return [i3d](const Tensor& videos) {
    std::vector<Tensor> logits;
    for (const auto& part : videos.split(kAtOnce, 1)) logits.push_back(i3d->forward(i3d_input(part)));
    return at::cat(logits);
  };
}

// As the original has it: the larger the better, 0 for equal pictures.
Metric similarity(MetricName name, const std::shared_ptr<Lpips>& lpips) {
  return frame_metric(name, [lpips](const Tensor& a, const Tensor& b) { return -lpips->distance(a, b); });
}

void add_set_metric(MetricSet& set, MetricName name, Networks& networks, uint64_t seed,
                    SetValue (*measure)(const FeatureSets&, uint64_t)) {
  const auto& traits = traits_of(name);
  if (!set.features) set.features = logits_of(networks.i3d());
  set.per_set.push_back({enum_name(name), traits.better, traits.decimals,
                         [measure, seed](const FeatureSets& features) { return measure(features, seed); }});
}

// Why these videos cannot be measured so; empty where they can.
using Obstacle = std::string (*)(const MeasuredVideos& videos);
using Add = void (*)(MetricSet& set, Networks& networks, uint64_t seed);

std::string none(const MeasuredVideos&) { return ""; }
template <int kSide>
std::string smaller_than(const MeasuredVideos& videos) {
  const bool fits = videos.height >= kSide && videos.width >= kSide;
  return fits ? "" : concat("needs frames of at least ", kSide, "x", kSide, " pixels");
}
std::string one_sample(const MeasuredVideos& videos) {
  return videos.samples > 1 ? "" : "needs at least 2 futures of each sequence";
}
std::string one_small_sample(const MeasuredVideos& videos) {
  const auto small = smaller_than<31>(videos);
  return small.empty() ? one_sample(videos) : small;
}
std::string few_videos_or_frames(const MeasuredVideos& videos) {
  if (videos.videos < 2) return "needs at least 2 sequences";
  return videos.frames >= I3d::kFewestFrames ? "" : concat("needs at least ", I3d::kFewestFrames, " frames");
}

struct Row {
  MetricName name;
  bool usual;
  const char* network;  // its file; null: none
  Obstacle obstacle;
  Add add;
};
const Row kRows[] = {
    {MetricName::kPsnr, true, nullptr, none,
     [](MetricSet& set, Networks&, uint64_t) {
       set.per_frame.push_back(frame_metric(MetricName::kPsnr, psnr));
     }},
    {MetricName::kMse, true, nullptr, none,
     [](MetricSet& set, Networks&, uint64_t) {
       set.per_frame.push_back(frame_metric(MetricName::kMse, mse));
     }},
    {MetricName::kSsim, true, nullptr, smaller_than<11>,
     [](MetricSet& set, Networks&, uint64_t) {
       set.per_frame.push_back(frame_metric(MetricName::kSsim, ssim));
     }},
    {MetricName::kLpips, true, kLpipsAlex, smaller_than<31>,
     [](MetricSet& set, Networks& networks, uint64_t) {
       set.per_frame.push_back(similarity(MetricName::kLpips, networks.alex()));
     }},
    {MetricName::kLpipsVgg, false, kLpipsVgg, smaller_than<16>,
     [](MetricSet& set, Networks& networks, uint64_t) {
       set.per_frame.push_back(similarity(MetricName::kLpipsVgg, networks.vgg()));
     }},
    {MetricName::kDiversity, true, nullptr, one_sample,
     [](MetricSet& set, Networks&, uint64_t) { set.per_video.push_back(pixel_diversity()); }},
    {MetricName::kLpipsDiversity, true, kLpipsAlex, one_small_sample,
     [](MetricSet& set, Networks& networks, uint64_t) {
       set.per_video.push_back(neighbour_diversity(
           [lpips = networks.alex()](const Tensor& a, const Tensor& b) { return lpips->distance(a, b); }));
     }},
    {MetricName::kFvd, true, kI3d, few_videos_or_frames,
     [](MetricSet& set, Networks& networks, uint64_t seed) {
       add_set_metric(set, MetricName::kFvd, networks, seed, frechet_of_sets);
     }},
    {MetricName::kKvd, true, kI3d, few_videos_or_frames,
     [](MetricSet& set, Networks& networks, uint64_t seed) {
       add_set_metric(set, MetricName::kKvd, networks, seed, kernel_distance_of_sets);
     }},
};

bool is_asked_for(const Row& row, const MetricChoice& choice) {
  return std::count(choice.names.begin(), choice.names.end(), row.name) > 0;
}

std::string missing_network(const Row& row, const Networks& networks) {
  std::error_code failure;
  if (row.network == nullptr || fs::exists(networks.folder() / row.network, failure)) return "";
  return concat("needs a network that is not in ", networks.folder().string(), " (", kFetchNetworks,
                " downloads it)");
}

// "not measured: lpips, fvd: needs ..."
void tell(const std::vector<std::pair<std::string, std::string>>& left_out) {
  std::vector<std::string> reasons;
  std::map<std::string, std::string> names;  // by reason
  for (const auto& [name, reason] : left_out) {
    if (!names.contains(reason)) reasons.push_back(reason);
    names[reason] += (names[reason].empty() ? "" : ", ") + name;
  }
  std::string text;
  for (const auto& reason : reasons) text += concat(text.empty() ? "" : "; ", names[reason], ": ", reason);
  if (!text.empty()) log::info(concat("not measured: ", text));
}

}  // namespace

MetricSet choose_metrics(const MetricChoice& choice, const MeasuredVideos& videos,
                         const c10::Device& device) {
  Networks networks(choice.weights, device);
  MetricSet set;
  std::vector<std::pair<std::string, std::string>> left_out;
  for (const auto& row : kRows) {
    const bool asked = is_asked_for(row, choice);
    if (!asked && !(choice.names.empty() && row.usual)) continue;
    const auto name = enum_name(row.name), obstacle = row.obstacle(videos),
               missing = missing_network(row, networks);
    SAVP_CHECK(!asked || obstacle.empty(), UsageError, "--metrics ", name, ": ", obstacle);
    SAVP_CHECK(!asked || missing.empty(), DataError, "--metrics ", name, ": ", missing);
    if (obstacle.empty() && missing.empty())
      row.add(set, networks, choice.seed);
    else
      left_out.emplace_back(name, obstacle.empty() ? missing : obstacle);
  }
  tell(left_out);
  return set;
}

}  // namespace savp
