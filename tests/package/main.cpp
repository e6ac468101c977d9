// Uses the installed package without LibTorch's headers: opens a model, shows it frames, imagines
// what follows.
//   package_user CHECKPOINT GIF
#include <savp/dataset.h>
#include <savp/error.h>
#include <savp/predictor.h>
#include <savp/version.h>
#include <savp/video.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto model = savp::Predictor::open(
      argv[1], {.device = "cpu", .sizes = savp::PredictorSizes{.height = 32, .width = 32}});
  std::vector<uint8_t> shown(3 * 32 * 32 * 3);
  for (size_t i = 0; i < shown.size(); ++i) shown[i] = static_cast<uint8_t>(i % 32 * 8);
  auto scene = model.start(savp::VideoView(shown.data(), {2, 32, 32, 3}));
  scene.observe(savp::VideoView(shown.data() + 2 * 32 * 32 * 3, {1, 32, 32, 3}));
  const auto futures = scene.imagine({.samples = 2, .length = 3, .seed = 1});
  savp::save_gif(argv[2], futures.frames);
  std::cout << savp::version() << " " << model.model() << ": " << scene.frames() << " frames, "
            << futures.frames.count << " futures of " << futures.frames.size.frames << "\n";
  try {
    savp::DatasetReader("no/such/folder");
  } catch (const savp::DataError& error) {
    std::cout << "refused with " << static_cast<int>(error.code()) << "\n";
  }
}
