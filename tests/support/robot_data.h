// Recordings of robots as others store them: frames with actions and states, read as data sets. The files in
// golden/robots are made by interop/robot_files.py, where the formulas of their content are.
#pragma once

#include <torch/types.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "opening/open_dataset.h"
#include "support/scratch_test.h"

namespace savp {

// Files elsewhere have just been made.
inline std::filesystem::path made_up(const std::string& name) {
  namespace fs = std::filesystem;
  const char* elsewhere = std::getenv("SAVP_ROBOT_FILES");
  return (elsewhere != nullptr ? fs::path(elsewhere) : fs::path(SAVP_TEST_DATA) / "golden/robots") / name;
}

inline constexpr char kWhole[] = "use_state=true,time_shift=0,sequence_length=12";

class RobotData : public ScratchTest {
 protected:
  void SetUp() override { ::setenv("SAVP_CACHE_DIR", (folder_ / "cache").c_str(), 1); }
  void TearDown() override { ::unsetenv("SAVP_CACHE_DIR"); }

  static std::unique_ptr<Dataset> open(const std::filesystem::path& input, const std::string& mode,
                                       const std::string& hparams = kWhole) {
    return open_dataset(infer_dataset(input.string(), mode), input.string(), mode, {}, hparams);
  }
  static std::string refusal(const std::filesystem::path& input, const std::string& hparams = kWhole) {
    return message_of<Error>([&] { open(input, "train", hparams)->num_examples_per_epoch(); });
  }
  static std::vector<Batch> batches(const Dataset& data) {
    std::vector<Batch> all;
    const auto stream = data.batches({.batch_size = 1, .num_epochs = 1});
    while (auto batch = stream->next()) all.push_back(*batch);
    return all;
  }

  // The frames, actions and states of the made-up robot; 8x12, or twice as large.
  static void expect_made_up(const Batch& batch, double levels, bool inverted = false) {
    const auto tolerance = levels + 0.01;  // of rounding
    const auto episode = static_cast<int>(std::lround(batch.states[0][0][1].item<float>()));
    const auto height = batch.images.size(3), width = batch.images.size(4);
    const auto at = [&](int64_t t, int64_t c, int64_t y, int64_t x) {
      const auto value = batch.images[t][0][c][y][x].item<float>() * 255;
      return inverted ? 255 - value : value;
    };
    for (int t : {0, 5, 11}) {
      EXPECT_NEAR(at(t, 0, 3, 4), 20 * episode + 5 * t, tolerance);
      EXPECT_NEAR(at(t, 1, height - 1, 4), 116, 4 + tolerance) << "below";
      EXPECT_NEAR(at(t, 1, 0, 4), 0, tolerance) << "above";
      EXPECT_NEAR(at(t, 2, 3, width - 1), 112, 3 + tolerance) << "on the right";
      EXPECT_EQ(batch.states[t][0][0].item<float>(), static_cast<float>(t) / 2);
    }
    for (int t : {0, 10}) {
      EXPECT_EQ(batch.actions[t][0][0].item<float>(), static_cast<float>(100 * episode + t));
      EXPECT_EQ(batch.actions[t][0][1].item<float>(), static_cast<float>(-t));
    }
  }
  // An episode each for train, val and test.
  static void expect_all_made_up(const std::filesystem::path& input, double tolerance,
                                 const std::string& more = "", bool inverted = false) {
    for (const char* mode : {"train", "val", "test"}) {
      SCOPED_TRACE(mode);
      const auto data = open(input, mode, kWhole + more);
      EXPECT_EQ(data->shape().actions, 2);
      EXPECT_EQ(data->shape().states, 3);
      const auto all = batches(*data);
      ASSERT_EQ(all.size(), 1U);
      expect_made_up(all[0], tolerance, inverted);
    }
  }
};

}  // namespace savp
