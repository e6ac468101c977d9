// Recurrent cells, the encoder and the discriminators.
#include <torch/types.h>

#include "core/error.h"
#include "golden_runner/op_call.h"
#include "nn/conv_rnn.h"
#include "nn/discriminator.h"
#include "nn/encoder.h"
#include "nn/rnn.h"

namespace savp::golden {
namespace {

// The variants of the recurrent cells are told by the names of the calls ("conv_lstm_layer_sep").
nn::ConvRnnOptions conv_rnn_options(const OpCall& call, int64_t filters) {
  nn::ConvRnnOptions options{.in = call.input("inputs").size(-1), .filters = filters};
  const auto told = [&](const char* word) { return call.name().find(word) != std::string::npos; };
  options.norm = told("_inst")    ? nn::NormLayer::kInstance
                 : told("_layer") ? nn::NormLayer::kLayer
                                  : nn::NormLayer::kNone;
  options.separate_norms = told("_sep");
  options.vector = call.has_input("nonspatial") ? call.input("nonspatial").size(-1) : 0;
  options.skip_connection = told("_skip");
  return options;
}

void conv_rnn(OpCall& call, nn::ConvRnnKind kind, const nn::ConvState& last) {
  const auto& variant = nn::conv_rnn_variant(kind);
  const auto filters = last.c.defined() ? last.c.size(1) : last.h.size(1);
  const auto cell = variant.make(conv_rnn_options(call, filters));
  call.load(*cell, variant.scope + "/");
  const auto folded = cell->fold(/*uses=*/1);
  const auto vector = call.has_input("nonspatial") ? call.input("nonspatial") : Tensor();
  const auto next = cell->forward(call.channels_first("inputs"), vector, last, folded);
  call.output("h", channels_last(next.output));
  if (next.state.c.defined()) call.output("new_c", channels_last(next.state.c));
}

void conv_lstm(OpCall& call) {
  conv_rnn(call, nn::ConvRnnKind::kLstm, {call.channels_first("h"), call.channels_first("c")});
}
void conv_gru(OpCall& call) { conv_rnn(call, nn::ConvRnnKind::kGru, {call.channels_first("h"), {}}); }

// One step from a given state.
nn::RnnState rnn(OpCall& call, nn::RnnKind kind, const nn::RnnState& last) {
  const auto& variant = nn::rnn_variant(kind);
  const auto cell = variant.make(call.input("inputs").size(-1), last.h.size(-1));
  call.load(*cell, variant.scope + "/");
  return cell->unroll(call.input("inputs").unsqueeze(0), last).last;
}

void lstm(OpCall& call) {
  const auto next = rnn(call, nn::RnnKind::kLstm, {call.input("h"), call.input("c")});
  call.output("h", next.h);
  call.output("new_c", next.c);
}
void gru(OpCall& call) { call.output("out", rnn(call, nn::RnnKind::kGru, {call.input("h"), {}}).h); }

void encoder(OpCall& call) {
  nn::EncoderOptions options{.in = call.input("inputs").size(-1), .nef = call.arg<int64_t>("nef", 64)};
  options.n_layers = call.arg<int64_t>("n_layers", 3);
  if (call.arg<std::string>("norm_layer", "instance") == "layer") options.norm = nn::NormLayer::kLayer;
  nn::Encoder network(options);
  call.load(network, "");
  call.output("out", network.forward(call.channels_first("inputs")));
}

// x [N, C, (T,) H, W].
Verdict judge(OpCall& call, nn::DiscriminatorOptions options, const Tensor& x) {
  options.channels = x.size(1);
  options.height = x.size(-2);
  options.width = x.size(-1);
  options.ndf = call.arg<int64_t>("ndf", 64);
  nn::Discriminator network(options);
  call.load(network, "");
  auto weights = network.normalize();
  const auto verdict = network.forward(x, weights);
  size_t layer = 0;
  for (const auto& entry : network.named_buffers()) {  // in the order of the layers
    auto name = entry.key();
    std::replace(name.begin(), name.end(), '.', '/');
    call.update(name, weights.next_u.at(layer++));
  }
  return verdict;
}

void image_discriminator(OpCall& call) {
  const auto verdict = judge(call, {}, call.channels_first("images"));
  std::vector<Tensor> outputs;
  for (const auto& feature : verdict.features) outputs.push_back(channels_last(feature));
  outputs.push_back(verdict.logits);
  call.output_list(outputs);
}

// Clips [T, B, H, W, C] in, features in the same order of axes out, logits [1, B].
void video_discriminator(OpCall& call) {
  nn::DiscriminatorOptions options{.video = true};
  options.clip_length = call.input("clips").size(0);
  const auto verdict = judge(call, options, call.input("clips").permute({1, 4, 0, 2, 3}));
  std::vector<Tensor> outputs;
  for (const auto& feature : verdict.features) outputs.push_back(feature.permute({2, 0, 3, 4, 1}));
  outputs.push_back(verdict.logits.t());
  call.output_list(outputs);
}

}  // namespace

const std::vector<OpRow>& network_ops() {
  static const std::vector<OpRow> kRows = {
      {"rnn_ops.BasicConv2DLSTMCell", conv_lstm},
      {"rnn_ops.Conv2DGRUCell", conv_gru},
      {"LSTMCell", lstm},
      {"GRUCell", gru},
      {"networks.encoder", encoder},
      {"networks.image_sn_discriminator", image_discriminator},
      {"networks.video_sn_discriminator", video_discriminator},
  };
  return kRows;
}

}  // namespace savp::golden
