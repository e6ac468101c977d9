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
#include "core/text.h"
#include "evaluation/video_features.h"
#include "io/cache_folder.h"
#include "io/sha256.h"
#include "metrics/i3d.h"
#include "metrics/lpips.h"
#include "metrics/variants.h"
#include "nn/alex_net.h"
#include "nn/vgg.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

// The networks that metrics of one evaluation share, each loaded when it is first asked for.
class Networks {
 public:
  Networks(const std::optional<std::string>& folder, const c10::Device& device)
      : folder_(metric_weights_folder(folder)), device_(device) {}

  const fs::path& folder() const { return folder_; }

  NetworkFiles files(Network network) const { return find_network(folder_, network); }

  std::shared_ptr<Lpips> lpips(Network network, const std::shared_ptr<nn::ImageNetFeatures>& net) {
    auto& found = lpips_[network];
    if (found) return found;
    found = std::make_shared<Lpips>(net);
    load_network(files(network), found->variables());
    found->to(device_);
    return found;
  }
  std::shared_ptr<Lpips> alex() { return lpips(Network::kLpipsAlex, std::make_shared<nn::AlexNet>()); }
  std::shared_ptr<Lpips> vgg() { return lpips(Network::kLpipsVgg, std::make_shared<nn::Vgg16>()); }

  VideoNetwork i3d() {
    const auto found = files(Network::kI3d);
    if (auto foreign = foreign_i3d(found, device_)) return foreign;
    const auto network = std::make_shared<I3d>();
    NamedTensors variables;
    for (const auto& item : network->named_parameters()) variables.emplace_back(item.key(), item.value());
    load_network(found, variables);
    network->to(device_);
    return [network](const Tensor& videos) { return network->forward(videos); };
  }

 private:
  fs::path folder_;
  c10::Device device_;
  std::map<Network, std::shared_ptr<Lpips>> lpips_;
};

constexpr I3dInput input_of(FvdInput input) {
  return {.bytes = input != FvdInput::kUnrounded, .half_pixel = input != FvdInput::kOriginal};
}

// Of one network and one way of bringing videos to it.
std::optional<fs::path> cache_file(const Networks& networks, const MetricChoice& choice) {
  if (!choice.keep_features) return std::nullopt;
  const auto digest = networks.files(Network::kI3d).digest().substr(0, 16);
  return cache_folder() / "features" / concat(digest, "-", enum_name(choice.definitions.fvd), ".records");
}

// Of predictions as they are, or clipped to 0..1.
void add_frame_metric(MetricSet& set, MetricName name, const MetricDefinitions& how, Metric::Measure measure,
                      const std::string& definition = {}) {
  const auto clipped = [measure](const Tensor& truth, const Tensor& prediction) {
    return measure(truth, prediction.clamp(0, 1));
  };
  auto metric = frame_metric(name, how.clipped ? Metric::Measure(clipped) : measure);
  if (!definition.empty()) metric.definition = definition;
  if (how.clipped) metric.definition += "; predictions clipped to 0..1";
  set.per_frame.push_back(std::move(metric));
}

// As the original has it: the larger the better, 0 for equal pictures.
Metric::Measure similarity(const std::shared_ptr<Lpips>& lpips) {
  return [lpips](const Tensor& a, const Tensor& b) { return -lpips->distance(a, b); };
}

// One way of computing a metric; no words: the usual one.
struct Variant {
  Tensor (*measure)(const Tensor&, const Tensor&);
  const char* definition = "";
};
const std::map<PsnrOrder, Variant> kPsnrs = {
    {PsnrOrder::kOfFrame, {psnr}},
    {PsnrOrder::kOfChannels, {psnr_of_channels, "of each channel of each frame, mean over channels"}},
    {PsnrOrder::kOfMeanError, {psnr_of_mean_error, "of the mean squared error over all predicted frames"}}};
