// toy_futures --checkpoint RUN: measures a model's futures of toy scenes against what may really happen,
// which is known there because the simulator can be run again from the same start.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/run.h"
#include "core/limits.h"
#include "making/toy_scene.h"
#include "making/toy_sight.h"
#include "savp/predictor.h"

namespace savp {
namespace {

struct ToyFuturesOptions {
  using Self = ToyFuturesOptions;
  static constexpr const char* kAbout =
      "measures a model's futures of toy scenes against those that the simulator makes of the same start: "
      "whether arm and blocks are there, sharpness, diversity, where the arm ends";
  static constexpr const char* kExample = "toy_futures --checkpoint demo/run";
  HPARAM_GROUP(what, "What");
  HPARAM(std::string, checkpoint, "", "run or checkpoint, trained on savp_preprocess toy", Required{"RUN"});
  HPARAM(int64_t, scenes, 32, "scenes, none of which is in a data set", (Between{1, 10000}));
  HPARAM(int64_t, samples, 8, "futures of each scene, as many simulated", (Between{2, 1000}));
  HPARAM(int64_t, length, 10, "frames predicted", (Between{1, limits::kFrames}));
  HPARAM(int64_t, blocks, 4, "blocks in the tray", (Between{0, 8}));
  HPARAM(int64_t, seed, 0, "of scenes and draws", AtLeast{0});
};

constexpr uint64_t kFirstScene = 0x746f7900000000;  // far from the seeds of data sets
constexpr double kTolerance = 0.25;                 // of an area

// Futures of one scene.
using Frames = std::vector<std::vector<std::vector<float>>>;  // [future][frame][height * width * 3]

std::vector<float> floats(const Picture& picture) {
  std::vector<float> all;
  for (const auto byte : picture.pixels) all.push_back(static_cast<float>(byte) / 255.0F);
  return all;
}

FrameView view(const std::vector<float>& frame, int64_t side) { return {frame.data(), side, side}; }

// Sums over scenes; a number for each predicted frame.
struct Sums {
  explicit Sums(size_t frames)
      : arm(frames),
        blocks(frames),
        true_blocks(frames),
        energy(frames),
        true_energy(frames),
        diversity(frames),
        true_diversity(frames) {}
  std::vector<double> arm, blocks, true_blocks;  // shares of futures, of blocks
  std::vector<double> energy, true_energy, diversity, true_diversity;
  double endpoint = 0, endpoint_error = 0;  // energy distance; pixels
  int64_t scenes = 0, endpoints = 0;
};

struct ToyScene {
  ToyRecording truth;
  Frames simulated;
};

ToyScene make_scene(uint64_t seed, int64_t side, int64_t context, const ToyFuturesOptions& o) {
  ToySceneOptions how{.length = context + o.length, .size = side, .blocks = o.blocks};
  ToyScene scene{.truth = record_toy_scene(seed, how), .simulated = {}};
  how.fork = context - 1;
  for (int64_t i = 0; i < o.samples; ++i) {
    how.fork_seed = seed * 1000003 + static_cast<uint64_t>(i);
    auto& future = scene.simulated.emplace_back();
    const auto recording = record_toy_scene(seed, how);
    for (int64_t t = context; t < how.length; ++t) future.push_back(floats(recording.frames[t]));
  }
  return scene;
}

Frames imagine(const Predictor& model, const ToyRecording& truth, int64_t side, const ToyFuturesOptions& o) {
  const auto context = model.context_frames();
  std::vector<uint8_t> bytes;
  for (int64_t t = 0; t < context; ++t)
    bytes.insert(bytes.end(), truth.frames[t].pixels.begin(), truth.frames[t].pixels.end());
  std::vector<float> actions, states;
  for (const auto& row : truth.actions) actions.insert(actions.end(), row.begin(), row.end());
  for (const auto& row : truth.positions) states.insert(states.end(), row.begin(), row.end());
  Shown with;
  ImagineOptions options{.samples = o.samples, .length = o.length, .seed = static_cast<uint64_t>(o.seed)};
  if (model.sizes().actions > 0) {
    with.actions = {actions.data(), context - 1, 4};
    options.actions = {actions.data() + (context - 1) * 4, o.length, 4};
  }
  if (model.sizes().states > 0) with.states = {states.data(), context, 3};
  const auto futures = model.start({bytes.data(), {context, side, side, 3}}, with).imagine(options);
  Frames all;
  const auto frame = side * side * 3;
  for (int64_t i = 0; i < o.samples; ++i) {
    auto& future = all.emplace_back();
    for (int64_t t = 0; t < o.length; ++t) {
      const auto* first = futures.frames.pixels.data() + (i * o.length + t) * frame;
      future.emplace_back(first, first + frame);
    }
  }
  return all;
}

std::vector<Sight> sights(const Frames& futures, size_t t, int64_t side, const ToyRecording& scene) {
  std::vector<Sight> all;
  for (const auto& future : futures) all.push_back(look_at(view(future[t], side), scene.colours));
  return all;
}

// The share of futures in which a thing has an area that it may have: within 25 % of those that it has in the
// simulated ones, but for the rarest tenth at either end.
double found(const std::vector<Sight>& seen, const std::vector<Sight>& possible, size_t thing) {
  std::vector<double> areas;
  for (const auto& sight : possible) areas.push_back(sight.areas[thing]);
  const double low = quantile(areas, 0.1) * (1 - kTolerance), high = quantile(areas, 0.9) * (1 + kTolerance);
  double count = 0;
  for (const auto& sight : seen)
    if (sight.areas[thing] >= std::min(low, high - 1) && sight.areas[thing] <= std::max(high, low + 1))
      ++count;
  return count / static_cast<double>(seen.size());
}

double found_blocks(const std::vector<Sight>& seen, const std::vector<Sight>& possible) {
  double sum = 0;
  const size_t things = possible.front().areas.size();
  for (size_t thing = 1; thing < things; ++thing) sum += found(seen, possible, thing);
  return things > 1 ? sum / static_cast<double>(things - 1) : 1;
}

double mean_energy(const Frames& futures, size_t t, int64_t side) {
  double sum = 0;
  for (const auto& future : futures) sum += gradient_energy(view(future[t], side));
  return sum / static_cast<double>(futures.size());
}

double mean_difference(const Frames& futures, size_t t, int64_t side) {
  double sum = 0;
  int64_t pairs = 0;
  for (size_t i = 0; i < futures.size(); ++i)
    for (size_t k = 0; k < i; ++k, ++pairs)
      sum += distance(view(futures[i][t], side), view(futures[k][t], side));
  return sum / static_cast<double>(pairs);
}

std::vector<Point> places(const std::vector<Sight>& seen) {
  std::vector<Point> all;
  for (const auto& sight : seen)
    if (std::isfinite(sight.x)) all.push_back({sight.x, sight.y});
  return all;
}

void add_endpoints(Sums& sums, const Frames& futures, const ToyScene& scene, int64_t side) {
  const auto last = futures.front().size() - 1;
  const auto ours = places(sights(futures, last, side, scene.truth));
  const auto theirs = places(sights(scene.simulated, last, side, scene.truth));
  if (ours.size() < 2 || theirs.size() < 2) return;
  sums.endpoint += energy_distance(ours, theirs);
  const auto truth = floats(scene.truth.frames.back());
  const auto end = look_at(view(truth, side), scene.truth.colours);
  double error = 0;
  for (const auto& p : ours) error += std::hypot(p.x - end.x, p.y - end.y) / static_cast<double>(ours.size());
  sums.endpoint_error += error;
  ++sums.endpoints;
}

void add(Sums& sums, const Frames& futures, const ToyScene& scene, int64_t side) {
  for (size_t t = 0; t < futures.front().size(); ++t) {
    const auto seen = sights(futures, t, side, scene.truth);
    const auto possible = sights(scene.simulated, t, side, scene.truth);
    sums.arm[t] += found(seen, possible, 0);
    sums.blocks[t] += found_blocks(seen, possible);
    sums.true_blocks[t] += found_blocks(possible, possible);
    sums.energy[t] += mean_energy(futures, t, side);
    sums.true_energy[t] += mean_energy(scene.simulated, t, side);
    sums.diversity[t] += mean_difference(futures, t, side);
    sums.true_diversity[t] += mean_difference(scene.simulated, t, side);
  }
  add_endpoints(sums, futures, scene, side);
  ++sums.scenes;
}

void print(const Sums& sums, int64_t side, bool with_actions) {
  const auto n = static_cast<double>(sums.scenes);
  std::printf("%-6s %8s %8s %12s %10s %10s %10s\n", "frame", "arm", "blocks", "(simulated)", "sharpness",
              "diversity", "simulated");
  for (size_t t = 0; t < sums.arm.size(); ++t)
    std::printf("%-6zu %7.1f%% %7.1f%% %11.1f%% %10.3f %10.4f %10.4f\n", t + 1, 100 * sums.arm[t] / n,
                100 * sums.blocks[t] / n, 100 * sums.true_blocks[t] / n, sums.energy[t] / sums.true_energy[t],
                sums.diversity[t] / n, sums.true_diversity[t] / n);
  const double pixels = 64.0 / static_cast<double>(side);
  const auto ends = static_cast<double>(sums.endpoints);
  std::printf("arm's end: energy distance %.3f pixels of 64", pixels * sums.endpoint / ends);
  if (with_actions) std::printf("; %.3f from where it went", pixels * sums.endpoint_error / ends);
  std::printf("\n");
}

void measure(const ToyFuturesOptions& options) {
  const auto model = Predictor::open(options.checkpoint);
  const auto side = model.sizes().height;
  Sums sums(static_cast<size_t>(options.length));
  for (int64_t i = 0; i < options.scenes; ++i) {
    const auto seed = kFirstScene + static_cast<uint64_t>(options.seed * options.scenes + i);
    const auto scene = make_scene(seed, side, model.context_frames(), options);
    add(sums, imagine(model, scene.truth, side, options), scene, side);
  }
  print(sums, side, model.sizes().actions > 0);
}

}  // namespace
}  // namespace savp

int main(int argc, char** argv) { return savp::cli::run<savp::ToyFuturesOptions>(argc, argv, savp::measure); }
