// Recordings of robots as others store them: frames with actions and states, read as data sets. The files in
// golden/robots are made by interop/robot_files.py, where the formulas of their content are.
#pragma once

#include <cmath>
#include <cstdlib>
#include <string>

#include "support/own_data.h"

namespace savp {

// Files elsewhere have just been made.
inline std::filesystem::path made_up(const std::string& name) {
  namespace fs = std::filesystem;
  const char* elsewhere = std::getenv("SAVP_ROBOT_FILES");
  return (elsewhere != nullptr ? fs::path(elsewhere) : fs::path(SAVP_TEST_DATA) / "golden/robots") / name;
}

inline constexpr char kWhole[] = "use_state=true,time_shift=0,sequence_length=12";

// What a value of a frame may be off by (levels of 255): the most that the golden files show where it is
// looked at.
enum class Loss {
  kNone = 0,   // pixels are stored
  kMovie = 3,  // H.264 at CRF 4, colours at full resolution: two conversions of colours, and the coding
  kJpeg = 5,   // quality 90, colours at full resolution: the same, and the decoder's fast transform
  kCoarseColours = 8  // JPEG with colours at half the resolution: half a step of 16 levels from row to row
};

class RobotData : public OwnDataTest {
 protected:
  static std::unique_ptr<Dataset> open(const std::filesystem::path& input, const std::string& mode,
                                       const std::string& hparams = kWhole) {
    return open_input(input, mode, hparams);
  }
  static std::string refusal(const std::filesystem::path& input, const std::string& hparams = kWhole) {
    return refusal_of(input, hparams);
  }

  // The frames, actions and states of the made-up robot; 8x12, or twice as large.
  static void expect_made_up(const Batch& batch, Loss loss, bool inverted = false) {
    const auto tolerance = static_cast<int>(loss) + 0.01;  // of single precision, from 0 to 1 and back
    const auto episode = std::lround(batch.states[0][0][1].item<float>());
    const auto height = batch.images.size(3), width = batch.images.size(4), scale = height / 8;
    const auto expect_level = [&](int64_t t, int64_t channel, int64_t y, int64_t x) {
      const int64_t levels[] = {20 * episode + 5 * t, 16 * y / scale, 10 * x / scale};
      const auto value = batch.images[t][0][channel][y][x].item<float>() * 255;
      EXPECT_NEAR(inverted ? 255 - value : value, levels[channel], tolerance)
          << "channel " << channel << " at " << y << ", " << x;
    };
    for (int64_t t : {0, 5, 11}) {
      expect_level(t, 0, 3, 4);
      expect_level(t, 1, 0, 4);
      expect_level(t, 1, height - 1, 4);
      expect_level(t, 2, 3, width - 1);
      EXPECT_EQ(batch.states[t][0][0].item<float>(), static_cast<float>(t) / 2);
    }
    for (int64_t t : {0, 10}) {
      EXPECT_EQ(batch.actions[t][0][0].item<float>(), static_cast<float>(100 * episode + t));
      EXPECT_EQ(batch.actions[t][0][1].item<float>(), static_cast<float>(-t));
    }
  }
  // An episode each for train, val and test.
  static void expect_all_made_up(const std::filesystem::path& input, Loss loss, const std::string& more = "",
                                 bool inverted = false) {
    for (const char* mode : {"train", "val", "test"}) {
      SCOPED_TRACE(mode);
      const auto data = open(input, mode, kWhole + more);
      EXPECT_EQ(data->shape().actions, 2);
      EXPECT_EQ(data->shape().states, 3);
      const auto all = batches(*data);
      ASSERT_EQ(all.size(), 1U);
      expect_made_up(all[0], loss, inverted);
    }
  }
};

}  // namespace savp
