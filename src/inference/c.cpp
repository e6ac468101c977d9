// The predictor in C (savp/c.h): arguments become those of savp/predictor.h, exceptions become codes.
#include "savp/c.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/caught.h"
#include "savp/predictor.h"
#include "savp/version.h"

struct savp_model {
  savp::Predictor predictor;
};

struct savp_scene {
  savp::PredictorScene scene;
  savp_sizes sizes;
};

namespace savp {
namespace {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

savp_status status_of(ExitCode code) {
  switch (code) {
    case ExitCode::kUsage:
      return SAVP_USAGE;
    case ExitCode::kData:
      return SAVP_DATA;
    case ExitCode::kOutOfMemory:
      return SAVP_OUT_OF_MEMORY;
    default:
      return SAVP_INTERNAL;
  }
}

savp_status guarded(const std::function<void()>& action) {
  try {
    action();
    return SAVP_OK;
  } catch (...) {
    auto [code, message] = caught_error();
    last_error() = std::move(message);
    return status_of(code);
  }
}

void check_there(const void* pointer, const char* name) {
  SAVP_CHECK(pointer != nullptr, UsageError, name, " is NULL");
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

PredictorOptions options_of(const savp_open_options& options) {
  PredictorOptions found{.model = text_of(options.model), .model_hparams = text_of(options.model_hparams)};
  if (options.device != nullptr) found.device = options.device;
  if (options.sizes != nullptr) {
    const auto& [height, width, channels, actions, states] = *options.sizes;
    found.sizes = PredictorSizes{
        .height = height, .width = width, .channels = channels, .actions = actions, .states = states};
  }
  return found;
}

VideoView view_of(const savp_frames& frames) {
  SAVP_CHECK(frames.bytes == nullptr || frames.floats == nullptr, UsageError,
             "frames are given both as bytes and as floats");
  const VideoSize size{frames.frames, frames.height, frames.width, frames.channels};
  return frames.bytes != nullptr ? VideoView(frames.bytes, size) : VideoView(frames.floats, size);
}

Shown shown_of(const savp_shown& with, const savp_sizes& sizes) {
  return {.actions = {with.actions, with.action_rows, sizes.actions},
          .states = {with.states, with.state_rows, sizes.states},
          .pixels = {with.pixels, with.pixel_count}};
}

ImagineOptions options_of(const savp_imagine_options& options, const savp_sizes& sizes) {
  ImagineOptions found{.actions = {options.actions, options.action_rows, sizes.actions},
                       .seed = options.seed,
                       .first_sample = options.first_sample};
  if (options.samples != 0) found.samples = options.samples;
  if (options.length != 0) found.length = options.length;
  return found;
}

// A part of futures and where the caller wants it.
struct Delivery {
  const char* name;
  const std::vector<float>& values;
  float* target;
  int64_t& size;

  int64_t needed() const { return target == nullptr ? 0 : static_cast<int64_t>(values.size()); }
};

// All parts, or none where one has too little room.
void deliver(const std::vector<Delivery>& parts) {
  std::string lacking;
  for (const auto& part : parts)
    if (part.needed() > part.size)
      lacking += concat(lacking.empty() ? "" : ", ", part.name, " take ", part.needed(),
                        " floats, but there is room for ", part.size);
  for (const auto& part : parts) {
    part.size = part.needed();
    if (lacking.empty()) std::copy_n(part.values.data(), part.needed(), part.target);
  }
  SAVP_CHECK(lacking.empty(), UsageError, lacking);
}

void imagine(savp_scene& scene, const savp_imagine_options& options, savp_futures& futures) {
  const auto found = scene.scene.imagine(options_of(options, scene.sizes));
  deliver({{"frames", found.frames.pixels, futures.frames, futures.frames_size},
           {"states", found.states, futures.states, futures.states_size},
           {"pixels", found.pixels, futures.pixels, futures.pixels_size}});
}

}  // namespace
}  // namespace savp

using savp::check_there;
using savp::guarded;

const char* savp_version(void) { return savp::version(); }
const char* savp_last_error(void) { return savp::last_error().c_str(); }

savp_status savp_open(const char* path, const savp_open_options* options, savp_model** model) {
  return guarded([&] {
    check_there(path, "path");
    check_there(model, "model");
    const auto given = savp::options_of(options == nullptr ? savp_open_options{} : *options);
    *model = new savp_model{savp::Predictor::open(path, given)};
  });
}

void savp_close(savp_model* model) { delete model; }

savp_sizes savp_model_sizes(const savp_model* model) {
  const auto& sizes = model->predictor.sizes();
  return {sizes.height, sizes.width, sizes.channels, sizes.actions, sizes.states};
}

int64_t savp_model_context_frames(const savp_model* model) { return model->predictor.context_frames(); }
int savp_model_stochastic(const savp_model* model) { return model->predictor.stochastic() ? 1 : 0; }
const char* savp_model_name(const savp_model* model) { return model->predictor.model().c_str(); }

savp_status savp_start(const savp_model* model, const savp_frames* context, const savp_shown* with,
                       savp_scene** scene) {
  return guarded([&] {
    check_there(model, "model");
    check_there(context, "context");
    check_there(scene, "scene");
    const auto sizes = savp_model_sizes(model);
    const auto shown = savp::shown_of(with == nullptr ? savp_shown{} : *with, sizes);
    *scene = new savp_scene{model->predictor.start(savp::view_of(*context), shown), sizes};
  });
}

void savp_end(savp_scene* scene) { delete scene; }

savp_status savp_imagine(savp_scene* scene, const savp_imagine_options* options, savp_futures* futures) {
  return guarded([&] {
    check_there(scene, "scene");
    check_there(futures, "futures");
    savp::imagine(*scene, options == nullptr ? savp_imagine_options{} : *options, *futures);
  });
}

savp_status savp_observe(savp_scene* scene, const savp_frames* frame, const savp_shown* with) {
  return guarded([&] {
    check_there(scene, "scene");
    check_there(frame, "frame");
    const auto shown = savp::shown_of(with == nullptr ? savp_shown{} : *with, scene->sizes);
    scene->scene.observe(savp::view_of(*frame), shown);
  });
}

int64_t savp_scene_frames(const savp_scene* scene) { return scene->scene.frames(); }
