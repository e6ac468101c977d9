// A trained model that is shown frames and imagines what follows.
//
//   auto model = savp::Predictor::open("logs/bair", {.device = "cuda:0"});
//   auto scene = model.start(context);                                       // the frames seen so far
//   auto futures = scene.imagine({.samples = 4, .length = 15, .seed = 7});   // 4 videos of 15 frames
//   scene.observe(frame);                                                    // the next real frame
//
// Errors are exceptions of savp/error.h: UsageError for arguments that do not fit the model, DataError for
// files. The objects stay as they were, except as told below. LibTorch's own exceptions (std::runtime_error)
// may come through where memory runs out or a GPU fails.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "savp/video.h"

namespace savp {

// What a model takes, and gives back. 0: not there.
struct PredictorSizes {
  int64_t height = 64, width = 64;  // pixels
  int64_t channels = 3;             // 1 or 3
  int64_t actions = 0, states = 0;  // numbers an action (a command to a robot); a state (where it is)
};

struct PredictorOptions {
  // "auto" (the first GPU that CUDA_VISIBLE_DEVICES leaves, else the CPU), "cpu", "cuda" or "cuda:1".
  std::string device = "auto";
  // The name of a model, as savp_train --model; empty: what the checkpoint says.
  std::string model = {};
  // "name=value,name=[value,value]"; these win over the checkpoint's.
  std::string model_hparams = {};
  // Only for checkpoints that do not tell: TensorFlow's, and models without weights. Those that tell win.
  std::optional<PredictorSizes> sizes = {};
};

// Rows of numbers that someone else owns, [rows][columns] without gaps; as for VideoView they must stay until
// the function that takes them has returned. Null: none.
struct NumbersView {
  NumbersView() = default;
  NumbersView(const float* numbers, int64_t row_count, int64_t column_count)
      : values(numbers), rows(row_count), columns(column_count) {}
  // As many rows of column_count (at least 1) numbers as there are; what fills no whole row is left out.
  NumbersView(const std::vector<float>& numbers, int64_t column_count)
      : NumbersView(numbers.data(), static_cast<int64_t>(numbers.size()) / column_count, column_count) {}

  const float* values = nullptr;
  int64_t rows = 0, columns = 0;
};

// Distributions over pixels that a model moves along with the frames ("where is the thing I point
// at?"): [frames][count] [height][width], each not negative and with the sum 1. Owned by someone else,
// as NumbersView.
struct PixelsView {
  const float* values = nullptr;
  int64_t count = 0;
};

// What comes with frames that are shown.
struct Shown {
  // What led from each frame to the next, one row for each but the first; for observe() one row, what led to
  // the frame. Must be there where the model takes actions (PredictorSizes::actions columns); otherwise it is
  // not looked at.
  NumbersView actions = {};
  // One row a frame, where the model takes states.
  NumbersView states = {};
  // For all frames of a scene, or for none.
  PixelsView pixels = {};
};

struct ImagineOptions {
  // Commands for the frames to come, [plans * length][actions]: all rows of the first plan, then those of the
  // second. The first row leads from the newest frame to the first imagined one. Must be there, and a whole
  // number of plans, where the model takes actions; otherwise there is one plan, and they are not looked at.
  NumbersView actions = {};
  int64_t samples = 1;  // futures of each plan, at least 1; those of a deterministic model are alike
  int64_t length = 10;  // frames to imagine, at least 1; any number, though models are trained on few
  uint64_t seed = 0;    // of the draws
  int64_t first_sample =
      0;  // the number of the first one: {.samples = 1, .first_sample = 17} is the 18th alone
};

// Futures of one scene. Future s of plan n has the number n * samples + s in each of the members.
struct Futures {
  Videos frames;              // plans * samples videos of `length` frames, floats clipped to 0..1
  std::vector<float> states;  // [plans * samples][length][states]; empty where the model predicts none
  std::vector<float> pixels;  // [plans * samples][length][count][height][width]; empty where none were shown
};

class PredictorScene;

// A model, opened. Copies are cheap and share it. Any number of threads may use one at the same time.
class Predictor {
 public:
  // Opens a run's folder ("logs/bair", its latest checkpoint), one of its checkpoints
  // ("logs/bair/model-200000", with or without ".safetensors"), or a checkpoint of the published TensorFlow
  // programs beside its JSON files (".index"). With an empty path `model` must be one without weights
  // ("repeat"). Reads the weights, onto the device; takes a second or so. Nothing is kept open, the files may
  // go afterwards. Throws DataError where a file is missing, damaged or does not fit, UsageError for options
  // that cannot be, for a GPU that is not there, and where nothing tells the sizes.
  static Predictor open(const std::string& path, const PredictorOptions& options = {});

  Predictor(const Predictor&);
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(const Predictor&);
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  // A scene begins with some frames, oldest first: at least context_frames() of them, all of which are used,
  // of the model's size. They are copied. Throws UsageError for other sizes, missing actions or states, and
  // values that are not finite or floats beyond 0..1. The scene may outlive this object.
  PredictorScene start(const VideoView& context, const Shown& with = {}) const;

  const PredictorSizes& sizes() const;
  // The least number of frames that a scene begins with; the model was trained with so many.
  int64_t context_frames() const;
  // Whether two samples differ.
  bool stochastic() const;
  // Of the model, as savp_train --model: "savp". Lives as long as the program.
  const std::string& model() const;

 private:
  struct Body;
  friend class PredictorScene;
  friend class TensorPredictor;
  friend class TensorScene;
  explicit Predictor(std::shared_ptr<const Body> body);
  std::shared_ptr<const Body> body_;
};

// What a model has seen of one video. One thread at a time may use a scene; different scenes, also of one
// model, may be used by different threads. It moves, and is not copied. It keeps all frames that it was
// shown: memory grows by a frame's floats each time.
class PredictorScene {
 public:
  // Imagines what follows the frames seen. The scene itself does not move on: any number of calls may follow
  // each other, in any order, and the same seed gives the same futures, to the last bit on one machine with
  // the same number of threads. A sample's draws depend on seed and number alone: plans, lengths and other
  // samples make no difference, so that plans can be compared draw by draw. With the seed of savp_generate,
  // the samples are those it makes of a single video (--input_video), up to rounding.
  //
  // Cost: `length` steps for all futures at once, which memory grows with. Samples of a stochastic model
  // differ already in what they make of the frames seen, so that these are gone through again by each new
  // seed; calls with the seed and samples of the one before only go through what was observed since. A
  // deterministic model never does so twice. To keep steps short after very many frames, start a new scene
  // with the latest ones.
  //
  // Throws UsageError for options that cannot be.
  Futures imagine(const ImagineOptions& options = {});

  // Shows the next real frame (one, of the model's size, copied), with what led to it. The frames known are
  // not encoded again. What is imagined afterwards is the same as in a scene that was started with all of
  // these frames, up to rounding. Throws UsageError as Predictor::start(), and then has not moved on.
  void observe(const VideoView& frame, const Shown& with = {});

  // Frames seen so far, at the start and since.
  int64_t frames() const;

  PredictorScene(PredictorScene&&) noexcept;
  PredictorScene& operator=(PredictorScene&&) noexcept;
  ~PredictorScene();

 private:
  struct Body;
  friend class Predictor;
  explicit PredictorScene(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace savp
