// How papers measured, as settings of an evaluation: a row each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "evaluation/metric_definitions.h"
#include "evaluation/split_persons.h"
#include "metrics/metric_names.h"

namespace savp {

enum class ProtocolName {
  kSavpBair,
  kSavpBairAction,
  kSavpKth,
  kSvgBair,
  kSrvpBair,
  kSrvpKth,
  kFvdBair,
  kFitvidBair,
  kMcvdBair,
  kOpenstlKth
};
template <>
struct EnumNames<ProtocolName> {
  static constexpr std::pair<ProtocolName, const char*> kTable[] = {
      {ProtocolName::kSavpBair, "savp-bair"}, {ProtocolName::kSavpBairAction, "savp-bair-action"},
      {ProtocolName::kSavpKth, "savp-kth"},   {ProtocolName::kSvgBair, "svg-bair"},
      {ProtocolName::kSrvpBair, "srvp-bair"}, {ProtocolName::kSrvpKth, "srvp-kth"},
      {ProtocolName::kFvdBair, "fvd-bair"},   {ProtocolName::kFitvidBair, "fitvid-bair"},
      {ProtocolName::kMcvdBair, "mcvd-bair"}, {ProtocolName::kOpenstlKth, "openstl-kth"}};
};

// From one number to another; both 0: the data is not divided by persons.
struct Persons {
  int64_t first = 0, last = 0;
};

struct Protocol {
  ProtocolName name;
  const char* source;   // paper and code that define it
  const char* split;    // which sequences, in words
  int64_t context = 2;  // frames
  int64_t future = 28;  // frames
  int64_t side = 64;    // pixels
  int64_t channels = 3;
  bool actions = false;
  int64_t samples = 100;    // futures of each sequence
  int64_t sequences = 256;  // 0: all that there are
  Persons persons = {};     // of the data's test split, and of no other
  std::vector<MetricName> metrics;
  MetricDefinitions definitions = {};
  const char* doubt = "";  // what the source leaves open, or where code and paper differ
};

const std::vector<Protocol>& protocols();
const Protocol& find_protocol(ProtocolName name);

bool measures(const Protocol& protocol, MetricName metric);
// "psnr, ssim, lpips".
std::string names_of(const std::vector<MetricName>& metrics);

// What it sets, a line each, "rollout: 2 + 28 frames".
std::vector<std::string> choices(const Protocol& protocol);
// With a line about the persons of the data, where it is divided by them; none: they are not known.
std::vector<std::string> choices(const Protocol& protocol, const std::optional<SplitPersons>& persons);

// All of them with their choices and doubts, for --list_protocols.
std::string list_protocols();

// What data has to offer.
struct OfferedVideos {
  int64_t height = 0, width = 0, channels = 0, actions = 0;
  int64_t context = 0, future = 0;  // frames
  int64_t sequences = 0;
  bool all_sequences = true;  // not fewer than there are, because the user wants so
  Json dataset_hparams = Json::object();
  std::optional<SplitPersons> persons = {};  // none: not known
};
// Throws UsageError that says what does not fit.
void check_fits(const Protocol& protocol, const OfferedVideos& videos);

}  // namespace savp