const std::map<SsimKind, Variant> kSsims = {
    {SsimKind::kGaussian, {ssim}},
    {SsimKind::kLuma, {ssim_of_luma, "of the luma in bytes, 11x11 Gaussian window, deviation 1.5"}},
    {SsimKind::kUniform, {ssim_of_uniform_window, "7x7 uniform window, sample covariances, range 2"}}};

void add_variant(MetricSet& set, MetricName name, const MetricDefinitions& how, const Variant& variant) {
  add_frame_metric(set, name, how, variant.measure, variant.definition);
}

// Why these videos cannot be measured so; empty where they can.
using Obstacle = std::string (*)(const MeasuredVideos& videos);
using Add = void (*)(MetricSet& set, Networks& networks, const MetricChoice& choice);

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
  std::optional<Network> network;
  Obstacle obstacle;
  Add add;                                // null of whole sets
  const SetDistance* distance = nullptr;  // of whole sets alone
};
const Row kRows[] = {
    {MetricName::kPsnr, true, std::nullopt, none,
     [](MetricSet& set, Networks&, const MetricChoice& choice) {
       add_variant(set, MetricName::kPsnr, choice.definitions, kPsnrs.at(choice.definitions.psnr));
     }},
    {MetricName::kMse, true, std::nullopt, none,
     [](MetricSet& set, Networks&, const MetricChoice& choice) {
       const auto& how = choice.definitions;
       add_variant(set, MetricName::kMse, {},
                   how.summed_errors ? Variant{summed_squares, "sum over pixels and channels of each frame"}
                                     : Variant{mse});
     }},
    {MetricName::kMae, false, std::nullopt, none,
     [](MetricSet& set, Networks&, const MetricChoice& choice) {
       const auto& how = choice.definitions;
       add_variant(set, MetricName::kMae, {},
                   how.summed_errors
                       ? Variant{summed_differences, "absolute differences, summed over pixels and channels"}
                       : Variant{mae});
     }},
    {MetricName::kSsim, true, std::nullopt, smaller_than<11>,
     [](MetricSet& set, Networks&, const MetricChoice& choice) {
       add_variant(set, MetricName::kSsim, choice.definitions, kSsims.at(choice.definitions.ssim));
     }},
    {MetricName::kLpips, true, Network::kLpipsAlex, smaller_than<31>,
     [](MetricSet& set, Networks& networks, const MetricChoice& choice) {
       add_frame_metric(set, MetricName::kLpips, choice.definitions, similarity(networks.alex()));
     }},
    {MetricName::kLpipsVgg, false, Network::kLpipsVgg, smaller_than<16>,
     [](MetricSet& set, Networks& networks, const MetricChoice& choice) {
       add_frame_metric(set, MetricName::kLpipsVgg, choice.definitions, similarity(networks.vgg()));
     }},
    {MetricName::kDiversity, true, Network::kLpipsAlex, one_small_sample,
     [](MetricSet& set, Networks& networks, const MetricChoice&) {
       set.per_video.push_back(neighbour_diversity(
           [lpips = networks.alex()](const Tensor& a, const Tensor& b) { return lpips->distance(a, b); }));
     }},
    {MetricName::kPixelDiversity, true, std::nullopt, one_sample,
     [](MetricSet& set, Networks&, const MetricChoice&) { set.per_video.push_back(pixel_diversity()); }},
    {MetricName::kSharpness, true, std::nullopt, smaller_than<2>,
     [](MetricSet& set, Networks&, const MetricChoice&) { set.per_video.push_back(sharpness()); }},
    {MetricName::kCoverage, true, std::nullopt, one_sample,
     [](MetricSet& set, Networks&, const MetricChoice&) { set.per_video.push_back(coverage()); }},
    {MetricName::kFvd, true, Network::kI3d, few_videos_or_frames, nullptr, &kFrechet},
    {MetricName::kKvd, true, Network::kI3d, few_videos_or_frames, nullptr, &kKernel},
};

