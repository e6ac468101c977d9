#include "savp_cell.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "savp/core/error.h"

namespace savp {
namespace {

struct StageSpec {
  int64_t widths;  // filters / ngf
  bool recurrent;
};
// Stages by the smaller side of the picture, largest first.
struct SizeRow {
  int64_t side;
  std::vector<StageSpec> encoder, decoder;
};
const SizeRow& stages_for(int64_t height, int64_t width) {
  static const std::vector<SizeRow> kRows = {
      {256,
       {{1, false}, {2, false}, {4, true}, {8, true}, {8, true}},
       {{8, true}, {4, true}, {2, false}, {1, false}, {1, false}}},
      {128, {{1, false}, {2, true}, {4, true}, {8, true}}, {{8, true}, {4, true}, {2, false}, {1, false}}},
      {64, {{1, true}, {2, true}, {4, true}}, {{2, true}, {1, true}, {1, false}}},
      {32, {{1, true}, {2, true}}, {{1, true}, {1, false}}},
  };
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const SizeRow& r) { return std::min(height, width) >= r.side; });
  SAVP_CHECK(row != kRows.end(), UsageError, "pictures of ", height, "x", width,
             " pixels are too small for this model: both sides must be at least 32");
  const int64_t stride = int64_t{1} << row->encoder.size();
  SAVP_CHECK(height % stride == 0 && width % stride == 0, UsageError, "pictures of ", height, "x", width,
             " pixels cannot be halved ", row->encoder.size(), " times: both sides must be multiples of ",
             stride, " (crop_size, scale_size or --size of the data set)");
  return *row;
}

Composition compose(const std::vector<Candidate>& candidates, const Scene& scene, const nn::Motion& motion) {
  std::vector<Tensor> frames;
  for (const auto& candidate : candidates) frames.push_back(candidate.frames(scene, motion));
  return {{}, torch::cat(frames, 1)};
}

Tensor blend(const Tensor& candidates, const Tensor& masks) {
  return (candidates * masks.unsqueeze(2)).sum(1);
}

}  // namespace

SavpCell::SavpCell(const SavpHparams& hp, const VideoShape& shape)
    : condition_size_(shape.actions + shape.states + hp.nz),
      dependent_mask_(hp.dependent_mask),
      activation_(nn::activation(hp.activation_layer)) {
  const auto& row = stages_for(shape.height, shape.width);
  encoder_stages_ = static_cast<int64_t>(row.encoder.size());
  int64_t in = 2 * shape.channels;  // the frame and the first frame
  for (const auto& spec : row.encoder) {
    add_stage(hp, static_cast<int64_t>(stages_.size()), in, spec.widths * hp.ngf, spec.recurrent,
              /*down=*/true);
    in = widths_.back();
  }
  for (const auto& spec : row.decoder) {
    const auto index = static_cast<int64_t>(stages_.size());
    const int64_t skip = index == encoder_stages_ ? -1 : 2 * encoder_stages_ - index - 1;
    add_stage(hp, index, in + (skip < 0 ? 0 : widths_[skip]), spec.widths * hp.ngf, spec.recurrent,
              /*down=*/false);
    stages_.back().skip = skip;
    in = widths_.back();
  }
  make_candidates(hp);
  make_heads(hp, shape);
}

void SavpCell::add_stage(const SavpHparams& hp, int64_t index, int64_t in, int64_t filters, bool recurrent,
                         bool down) {
  const auto scope = "h" + std::to_string(index);
  const bool everywhere = hp.where_add == WhereAdd::kAll;
  Stage stage;
  stage.conditioned = everywhere || (hp.where_add == WhereAdd::kInput && index == 0) ||
                      (hp.where_add == WhereAdd::kMiddle && index == encoder_stages_);
  stage.rnn_conditioned = everywhere;
  const int64_t side = index == 0 ? 5 : 3;
  const auto& variant =
      down ? nn::downsample_layer(hp.downsample_layer) : nn::upsample_layer(hp.upsample_layer);
  const int64_t seen = in + (stage.conditioned ? condition_size_ : 0);
  stage.conv =
      nn::placed(*this, scope + "." + variant.scope, variant.make({seen, filters, {side, side}, {2, 2}}));
  stage.norm =
      nn::placed(*this, scope + "." + nn::norm_scope(hp.norm_layer), nn::make_norm(hp.norm_layer, filters));
  if (recurrent) {
    const auto& rnn = nn::conv_rnn_variant(hp.conv_rnn);
    nn::ConvRnnOptions options{.in = filters + (everywhere ? condition_size_ : 0), .filters = filters};
    options.norm = hp.conv_rnn_norm_layer;
    options.separate_norms = hp.conv_rnn_norm_layer == nn::NormLayer::kLayer;
    stage.rnn = nn::placed(*this, rnn.prefix + "_" + scope + "." + rnn.scope, rnn.make(options));
  }
  stages_.push_back(std::move(stage));
  widths_.push_back(filters);
}

