#include "models/savp_cell.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "models/size_remedy.h"

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
  SAVP_CHECK(row != kRows.end(), UsageError, "frames of ", height, "x", width,
             " pixels are too small for this model: both sides must be at least 32", kSizeRemedy);
  const int64_t stride = int64_t{1} << row->encoder.size();
  SAVP_CHECK(height % stride == 0 && width % stride == 0, UsageError, "frames of ", height, "x", width,
             " pixels cannot be halved ", row->encoder.size(), " times: both sides must be multiples of ",
             stride, kSizeRemedy);
  return *row;
}

}  // namespace

SavpCell::SavpCell(const SavpHparams& hp, const VideoShape& shape)
    : height_(shape.height),
      width_(shape.width),
      condition_size_(shape.actions + shape.states + hp.nz),
      dependent_mask_(hp.dependent_mask),
      activation_(hp.activation_layer) {
  const auto& row = stages_for(shape.height, shape.width);
  encoder_stages_ = static_cast<int64_t>(row.encoder.size());
  int64_t in = 2 * shape.channels;  // the frame and the first frame
  for (const auto& spec : row.encoder) {
    add_stage(hp, in, spec.widths * hp.ngf, spec.recurrent);
    in = widths_.back();
  }
  for (const auto& spec : row.decoder) {
    const auto index = static_cast<int64_t>(stages_.size());
    const int64_t skip = index == encoder_stages_ ? -1 : 2 * encoder_stages_ - index - 1;
    add_stage(hp, in + (skip < 0 ? 0 : widths_[skip]), spec.widths * hp.ngf, spec.recurrent);
    stages_.back().skip = skip;
    in = widths_.back();
  }
  make_candidates(hp);
  make_heads(hp, shape);
}

SavpCell::Seen SavpCell::seen(const SavpHparams& hp, bool wanted) const {
  if (!wanted || condition_size_ == 0) return Seen::kNot;
  return hp.use_tile_concat ? Seen::kAsChannels : Seen::kThroughDense;
}

void SavpCell::add_stage(const SavpHparams& hp, int64_t in, int64_t filters, bool recurrent) {
  const auto index = static_cast<int64_t>(stages_.size());
  const bool down = index < encoder_stages_;
  const int64_t halvings = down ? index + 1 : 2 * encoder_stages_ - index - 1;
  const auto scope = concat("h", index);
  const auto& variant =
      down ? nn::downsample_layer(hp.downsample_layer) : nn::upsample_layer(hp.upsample_layer);
  const int64_t side = index == 0 ? 5 : 3;

  Stage stage;
  stage.height = height_ >> halvings;
  stage.width = width_ >> halvings;
  stage.seen = seen(hp, hp.where_add == WhereAdd::kAll || (hp.where_add == WhereAdd::kInput && index == 0) ||
                            (hp.where_add == WhereAdd::kMiddle && index == encoder_stages_));
  stage.conv = nn::placed(*this, scope + "." + variant.scope,
                          variant.make({in + channels(stage.seen), filters, {side, side}, {2, 2}}));
  if (stage.seen == Seen::kThroughDense)
    stage.dense = nn::placed(*this, scope + ".dense",
                             std::make_shared<nn::Dense>(nn::DenseOptions{condition_size_, filters, false}));
  stage.norm =
      nn::placed(*this, scope + "." + nn::norm_scope(hp.norm_layer), nn::make_norm(hp.norm_layer, filters));
  if (recurrent) add_rnn(hp, scope, filters, stage);
  stages_.push_back(std::move(stage));
  widths_.push_back(filters);
}

void SavpCell::add_rnn(const SavpHparams& hp, const std::string& scope, int64_t filters, Stage& stage) {
  stage.rnn_seen = seen(hp, hp.where_add == WhereAdd::kAll);
  nn::ConvRnnOptions options{.in = filters + channels(stage.rnn_seen), .filters = filters};
  options.norm = hp.ablation_rnn ? hp.norm_layer : hp.conv_rnn_norm_layer;
  options.separate_norms = hp.conv_rnn_norm_layer == nn::NormLayer::kLayer;
  options.vector = stage.rnn_seen == Seen::kThroughDense ? condition_size_ : 0;
  const auto& variant = nn::conv_rnn_variant(hp.conv_rnn);
  if (hp.ablation_rnn)
    stage.rnn = nn::placed(*this, "conv_" + scope, nn::make_memoryless(options, hp.activation_layer));
  else if (hp.ablation_conv_rnn_norm)
    stage.rnn =
        nn::placed(*this, variant.prefix + "_" + scope, nn::make_normed_outside(hp.conv_rnn, options));
  else
    stage.rnn = nn::placed(*this, variant.prefix + "_" + scope + "." + variant.scope, variant.make(options));
}

