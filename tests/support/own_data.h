// Data that is opened as users have it, with a cache of each test's own.
#pragma once

#include <torch/types.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "io/image.h"
#include "opening/open_dataset.h"
#include "support/scratch_test.h"

namespace savp {

// Frame t is uniformly of level base + rise t.
inline std::vector<Picture> uniform_frames(int64_t height, int64_t width, int frames, int base,
                                           int rise = 1) {
  std::vector<Picture> pictures;
  for (int t = 0; t < frames; ++t)
    pictures.push_back(
        {height, width, 1,
         std::vector<uint8_t>(static_cast<size_t>(height * width), static_cast<uint8_t>(base + rise * t))});
  return pictures;
}

class OwnDataTest : public ScratchTest {
 protected:
  void SetUp() override { ::setenv("SAVP_CACHE_DIR", (folder_ / "cache").c_str(), 1); }
  void TearDown() override { ::unsetenv("SAVP_CACHE_DIR"); }

  // As the data set that is detected.
  static std::unique_ptr<Dataset> open_input(const std::filesystem::path& input, const std::string& mode,
                                             const std::string& hparams) {
    return open_dataset(infer_dataset(input.string(), mode), input.string(), mode, {}, hparams);
  }
  static std::string refusal_of(const std::filesystem::path& input, const std::string& hparams) {
    return message_of<Error>([&] { open_input(input, "train", hparams)->num_examples_per_epoch(); });
  }
  // All sequences, in order.
  static std::vector<Batch> batches(const Dataset& data) {
    std::vector<Batch> all;
    const auto stream = data.batches({.batch_size = 1, .num_epochs = 1, .threads = 2});
    while (auto batch = stream->next()) all.push_back(*batch);
    return all;
  }
};

}  // namespace savp