void SavpCell::make_candidates(const SavpHparams& hp) {
  const auto one = [](Tensor Scene::*frame) {
    return [frame](const Scene& scene, const nn::Motion&) { return (scene.*frame).unsqueeze(1); };
  };
  const auto all_context = [](const Scene& scene, const nn::Motion&) {
    return torch::stack(scene.context, 1);
  };
  const auto moved = [](const Scene& scene, const nn::Motion& motion) { return motion.warp(scene.last); };
  const bool all = hp.context_images_background;
  const std::pair<bool, Candidate> rows[] = {
      {hp.num_transformed_images > 0, {hp.last_frames * hp.num_transformed_images, moved}},
      {hp.prev_image_background, {1, one(&Scene::current)}},
      {hp.first_image_background && !all, {1, one(&Scene::first)}},
      {hp.last_image_background && !all, {1, one(&Scene::last_context)}},
      {hp.last_context_image_background && !all, {1, one(&Scene::latest_context)}},
      {all, {hp.context_frames, all_context}},
      {hp.generate_scratch_image, {1, one(&Scene::scratch)}},
  };
  for (const auto& [present, candidate] : rows) {
    if (!present) continue;
    candidates_.push_back(candidate);
    mask_count_ += candidate.count;
  }
  SAVP_CHECK(mask_count_ > 0, UsageError,
             "nothing to compose a frame from: set one of num_transformed_images, prev_image_background, "
             "first_image_background, generate_scratch_image");
}

void SavpCell::make_heads(const SavpHparams& hp, const VideoShape& shape) {
  const auto scope = "h" + std::to_string(stages_.size());
  const int64_t last = widths_.back();
  if (hp.num_transformed_images > 0) {
    nn::TransformOptions o;
    o.kernel_size = hp.kernel_size;
    o.num_transformed_images = hp.num_transformed_images;
    o.last_frames = hp.last_frames;
    o.smallest_channels = widths_[encoder_stages_ - 1];
    o.smallest_height = shape.height >> encoder_stages_;
    o.smallest_width = shape.width >> encoder_stages_;
    o.last_channels = last;
    o.hidden = hp.ngf;
    o.norm = hp.norm_layer;
    o.activation = hp.activation_layer;
    o.layer_scope = scope;
    transform_ = nn::make_transform(hp.transformation, o, *this);
  }
  const auto block = [&](const std::string& name) {
    return nn::placed(*this, scope + name,
                      std::make_shared<nn::HeadBlock>(last, hp.ngf, hp.norm_layer, hp.activation_layer));
  };
  const auto conv = [&](const std::string& name, int64_t in, int64_t out) {
    return nn::placed(*this, name + ".conv2d",
                      std::make_shared<nn::Conv2d>(nn::ConvOptions{in, out, {3, 3}}));
  };
  if (hp.generate_scratch_image) {
    scratch_block_ = block("_scratch");
    scratch_image_ = conv("scratch_image", hp.ngf, shape.channels);
  }
  if (mask_count_ > 1) {
    mask_block_ = block("_masks");
    masks_ = conv("masks", hp.ngf + (dependent_mask_ ? mask_count_ * shape.channels : 0), mask_count_);
  }
}

SavpCell::Folded SavpCell::fold(int64_t steps) const {
  Folded folded;
  for (const auto& stage : stages_) {
    folded.convs.push_back(stage.conv->fold(steps));
    folded.rnns.push_back(stage.rnn ? stage.rnn->fold(steps) : nn::ConvRnn::Folded{});
  }
  return folded;
}

std::vector<Tensor> SavpCell::features(const Scene& images, const Tensor& condition, const States& states,
                                       const Folded& folded, States& next) {
  std::vector<Tensor> outputs;
  auto h = torch::cat({images.current, images.first}, 1);
  for (size_t i = 0; i < stages_.size(); ++i) {
    const auto& stage = stages_[i];
    if (stage.skip >= 0) h = torch::cat({h, outputs[stage.skip]}, 1);
    if (stage.conditioned) h = nn::tile_concat(h, condition);
    h = activation_(stage.norm->forward(stage.conv->apply(h, folded.convs[i])));
    if (stage.rnn) {
      const auto last = states.empty() ? stage.rnn->zero_state(h) : states[next.size()];
      next.push_back(stage.rnn->forward(stage.rnn_conditioned ? nn::tile_concat(h, condition) : h, last,
                                        folded.rnns[i]));
      h = next.back().h;
    }
    outputs.push_back(h);
  }
  return outputs;
}

Tensor SavpCell::compute_masks(const Tensor& last, const Tensor& candidates) {
  if (!masks_) return torch::ones_like(candidates.select(2, 0));
  auto h = mask_block_->forward(last);
  if (dependent_mask_) h = torch::cat({h, candidates.flatten(1, 2)}, 1);
  return torch::softmax(masks_->forward(h), 1);
}

SavpCell::Output SavpCell::forward(Scene& images, Scene* pix_distribs, const Tensor& condition,
                                   const States& states, const Folded& folded) {
  Output out;
  const auto layers = features(images, condition, states, folded, out.states);
  const auto& last = layers.back();
  const nn::Motion motion =
      transform_ ? transform_->estimate({layers[encoder_stages_ - 1], last}) : nn::Motion{};
  out.flows = motion.flows;
  if (scratch_image_) images.scratch = scratch_image_->forward(scratch_block_->forward(last)).sigmoid();
  out.image = compose(candidates_, images, motion);
  out.masks = compute_masks(last, out.image.candidates);
  out.image.frame = blend(out.image.candidates, out.masks);
  if (pix_distribs != nullptr) {
    pix_distribs->scratch = pix_distribs->current;  // a pixel made from nothing stays where it was
    out.pix_distrib = compose(candidates_, *pix_distribs, motion);
    const auto mixed = blend(out.pix_distrib.candidates, out.masks);
    out.pix_distrib.frame = mixed / mixed.sum({2, 3}, /*keepdim=*/true);
  }
  return out;
}

}  // namespace savp