std::vector<SavpCell::Memory> SavpCell::memories() const {
  std::vector<Memory> all;
  for (const auto& stage : stages_)
    if (stage.rnn) all.push_back({stage.rnn->state_parts(), stage.height, stage.width});
  return all;
}

void SavpCell::make_candidates(const SavpHparams& hp) {
  const bool all = hp.context_images_background;
  const std::pair<bool, Candidate> rows[] = {
      {hp.num_transformed_images > 0, moved(hp.last_frames * hp.num_transformed_images)},
      {hp.prev_image_background, still(&Scene::current)},
      {hp.first_image_background && !all, still(&Scene::first)},
      {hp.last_image_background && !all, still(&Scene::last_context)},
      {hp.last_context_image_background && !all, still(&Scene::latest_context)},
      {all, all_context(hp.context_frames)},
      {hp.generate_scratch_image, still(&Scene::scratch)},
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
  const auto scope = concat("h", stages_.size());
  const int64_t last = widths_.back();
  if (hp.num_transformed_images > 0) {
    nn::TransformOptions o;
    o.kernel_size = hp.kernel_size;
    o.dilation = hp.dilation_rate;
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
  const auto beside = [&](const Tensor& x, Seen way) {
    return way == Seen::kAsChannels ? nn::tile_concat(x, condition) : x;
  };
  std::vector<Tensor> outputs;
  auto h = torch::cat({images.current, images.first}, 1);
  for (size_t i = 0; i < stages_.size(); ++i) {
    const auto& stage = stages_[i];
    if (stage.skip >= 0) h = torch::cat({h, outputs[stage.skip]}, 1);
    h = stage.conv->apply_before(*stage.norm, beside(h, stage.seen), folded.convs[i]);
    if (stage.dense) h = h + stage.dense->forward(condition).unsqueeze(-1).unsqueeze(-1);
    h = nn::normed_and_activated(*stage.norm, activation_, h);
    if (stage.rnn) {
      const auto step =
          stage.rnn->forward(beside(h, stage.rnn_seen), condition, states[next.size()], folded.rnns[i]);
      next.push_back(step.state);
      h = step.output;
    }
    outputs.push_back(h);
  }
  return outputs;
}

SavpCell::States SavpCell::remember(const Scene& images, const Tensor& condition, const States& states,
                                    const Folded& folded) {
  States next;
  features(images, condition, states, folded, next);
  return next;
}

kernels::Blended SavpCell::blend_candidates(const Tensor& last, const Tensor& candidates) {
  if (!masks_) {
    const auto all = torch::ones_like(candidates.select(2, 0));
    return {kernels::weighted_sum(candidates, all), all};
  }
  auto h = mask_block_->forward(last);
  if (dependent_mask_) h = torch::cat({h, candidates.flatten(1, 2)}, 1);
  return kernels::blend(candidates, masks_->forward(h));
}

SavpCell::Output SavpCell::forward(Scene& images, Scene* pix_distribs, const Tensor& condition,
                                   const States& states, const Folded& folded) {
  Output out;
  const auto layers = features(images, condition, states, folded, out.states);
  const auto& last = layers.back();
  const nn::Motion motion =
      transform_ ? transform_->estimate({layers[encoder_stages_ - 1], last}) : nn::Motion{};
  out.flows = motion.flows;
  if (scratch_image_)
    images.scratch = scratch_image_->forward(scratch_block_->forward(last)).to(torch::kFloat).sigmoid();
  out.image = compose(candidates_, images, motion);
  const auto blended = blend_candidates(last, out.image.candidates);
  out.image.frame = blended.frame;
  out.masks = blended.masks;
  if (pix_distribs != nullptr)
    out.pix_distrib = compose_pixels(candidates_, *pix_distribs, motion, out.masks);
  return out;
}

}  // namespace savp
