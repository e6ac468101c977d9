// Of savp_preprocess, on a toy data set and a GIF.
#include "cli/extremes.h"
#include "cli/inspect.h"
#include "io/gif.h"
#include "making/toy_data.h"
#include "making/verification.h"
#include "making/video_data.h"

namespace savp {
namespace {

const Arguments kToy = {"--num_train", "1",        "--num_val", "0",      "--num_test",
                        "0",           "--length", "4",         "--size", "16"};

TEST(PreprocessExtremes, OfToy) { try_all<ToyDataOptions>(kToy, make_toy_data); }

TEST(PreprocessExtremes, OfVideos) {
  const ScratchFolder videos;
  write_gif(videos / "in/a.gif", std::vector<Picture>(12, Picture{16, 16, 1, std::vector<uint8_t>(256, 9)}),
            10);
  try_all<VideoDataOptions>({"--input_dir", (videos / "in").string(), "--size", "8"}, make_video_data);
}

TEST(PreprocessExtremes, OfVerifyAndInspect) {
  const ScratchFolder data;
  ToyDataOptions options;
  options.output_dir = (data / "toy").string();
  options.num_train = 1;
  options.num_val = options.num_test = 0;
  options.length = 4;
  options.size = 16;
  make_toy_data(options);
  const Arguments input = {"--input_dir", options.output_dir};
  try_all<VerifyOptions>(input, verify_data);
  auto shown = input;
  shown.insert(shown.end(), {"--dataset_hparams", "sequence_length=4"});
  try_all<cli::InspectOptions>(shown, cli::inspect);
}

}  // namespace
}  // namespace savp
