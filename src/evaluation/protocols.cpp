#include "evaluation/protocols.h"

#include <algorithm>

#include "core/error.h"
#include "core/table.h"
#include "core/text.h"
#include "records/kth_names.h"

namespace savp {
namespace {

using enum MetricName;

constexpr const char* kSavpDoubt =
    "The paper's tables show the best of 100 samples; its code takes it for each metric by the mean over the "
    "predicted frames, as here. FVD is not part of it.";
constexpr const char* kBairTest = "the 256 test sequences of BAIR";

constexpr std::pair<PsnrOrder, const char*> kPsnrOrders[] = {
    {PsnrOrder::kOfFrame, "of each frame's mean squared error over pixels and channels"},
    {PsnrOrder::kOfChannels, "of each channel, then the mean over channels"},
    {PsnrOrder::kOfMeanError, "of the mean squared error over all predicted frames"}};

constexpr std::pair<SsimKind, const char*> kSsimKinds[] = {
    {SsimKind::kGaussian, "11x11 Gaussian window, range 1"},
    {SsimKind::kLuma, "of the luma in bytes, 11x11 Gaussian window, range 255"},
    {SsimKind::kUniform,
     "7x7 uniform window, sample covariances, range 2 (scikit-image without data_range)"}};

// A hyperparameter of data sets that makes other frames of what is stored.
struct ChangeOfFrames {
  const char* name;
  Json none;               // the value that leaves them alone
  bool may_scale = false;  // whole frames to the protocol's size
};
const ChangeOfFrames kChangesOfFrames[] = {{"crop_size", 0},        {"scale_size", 0, true},
                                           {"random_crop_size", 0}, {"frame_size", {0, 0}, true},
                                           {"frame_skip", 0},       {"fps", 0}};

void check_frames(const Protocol& protocol, const Json& hparams) {
  for (const auto& [name, none, may_scale] : kChangesOfFrames) {
    const auto value = hparams.value(name, none);
    const auto wanted = value.is_array() ? Json{protocol.side, protocol.side} : Json(protocol.side);
    SAVP_CHECK(value == none || (may_scale && value == wanted), UsageError, name, "=", value.dump(),
               " (of --dataset_hparams or the checkpoint) contradicts --protocol ", enum_name(protocol.name),
               ", which sees all of ", protocol.side, "x", protocol.side,
               " pixels of each frame: leave it out, or leave out the protocol");
  }
}

std::string text_of(const Persons& persons) { return concat(persons.first, " to ", persons.last); }

std::string text_of(const std::vector<int64_t>& persons) {
  std::vector<std::string> words;
  for (const auto person : persons) words.push_back(std::to_string(person));
  return concat(persons.size() == 1 ? "person " : "persons ", join_words(words));
}

// The persons of the protocol are those of the split, and of no other.
void check_persons(const Protocol& protocol, const SplitPersons& persons, bool all_sequences) {
  const auto [first, last] = protocol.persons;
  std::vector<int64_t> strange, shared, missing;
  for (const auto person : persons.of_split)
    if (person < first || person > last) strange.push_back(person);
  for (int64_t person = first; person <= last; ++person) {
    if (persons.of_others.contains(person)) shared.push_back(person);
    if (!persons.of_split.contains(person)) missing.push_back(person);
  }
  const auto begin =
      concat("--protocol ", enum_name(protocol.name), " is of persons ", text_of(protocol.persons));
  SAVP_CHECK(strange.empty(), UsageError, begin, ", the data's test split has ", text_of(strange),
             ", too: divide the data by persons",
             first == kLastKthTrainingPerson + 1 ? " (savp_preprocess kth does)"
                                                 : ", as the paper's own program does");
  SAVP_CHECK(shared.empty(), UsageError, begin, ", but ", text_of(shared),
             " can be seen in other splits of the data as well: divide it by persons");
  SAVP_CHECK(missing.empty() || !all_sequences, UsageError, begin, ", the data's test split has no ",
             text_of(missing),
             ": give the whole test split, or --num_samples for numbers that are not the protocol's");
}

}  // namespace

const std::vector<Protocol>& protocols() {
  static const std::vector<Protocol> kProtocols = {
      {.name = ProtocolName::kSavpBair,
       .source = "Lee et al. 2018 (SAVP) and its code",
       .split = kBairTest,
       .metrics = {kPsnr, kSsim, kMse, kLpips, kDiversity},
       .doubt = kSavpDoubt},
      {.name = ProtocolName::kSavpBairAction,
       .source = "Lee et al. 2018 (SAVP) and its code",
       .split = kBairTest,
       .actions = true,
       .metrics = {kPsnr, kSsim, kMse, kLpips, kDiversity},
       .doubt = kSavpDoubt},
      {.name = ProtocolName::kSavpKth,
       .source = "Lee et al. 2018 (SAVP) and its code",
       .split = "one clip of each sequence of persons 17 to 25, its start by the seed",
       .context = 10,
       .future = 30,
       .channels = 1,
       .sequences = 0,
       .persons = {17, 25},
       .metrics = {kPsnr, kSsim, kMse, kLpips, kDiversity},
       .doubt =
           "Which 40 frames of a sequence the original shows depends on TensorFlow's random numbers, which "
           "cannot be had without it: other clips of the same sequences."},
      {.name = ProtocolName::kSvgBair,
       .source = "Denton and Fergus 2018 (SVG) and its code",
       .split = kBairTest,
       .metrics = {kPsnr, kSsim},
       .definitions = {.psnr = PsnrOrder::kOfChannels},
       .doubt = "SSIM is \"Finn's\", which the paper names; the published script calls scikit-image's "
                "instead. The "
                "best is taken for each metric; the script draws the one of the best SSIM."},
      {.name = ProtocolName::kSrvpBair,
       .source = "Franceschi et al. 2020 (SRVP) and its code",
       .split = kBairTest,
       .metrics = {kPsnr, kSsim, kLpips, kFvd},
       .definitions = {.psnr = PsnrOrder::kOfChannels, .clipped = true, .fvd_context = true},
       .doubt =
           "The paper's intervals are 1.96 standard errors; here they are of a bootstrap. LPIPS is printed "
           "without the minus there."},
      {.name = ProtocolName::kSrvpKth,
       .source = "Franceschi et al. 2020 (SRVP) and its code",
       .split = "1000 clips of persons 21 to 25, drawn by NumPy with seed 42",
       .context = 10,
       .future = 30,
       .channels = 1,
       .sequences = 1000,
       .persons = {21, 25},
       .metrics = {kPsnr, kSsim, kLpips, kFvd},
       .definitions = {.psnr = PsnrOrder::kOfChannels, .clipped = true, .fvd_context = true},
       .doubt = "The 1000 clips are those that SRVP's script makes (svg_test_set_40.npz): "
                "docs/evaluation.md tells how to give them. Clips drawn otherwise are other data, which the "
                "fingerprint tells."},
      {.name = ProtocolName::kFvdBair,
       .source = "Unterthiner et al. 2018 (FVD)",
       .split = kBairTest,
       .future = 14,
       .samples = 1,
       .metrics = {kFvd, kKvd},
       .definitions = {.fvd_context = true},
       .doubt = "The paper does not say whether the two context frames count; here they do, which gives the "
                "16 frames "
                "that its videos have."},
      {.name = ProtocolName::kFitvidBair,
       .source = "Babaeizadeh et al. 2021 (FitVid) and its code",
       .split = kBairTest,
       .context = 1,
       .future = 15,
       .metrics = {kPsnr, kSsim, kFvd},
       .definitions = {.fvd = FvdInput::kUnrounded, .fvd_samples = 100},
       .doubt = "100 futures of each sequence are compared with 256 true ones, as the paper says; its "
                "published code compares one. Its LPIPS is a stub that returns 0 and is left out."},
      {.name = ProtocolName::kMcvdBair,
       .source = "Voleti et al. 2022 (MCVD) and its code",
       .split = kBairTest,
       .metrics = {kPsnr, kSsim, kMse, kLpips, kFvd},
       .definitions = {.psnr = PsnrOrder::kOfMeanError,
                       .ssim = SsimKind::kLuma,
                       .clipped = true,
                       .fvd = FvdInput::kUnrounded,
                       .fvd_context = true,
                       .fvd_samples = 100},
       .doubt =
           "The number of futures is a flag of its script; 100 is the paper's. Its I3D is a TorchScript file "
           "with the weights that are used here. LPIPS is of frames that are not rounded to bytes here."},
      {.name = ProtocolName::kOpenstlKth,
       .source = "Tan et al. 2023 (OpenSTL) and its code",
       .split = "persons 17 to 25, clips one after the other",
       .context = 10,
       .future = 20,
       .side = 128,
       .channels = 1,
       .samples = 1,
       .sequences = 0,
       .persons = {17, 25},
       .metrics = {kMse, kMae, kSsim, kPsnr, kLpips},
       .definitions = {.ssim = SsimKind::kUniform, .summed_errors = true, .clipped = true},
       .doubt =
           "The papers of SimVP and E3D-LSTM use another PSNR, some 6 dB higher. OpenSTL's SSIM passes no "
           "data_range, for which scikit-image before 0.20 takes 2. Which clips are cut out depends on frame "
           "lists of its KTH archive: other clips are other data, which the fingerprint tells."}};
  return kProtocols;
}

const Protocol& find_protocol(ProtocolName name) {
  return *std::find_if(protocols().begin(), protocols().end(),
                       [name](const Protocol& protocol) { return protocol.name == name; });
}

bool measures(const Protocol& protocol, MetricName metric) {
  return std::count(protocol.metrics.begin(), protocol.metrics.end(), metric) > 0;
}

std::string names_of(const std::vector<MetricName>& metrics) {
  std::string text;
  for (const auto metric : metrics) text += (text.empty() ? "" : ", ") + enum_name(metric);
  return text;
}

std::vector<std::string> choices(const Protocol& protocol) {
  const auto& how = protocol.definitions;
  std::vector<std::string> lines = {
      concat("source: ", protocol.source), concat("sequences: ", protocol.split),
      concat("frames: ", protocol.side, "x", protocol.side, " pixels, ",
             counted(protocol.channels, "channel"), protocol.actions ? ", with actions and states" : ""),
      concat("rollout: ", protocol.context, " + ", protocol.future, " frames, ",
             counted(protocol.samples, "future"),
             " of each sequence; the best for each metric by its mean over the "
             "predicted frames"),
      concat("metrics: ", names_of(protocol.metrics))};
  if (measures(protocol, kPsnr)) lines.push_back(std::string("psnr: ") + row_of(kPsnrOrders, how.psnr));
  if (measures(protocol, kSsim)) lines.push_back(std::string("ssim: ") + row_of(kSsimKinds, how.ssim));
  if (measures(protocol, kMse) && how.summed_errors)
    lines.emplace_back("mse, mae: summed over pixels and channels");
  if (measures(protocol, kLpips)) lines.emplace_back("lpips: AlexNet, version 0.1, linear weights, negated");
  if (measures(protocol, kFvd)) lines.push_back("fvd: " + words(traits_of(kFvd), how));
  lines.push_back(concat("predictions: not rounded to bytes", how.clipped ? ", clipped to 0..1" : ""));
  return lines;
}

std::vector<std::string> choices(const Protocol& protocol, const std::optional<SplitPersons>& persons) {
  auto lines = choices(protocol);
  if (protocol.persons.last > 0)
    lines.push_back(concat("persons: ", text_of(protocol.persons),
                           persons ? ", as dataset.json says of the data"
                                   : "; which ones the data has is not known (no dataset.json names them)"));
  return lines;
}

std::string list_protocols() {
  std::string text;
  for (const auto& protocol : protocols()) {
    text += concat(text.empty() ? "" : "\n", enum_name(protocol.name), "\n");
    for (const auto& line : choices(protocol)) text += "  " + line + "\n";
    if (*protocol.doubt != '\0') text += concat("  doubt: ", protocol.doubt, "\n");
  }
  return text;
}

void check_fits(const Protocol& protocol, const OfferedVideos& videos) {
  const auto name = concat("--protocol ", enum_name(protocol.name));
  SAVP_CHECK(
      videos.height == protocol.side && videos.width == protocol.side && videos.channels == protocol.channels,
      UsageError, name, " is of ", protocol.side, "x", protocol.side, " pixels of ",
      counted(protocol.channels, "channel"), ", the data of ", videos.width, "x", videos.height, " of ",
      counted(videos.channels, "channel"), ": choose another protocol, or other data");
  check_frames(protocol, videos.dataset_hparams);
  SAVP_CHECK(videos.context == protocol.context && videos.future == protocol.future, UsageError, name,
             " is of ", protocol.context, " + ", protocol.future, " frames, the predictions of ",
             videos.context, " + ", videos.future, ": leave out what sets other lengths, or give other data");
  SAVP_CHECK(!protocol.actions || videos.actions > 0, UsageError, name,
             " predicts with actions, which data or model have not: choose a model that was trained with "
             "them, or savp-bair");
  SAVP_CHECK(
      protocol.actions || videos.actions == 0, UsageError, name,
      " predicts without actions, but the model takes them: choose savp-bair-action, or another model");
  if (protocol.persons.last > 0 && videos.persons)
    check_persons(protocol, *videos.persons, videos.all_sequences);
  const bool enough =
      protocol.sequences == 0 || videos.sequences == protocol.sequences || !videos.all_sequences;
  SAVP_CHECK(enough, UsageError, name, " is of ", protocol.sequences, " sequences, the data has ",
             videos.sequences,
             ": give the whole test split, or --num_samples for numbers that are not the protocol's");
}

}  // namespace savp
