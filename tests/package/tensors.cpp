// Uses the installed package with LibTorch's tensors.
//   package_tensors CHECKPOINT
#include <ATen/ATen.h>
#include <savp/tensor_predictor.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto opened = savp::Predictor::open(
      argv[1], {.device = "cpu", .sizes = savp::PredictorSizes{.height = 32, .width = 32}});
  const savp::TensorPredictor model(opened);
  auto scene = model.start({.images = at::full({2, 1, 3, 32, 32}, 0.5)});
  std::cout << scene.imagine({.samples = 2, .length = 4}).images.sizes() << "\n";
}
