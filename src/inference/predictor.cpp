// The public face of prediction (savp/predictor.h, savp/tensor_predictor.h).
#include "savp/predictor.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/device.h"
#include "core/error.h"
#include "inference/open_model.h"
#include "inference/rollout.h"
#include "savp/tensor_predictor.h"

namespace savp {

struct Predictor::Body {
  OpenModel model;
  PredictorSizes sizes;
};

struct PredictorScene::Body {
  std::shared_ptr<const Predictor::Body> model;
  Rollout rollout;
};

struct TensorScene::Body {
  std::shared_ptr<const Predictor::Body> model;
  Rollout rollout;
};

namespace {

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

VideoShape shape_of(const PredictorSizes& sizes) {
  return {.channels = sizes.channels,
          .height = sizes.height,
          .width = sizes.width,
          .actions = sizes.actions,
          .states = sizes.states};
}

VideoShape settle_shape(const Origin& origin, const PredictorOptions& options) {
  if (const auto trained = origin.trained_shape()) return *trained;
  SAVP_CHECK(options.sizes, UsageError, origin.name(),
             ": nothing tells the size of its frames: give PredictorOptions::sizes");
  const auto& sizes = *options.sizes;
  SAVP_CHECK(sizes.height > 0 && sizes.width > 0 && (sizes.channels == 1 || sizes.channels == 3) &&
                 sizes.actions >= 0 && sizes.states >= 0,
             UsageError, "sizes of ", sizes.height, "x", sizes.width, " pixels, ", sizes.channels,
             " channels, ", sizes.actions, " actions, ", sizes.states, " states cannot be");
  return shape_of(sizes);
}

// What a user's memory holds, as a tensor of its own.
Tensor tensor_of(const float* values, at::IntArrayRef sizes, const char* what) {
  auto tensor = at::from_blob(const_cast<float*>(values), sizes, at::kFloat).clone();
  SAVP_CHECK(tensor.isfinite().all().item<bool>(), UsageError, what, " hold a value that is not finite");
  return tensor;
}

// [frames][H][W][C] -> [frames, 1, C, H, W].
Tensor images_of(const VideoView& view) {
  const auto& size = view.size;
  SAVP_CHECK((view.bytes != nullptr || view.floats != nullptr) && size.frames > 0 && size.values() > 0,
             UsageError, "no frames are given");
  const std::vector<int64_t> sizes = {size.frames, size.height, size.width, size.channels};
  Tensor images;
  if (view.floats != nullptr) {
    images = tensor_of(view.floats, sizes, "the frames");
    SAVP_CHECK(images.min().item<float>() >= -1e-5F && images.max().item<float>() <= 1 + 1e-5F, UsageError,
               "frames as floats must be from 0 to 1");
  } else {
    images = at::from_blob(const_cast<uint8_t*>(view.bytes), sizes, at::kByte).to(at::kFloat) / 255;
  }
  return images.permute({0, 3, 1, 2}).unsqueeze(1).contiguous();
}

// [rows][size] -> [rows, 1, size]; undefined where there is none. Rollout checks what must be there.
Tensor numbers_of(const NumbersView& view, const char* what) {
  if (view.values == nullptr || view.rows == 0) return {};
  return tensor_of(view.values, {view.rows, 1, view.columns}, what);
}

Batch batch_of(const VideoView& frames, const Shown& with, const VideoShape& shape) {
  Batch batch;
  batch.images = images_of(frames);
  if (shape.actions > 0) batch.actions = numbers_of(with.actions, "actions");
  if (shape.states > 0) batch.states = numbers_of(with.states, "states");
  if (with.pixels.values != nullptr)
    batch.pix_distribs =
        tensor_of(with.pixels.values,
                  {frames.size.frames, with.pixels.count, frames.size.height, frames.size.width},
                  "distributions over pixels")
            .unsqueeze(1);
  return batch;
}

// [plans * length][size] -> [length, plans, size].
Tensor plans_of(const ImagineOptions& options, int64_t size) {
  if (size == 0) return {};
  const auto& view = options.actions;
  SAVP_CHECK(view.values != nullptr && view.columns == size && view.rows > 0 && options.length > 0 &&
                 view.rows % options.length == 0,
             UsageError, view.rows, " actions of ", view.columns, " numbers are given, but the model takes ",
             size, " numbers for each of the ", options.length, " frames of every plan");
  return tensor_of(view.values, {view.rows / options.length, options.length, size}, "actions")
      .transpose(0, 1);
}

// [length, videos, ...] -> [videos][length]...
std::vector<float> floats_of(const Tensor& values) {
  if (!values.defined()) return {};
  const auto on_cpu = values.transpose(0, 1).to(at::kCPU, at::kFloat).contiguous();
  const auto* first = on_cpu.const_data_ptr<float>();
  return {first, first + on_cpu.numel()};
}

Futures futures_of(const Prediction& prediction) {
  const auto& images = prediction.images;  // [length, videos, C, H, W]
  return {.frames = {.count = images.size(1),
                     .size = {images.size(0), images.size(3), images.size(4), images.size(2)},
                     .pixels = floats_of(images.clamp(0, 1).permute({0, 1, 3, 4, 2}))},
          .states = floats_of(prediction.states),
          .pixels = floats_of(prediction.pix_distribs)};
}

Batch batch_of(const TensorFrames& frames) {
  return {frames.images, frames.actions, frames.states, frames.pixels};
}

}  // namespace

Predictor Predictor::open(const std::string& path, const PredictorOptions& options) {
  const auto device = device_named(options.device);
  auto origin = Origin::find(given(path), given(options.model));
  const auto shape = settle_shape(origin, options);
  auto model = open_model(std::move(origin),
                          {.model_hparams = options.model_hparams, .shape = shape, .device = device});
  SAVP_CHECK(model.hparams->context_frames >= 1, UsageError,
             "context_frames is not known: give it in PredictorOptions::model_hparams");
  const PredictorSizes sizes{.height = shape.height,
                             .width = shape.width,
                             .channels = shape.channels,
                             .actions = shape.actions,
                             .states = shape.states};
  return Predictor(std::shared_ptr<const Body>(new Body{std::move(model), sizes}));
}

Predictor::Predictor(std::shared_ptr<const Body> body) : body_(std::move(body)) {}
Predictor::Predictor(const Predictor&) = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(const Predictor&) = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;
Predictor::~Predictor() = default;

const PredictorSizes& Predictor::sizes() const { return body_->sizes; }
int64_t Predictor::context_frames() const { return body_->model.hparams->context_frames; }
bool Predictor::stochastic() const { return body_->model.predictor->stochastic(); }
const std::string& Predictor::model() const { return body_->model.entry().name; }

PredictorScene Predictor::start(const VideoView& context, const Shown& with) const {
  const auto& model = body_->model;
  return PredictorScene(std::unique_ptr<PredictorScene::Body>(new PredictorScene::Body{
      body_, Rollout(model, batch_of(context, with, model.shape), context.size.frames)}));
}

PredictorScene::PredictorScene(std::unique_ptr<Body> body) : body_(std::move(body)) {}
PredictorScene::PredictorScene(PredictorScene&&) noexcept = default;
PredictorScene& PredictorScene::operator=(PredictorScene&&) noexcept = default;
PredictorScene::~PredictorScene() = default;

int64_t PredictorScene::frames() const { return body_->rollout.frames(); }

void PredictorScene::observe(const VideoView& frame, const Shown& with) {
  SAVP_CHECK(frame.size.frames == 1, UsageError, frame.size.frames,
             " frames are given, but one is observed at a time");
  body_->rollout.observe(batch_of(frame, with, body_->model->model.shape));
}

Futures PredictorScene::imagine(const ImagineOptions& options) {
  return futures_of(body_->rollout.imagine({.length = options.length,
                                            .samples = options.samples,
                                            .first_sample = options.first_sample,
                                            .seed = options.seed,
                                            .actions = plans_of(options, body_->model->sizes.actions)}));
}

TensorPredictor::TensorPredictor(const Predictor& model) : model_(model.body_) {}
at::Device TensorPredictor::device() const { return model_->model.device; }

TensorScene TensorPredictor::start(const TensorFrames& context, int64_t first_video) const {
  SAVP_CHECK(context.images.defined() && context.images.dim() == 5, UsageError,
             "frames must have the axes [T, B, C, H, W]");
  return TensorScene(std::unique_ptr<TensorScene::Body>(new TensorScene::Body{
      model_, Rollout(model_->model, batch_of(context), context.images.size(0), first_video)}));
}

TensorScene::TensorScene(std::unique_ptr<Body> body) : body_(std::move(body)) {}
TensorScene::TensorScene(TensorScene&&) noexcept = default;
TensorScene& TensorScene::operator=(TensorScene&&) noexcept = default;
TensorScene::~TensorScene() = default;

int64_t TensorScene::frames() const { return body_->rollout.frames(); }
void TensorScene::observe(const TensorFrames& next) { body_->rollout.observe(batch_of(next)); }

TensorFutures TensorScene::imagine(const TensorWish& wish) {
  const auto found = body_->rollout.imagine({.length = wish.length,
                                             .samples = wish.samples,
                                             .first_sample = wish.first_sample,
                                             .seed = wish.seed,
                                             .actions = wish.actions});
  return {found.images, found.states, found.pix_distribs, found.flows};
}

}  // namespace savp
