// A small model on disk, a video to show to it, and ways to compare what it imagines.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "savp/predictor.h"
#include "support/scratch.h"
#include "support/untrained_model.h"
#include "training/trainer.h"

namespace savp {

constexpr int64_t kSide = 32, kContext = 2, kFrames = 8, kActions = 4, kStates = 3;
inline const std::string kTensorflow = SAVP_TEST_DATA "/golden/models/ckpt_savp_old_dna_cell/checkpoint_dir";
inline const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

// A small stochastic model of actions and states with weights that were never trained, and a video to show
// to it.
class PredictorTest : public testing::Test {
 protected:
  PredictorTest() {
    save_run();
    torch::manual_seed(4);
    const auto images = (torch::rand({kFrames, kSide, kSide, 3}) * 255).to(torch::kByte);
    bytes_ = {images.const_data_ptr<uint8_t>(), images.const_data_ptr<uint8_t>() + images.numel()};
    for (int64_t i = 0; i < kFrames * kActions; ++i) actions_.push_back(0.1F * static_cast<float>(i % 7));
    for (int64_t i = 0; i < kFrames * kStates; ++i) states_.push_back(0.2F * static_cast<float>(i % 5));
  }

  void save_run() {
    write_untrained_model(folder_ / "tiny", {.shape = kShapeWithActions, .sequence_length = kFrames});
  }

  std::string run() const { return (folder_ / "tiny").string(); }
  Predictor open() const { return Predictor::open(run(), {.device = "cpu"}); }

  VideoView frames(int64_t first, int64_t count) const {
    return {bytes_.data() + first * kSide * kSide * 3, {count, kSide, kSide, 3}};
  }
  // What comes with the frames: actions from the `led` before the first on.
  Shown with(int64_t first, int64_t count, int64_t led = 0) const {
    return {.actions = {actions_.data() + (first - led) * kActions, count - 1 + led, kActions},
            .states = {states_.data() + first * kStates, count, kStates}};
  }
  PredictorScene start(const Predictor& model, int64_t shown = kContext) const {
    return model.start(frames(0, shown), with(0, shown));
  }
  NumbersView plan(int64_t shown = kContext) const {
    return {actions_.data() + (shown - 1) * kActions, kFrames - shown, kActions};
  }
  Futures imagined(PredictorScene& scene, int64_t shown = kContext, uint64_t seed = 7) const {
    return scene.imagine({.actions = plan(shown), .samples = 3, .length = kFrames - shown, .seed = seed});
  }

  static double apart(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return INFINITY;
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max<double>(most, std::abs(a[i] - b[i]));
    return most;
  }
  static void expect_same(const Futures& a, const Futures& b) {
    EXPECT_LT(apart(a.frames.pixels, b.frames.pixels), 1e-5);
    EXPECT_LT(apart(a.states, b.states), 1e-4);
    EXPECT_LT(apart(a.pixels, b.pixels), 1e-5);
  }

  template <class ErrorType>
  static std::string message(const std::function<void()>& call) {
    try {
      call();
    } catch (const ErrorType& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  ScratchFolder folder_;
  std::vector<uint8_t> bytes_;
  std::vector<float> actions_, states_;
};

}  // namespace savp
