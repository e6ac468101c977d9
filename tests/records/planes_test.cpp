#include "records/planes.h"

#include <gtest/gtest.h>

#include <vector>

namespace savp {
namespace {

// Every length of the rest after whole vectors.
TEST(ToPlanes, IsTheSameByAllInstructions) {
  for (const int64_t channels : {1, 2, 3, 4})
    for (int64_t pixels = 1; pixels < 140; ++pixels) {
      std::vector<uint8_t> bytes;
      for (int64_t i = 0; i < pixels * channels; ++i) bytes.push_back(static_cast<uint8_t>(i * 37));
      const std::vector<float> floats(bytes.begin(), bytes.end());
      std::vector<float> expected(bytes.size()), from_bytes(bytes.size()), from_floats(bytes.size());
      constexpr float kFactor = 1.0F / 255.0F;
      for (int64_t i = 0; i < pixels; ++i)
        for (int64_t c = 0; c < channels; ++c)
          expected[static_cast<size_t>(c * pixels + i)] =
              floats[static_cast<size_t>(i * channels + c)] * kFactor;
      to_planes(bytes.data(), from_bytes.data(), pixels, channels, kFactor);
      to_planes(floats.data(), from_floats.data(), pixels, channels, kFactor);
      EXPECT_EQ(from_bytes, expected) << pixels << " pixels of " << channels << " channels";
      EXPECT_EQ(from_floats, expected) << pixels << " pixels of " << channels << " channels";
      kPlainPlanes.bytes(bytes.data(), from_bytes.data(), pixels, channels, kFactor);
      EXPECT_EQ(from_bytes, expected) << pixels << " pixels of " << channels << " channels, plain";
    }
}

}  // namespace
}  // namespace savp
