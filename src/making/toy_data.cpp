#include "making/toy_data.h"

#include <string>
#include <string_view>
#include <vector>

#include "core/interrupt.h"
#include "core/log.h"
#include "io/example.h"
#include "making/prepared_folder.h"
#include "making/toy_scene.h"
#include "making/workers.h"

namespace savp {
namespace {

std::string_view text(const Picture& picture) {
  return {reinterpret_cast<const char*>(picture.pixels.data()), picture.pixels.size()};
}

// BAIR's records hold two views; readers take image_aux1 if it is there, and this is the only one drawn.
std::string bair_record(const ToyRecording& recording) {
  ExampleBuilder example;
  for (size_t t = 0; t < recording.frames.size(); ++t) {
    const auto& action = recording.actions[t];
    const auto& position = recording.positions[t];
    const std::string step = std::to_string(t);
    example.bytes(step + "/image_aux1/encoded", {text(recording.frames[t])});
    example.floats(step + "/action", {action.begin(), action.end()});
    example.floats(step + "/endeffector_pos", {position.begin(), position.end()});
  }
  return example.serialize();
}

// Well mixed (Vigna's splitmix64), so that neighbouring seeds and scenes have nothing in common; a scene does
// not depend on how many others there are.
uint64_t scene_seed(uint64_t seed, uint64_t split, uint64_t scene) {
  uint64_t mixed = 0;
  for (const uint64_t part : {seed, split, scene}) {
    mixed += part + 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31;
  }
  return mixed;
}

}  // namespace

void make_toy_data(const ToyDataOptions& options) {
  const std::pair<const char*, int64_t> splits[] = {
      {"train", options.num_train}, {"val", options.num_val}, {"test", options.num_test}};
  const int64_t total = options.num_train + options.num_val + options.num_test;
  SAVP_CHECK(total > 0, UsageError, "--num_train, --num_val and --num_test are all 0: nothing to make");
  const ToySceneOptions scene = {options.length, options.size, options.blocks};
  PreparedFolder folder(options.output_dir, options.overwrite);
  Json manifest = {{"dataset", "bair"},      {"made_by", "savp_preprocess toy"},
                   {"seed", options.seed},   {"length", options.length},
                   {"height", options.size}, {"width", options.size},
                   {"channels", 3},          {"blocks", options.blocks}};
  Countdown countdown(total, "sequences");
  uint64_t split_number = 0;
  for (const auto& [split, count] : splits) {
    SplitWriter writer(folder.path() / split, "traj");
    const auto make = [&, number = split_number++](int64_t i) {
      const auto seed = scene_seed(static_cast<uint64_t>(options.seed), number, static_cast<uint64_t>(i));
      return bair_record(record_toy_scene(seed, scene));
    };
    in_order(count, worker_threads(options.threads), make, [&](int64_t, const std::string& record) {
      stop_if_interrupted();
      writer.write(record);
      countdown.step();
    });
    writer.finish();
    manifest["sequences"][split] = count;
  }
  folder.finish(manifest);
  log::info(concat("toy data set in ", options.output_dir));
}

}  // namespace savp