bool is_asked_for(const Row& row, const MetricChoice& choice) {
  return std::count(choice.names.begin(), choice.names.end(), row.name) > 0;
}

std::string missing_network(const Row& row, const Networks& networks) {
  if (!row.network || networks.files(*row.network).is_there()) return "";
  return concat("needs a network that is not in ", networks.folder().string(), " (", kFetchNetworks,
                " downloads it)");
}

void add_set_metric(MetricSet& set, const Row& row, Networks& networks, const MetricChoice& choice) {
  const auto& traits = traits_of(row.name);
  if (!set.features) {
    const auto cached =
        i3d_features(networks.i3d(), input_of(choice.definitions.fvd), cache_file(networks, choice));
    set.features = cached.features;
    set.feature_work = cached.work;
  }
  set.per_set.push_back({traits.text, traits.better, traits.decimals,
                         [of_sets = row.distance->of_sets, seed = choice.seed](const FeatureSets& features) {
                           return of_sets(features, seed);
                         },
                         words(traits, choice.definitions)});
}

// With the name of its network.
void add(MetricSet& set, const Row& row, Networks& networks, const MetricChoice& choice) {
  const auto frames = set.per_frame.size(), videos = set.per_video.size(), sets = set.per_set.size();
  if (row.distance)
    add_set_metric(set, row, networks, choice);
  else
    row.add(set, networks, choice);
  if (!row.network) return;
  const auto files = networks.files(*row.network);
  const auto name = files.name();
  auto& digest = set.networks[name];
  if (digest.empty()) digest = files.digest();
  for (auto i = frames; i < set.per_frame.size(); ++i) set.per_frame[i].network = name;
  for (auto i = videos; i < set.per_video.size(); ++i) set.per_video[i].network = name;
  for (auto i = sets; i < set.per_set.size(); ++i) set.per_set[i].network = name;
}

}  // namespace

const SetDistance* set_distance(std::string_view metric) {
  for (const auto& row : kRows)
    if (metric == traits_of(row.name).text) return row.distance;
  return nullptr;
}

void tell_left_out(const LeftOut& left_out) {
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

MetricSet choose_metrics(const MetricChoice& choice, const MeasuredVideos& videos,
                         const c10::Device& device) {
  Networks networks(choice.weights, device);
  MetricSet set;
  LeftOut left_out;
  for (const auto& row : kRows) {
    const bool asked = is_asked_for(row, choice);
    if (!asked && !(choice.names.empty() && row.usual)) continue;
    const auto name = enum_name(row.name), obstacle = row.obstacle(videos),
               missing = missing_network(row, networks);
    SAVP_CHECK(!asked || obstacle.empty(), UsageError, choice.flag, " ", name, ": ", obstacle);
    SAVP_CHECK(!asked || missing.empty(), DataError, choice.flag, " ", name, ": ", missing);
    if (obstacle.empty() && missing.empty())
      add(set, row, networks, choice);
    else
      left_out.emplace_back(name, obstacle.empty() ? missing : obstacle);
  }
  tell_left_out(left_out);
  return set;
}

std::vector<MetricFacts> facts_of(const MetricSet& set) {
  std::vector<MetricFacts> facts;
  const auto note = [&](const auto& metric, const char* kind, Better better) {
    const auto* traits = find_traits(metric.name);
    facts.push_back({metric.name, kind, enum_name(better), metric.decimals, traits ? traits->unit : "",
                     metric.definition, metric.network.empty() ? "" : set.networks.at(metric.network)});
  };
  for (const auto& metric : set.per_frame)
    note(metric, "frame", metric.higher_is_better ? Better::kHigher : Better::kLower);
  for (const auto& metric : set.per_video) note(metric, "video", metric.better);
  for (const auto& metric : set.per_set) note(metric, "set", metric.better);
  return facts;
}

}  // namespace savp
