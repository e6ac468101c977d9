// Which metrics an evaluation measures, and the networks that they look through.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluation/metric_definitions.h"
#include "evaluation/summary.h"
#include "metrics/metric_set.h"

namespace savp {

struct MetricChoice {
  std::vector<MetricName> names = {};       // empty: the usual ones, those left out that cannot be measured
  std::optional<std::string> weights = {};  // folder of the networks; default: metric_weights_folder()
  uint64_t seed = 0;                        // of the bootstrap samples
  MetricDefinitions definitions = {};
  bool keep_features = false;      // of fvd and kvd, in the cache, for later evaluations
  const char* flag = "--metrics";  // that has named them, for messages
};

// What is to be measured.
struct MeasuredVideos {
  int64_t height = 0, width = 0;  // pixels
  int64_t frames = 0;             // that metrics of whole sets look at, of each video
  int64_t videos = 0;
  int64_t samples = 1;  // futures of each
};

// Metrics that cannot be measured, each with the reason.
using LeftOut = std::vector<std::pair<std::string, std::string>>;
// In a line, "not measured: lpips, fvd: needs ..."; no line where there are none.
void tell_left_out(const LeftOut& left_out);

// With networks on the device. Tells in a line what is left out, and why. Throws UsageError where a metric
// that is asked for cannot be measured of these videos, DataError where its network is missing or damaged.
MetricSet choose_metrics(const MetricChoice& choice, const MeasuredVideos& videos, const c10::Device& device);

// How a metric of whole sets is measured and compared; null for others and for unknown names.
const SetDistance* set_distance(std::string_view metric);

// What a summary says of each.
std::vector<MetricFacts> facts_of(const MetricSet& set);

}  // namespace savp
