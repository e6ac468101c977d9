// Kind "error_table": configurations that the reference refuses, stumbles over or accepts. Ours takes a
// training step (or predicts) with each, or says in a UsageError what is wrong.
#include <torch/types.h>

#include <algorithm>
#include <exception>
#include <iterator>

#include "checkpoints/metric_networks.h"
#include "checkpoints/run_dir.h"
#include "core/error.h"
#include "golden_runner/kinds.h"
#include "golden_runner/model_setup.h"
#include "models/models.h"
#include "training/perceptual.h"
#include "training/trainer.h"

namespace savp::golden {
namespace {

// What fails there by a mistake and works here.
bool is_mended(const Json& row) {
  const auto &model = row["model"], &hparams = row["hparams"], &shape = row["shape"];
  const auto is = [&](const char* name, const Json& value) { return hparams.value(name, Json()) == value; };
  const bool advection = model == "dna" || model == "sna" || model == "sv2p";
  const bool mended[] = {
      model == "dna" || model == "repeat",
      advection && is("transformation", "stp"),
      model == "sna" && shape["actions"] == 0,
      model == "sna" && (shape["H"] != 64 || shape["W"] != 64),  // the size is hard-coded there
      is("learn_prior", true) && shape["actions"] != 0,
      is("conv_rnn_norm_layer", "batch"),
      is("ablation_conv_rnn_norm", true) && is("conv_rnn_norm_layer", "none"),
      is("vgg_cdist_weight", 1.0) && find_network(metric_weights_folder(), Network::kVgg16).is_there(),
  };
  return std::any_of(std::begin(mended), std::end(mended), [](bool one) { return one; });
}

// The table holds only what differs from small networks.
const Json kSmall = {{"ngf", 2}, {"nef", 2}, {"ndf", 2}, {"nz", 2}, {"clip_length", 4}, {"num_samples", 2}};

Batch batch_of(const Json& shape) {
  const auto size = [&](const char* key) { return shape[key].get<int64_t>(); };
  const int64_t videos = size("B"), frames = size("T");
  Batch batch;
  batch.images = torch::rand({frames, videos, size("C"), size("H"), size("W")});
  if (size("actions") > 0) batch.actions = torch::rand({frames - 1, videos, size("actions")});
  if (size("states") > 0) batch.states = torch::rand({frames, videos, size("states")});
  if (size("pix") > 0) {
    const auto pixels = torch::rand({frames, videos, size("pix"), size("H"), size("W")});
    batch.pix_distribs = pixels / pixels.sum({3, 4}, /*keepdim=*/true);
  }
  return batch.to(device());
}

// The prior's images, [T - 1, B, C, H, W].
Tensor run(const Json& row) {
  const auto& entry = find_model(row["model"].get<std::string>());
  const auto hparams = entry.make_hparams();
  const auto view = entry.view(*hparams);
  auto small = Json::object();
  for (const auto& [name, value] : kSmall.items())
    if (view.has(name)) small[name] = value;
  const Json lengths = {{"context_frames", row["shape"]["context"]}, {"sequence_length", row["shape"]["T"]}};
  resolve_hparams(view, {.dicts = {{"small", small}, {row["what"], row["hparams"]}}, .from_dataset = lengths},
                  deprecated_hparams());
  const auto batch = batch_of(row["shape"]);
  const auto predicted = [&](VideoPredictor& predictor) {
    return shown_and_imagined(predictor, batch, hparams->context_frames).images;
  };
  if (!entry.trainable) return predicted(*entry.make_predictor(*hparams));
  if (row["mode"] == "test") {
    const auto generator = entry.make_generator(*hparams, batch.shape());
    generator->to(device());
    return predicted(*generator);
  }
  const auto& of_training = dynamic_cast<const TrainHparams&>(*hparams);
  Trainer trainer(entry, of_training, batch.shape(),
                  {.device = device(), .seed = 1, .vgg = load_vgg(of_training, device())});
  return trainer.step(batch, {.report = true, .outputs = true}).output.prior.images;
}

void check_images(const Json& row, const Tensor& images, Comparison& comparison) {
  const auto& shape = row["shape"];
  const Json expected = {shape["T"].get<int64_t>() - 1, shape["B"], shape["C"], shape["H"], shape["W"]};
  comparison.equal("images", images.sizes().vec(), expected);
  if (!torch::isfinite(images).all().item<bool>()) comparison.problem("the images are not finite");
}

void check_row(const Json& row, Comparison& comparison) {
  const bool works = row["error"].is_null() || is_mended(row);
  try {
    const auto images = run(row);
    if (!works) return comparison.problem("accepted, there: " + row["error"].get<std::string>());
    check_images(row, images, comparison);
  } catch (const UsageError& error) {
    if (works) return comparison.problem(concat("refused: ", error.what()));
    comparison.agree(concat("refused: ", error.what()));
  }
}

}  // namespace

std::vector<Result> run_errors(const Case& recorded) {
  std::vector<Result> results;
  torch::manual_seed(1);
  for (const auto& row : recorded.json()["table"]) {
    results.push_back({recorded.name() + "/" + row["what"].get<std::string>(), {}});
    try {
      check_row(row, results.back().comparison);
    } catch (const std::exception& error) {
      results.back().comparison.problem(concat("not a usage error: ", error.what()));
    }
  }
  return results;
}

}  // namespace savp::golden
