// Layers that no published model uses.
#include <torch/types.h>

#include "golden_runner/further_layers.h"
#include "golden_runner/op_call.h"
#include "golden_runner/op_names.h"

namespace savp::golden {
namespace {

void pad1d(OpCall& call) {
  const auto padded = nn::pad1d(call.channels_first("inputs"), call.args()["size"][0].get<int64_t>(),
                                /*stride=*/1, padding_of(call));
  call.output("out", channels_last(padded));
}

void conv1d(OpCall& call) {
  call.output("out", channels_last(nn::conv1d(call.channels_first("inputs"), call.variable("conv1d/kernel"),
                                              call.variable("conv1d/bias"), call.arg<int64_t>("strides", 1),
                                              padding_of(call))));
}

void pool2d(OpCall& call) {
  const auto kind =
      call.arg<std::string>("pool_mode", "avg") == "max" ? nn::Pooling::kMax : nn::Pooling::kMean;
  call.output("out", channels_last(nn::pool2d(call.channels_first("inputs"), call.size_arg("pool_size", 1),
                                              call.size_arg("strides", 1), padding_of(call), kind)));
}

void upsample2d(OpCall& call) {
  call.output("out", channels_last(nn::upsample2d(call.channels_first("inputs"), call.size_arg("strides", 1),
                                                  upsampling_of(call), padding_of(call))));
}

void depthwise_conv2d(OpCall& call) {
  call.output("out", channels_last(nn::depthwise_conv2d(call.channels_first("inputs"),
                                                        call.variable("depthwise_conv2d/kernel"),
                                                        call.variable("depthwise_conv2d/bias"))));
}

void local2d(OpCall& call) {
  const auto x = call.channels_first("inputs");
  call.output("out",
              channels_last(call.has_input("kernel") ? nn::local2d_channelwise(x, call.input("kernel"))
                                                     : nn::local2d(x, call.variable("local2d/kernel"))));
}

void separable_local2d(OpCall& call) {
  call.output("out", channels_last(nn::separable_local2d(call.channels_first("inputs"), call.input("v"),
                                                         call.input("h"))));
}

void kronecker_local2d(OpCall& call) {
  call.output("out", channels_last(nn::kronecker_local2d(call.channels_first("inputs"),
                                                         {call.input("k0"), call.input("k1")})));
}

template <Tensor (*norm)(const Tensor&, const Tensor&, const Tensor&, double)>
void plain_norm(OpCall& call) {
  const auto scope = call.name() + "/";
  const auto y = norm(call.channels_first("input"), call.variable(scope + "scale"),
                      call.variable(scope + "offset"), /*epsilon=*/1e-5);
  call.output("out", channels_last(y));
}

void flatten(OpCall& call) {
  call.output("out",
              call.input("input").flatten(call.arg<int64_t>("axis", 1), call.arg<int64_t>("end_axis", -1)));
}

void with_length(OpCall& call) {
  call.output("out", nn::with_length(call.input("tensor"), call.arg<int64_t>("desired_length", 0)));
}

}  // namespace

const std::vector<OpRow>& further_ops() {
  static const std::vector<OpRow> kRows = {
      {"ops.pad1d", pad1d},
      {"ops.conv1d", conv1d},
      {"ops.pool2d", pool2d},
      {"ops.upsample2d", upsample2d},
      {"ops.upsample2d_v2", upsample2d},
      {"ops.depthwise_conv2d", depthwise_conv2d},
      {"ops.local2d", local2d},
      {"ops.separable_local2d", separable_local2d},
      {"ops.kronecker_local2d", kronecker_local2d},
      {"ops.batchnorm", plain_norm<nn::batch_norm>},
      {"ops.instancenorm", plain_norm<nn::instance_norm>},
      {"ops.flatten", flatten},
      {"tf_utils.maybe_pad_or_slice", with_length},
  };
  return kRows;
}

}  // namespace savp::golden
