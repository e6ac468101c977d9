// Losses and metrics.
#include "core/error.h"
#include "golden_runner/op_call.h"
#include "losses/losses.h"
#include "metrics/metrics.h"

namespace savp::golden {
namespace {

template <Tensor (*measure)(const Tensor&, const Tensor&)>
void metric(OpCall& call) {
  call.output("out", measure(call.channels_first("a"), call.channels_first("b")));
}

template <Tensor (*loss)(const Tensor&, const Tensor&)>
void distance(OpCall& call) {
  call.output("out", loss(call.input("pred"), call.input("target")));
}

void cosine_distance(OpCall& call) {
  call.output("out", losses::cosine_distance(call.channels_first("a"), call.channels_first("b")));
}

void charbonnier(OpCall& call) { call.output("out", losses::charbonnier(call.input("x"))); }

void adversarial(OpCall& call) {
  const auto kind = call.arg<std::string>("gan_loss_type", "");
  for (const auto& [value, name] : EnumNames<GanLoss>::kTable)
    if (kind == name)
      return call.output("out", losses::adversarial(call.input("logits"), call.arg("labels", 0.0), value));
  throw UsageError("we have no gan_loss_type " + kind);
}

void sigmoid_kl(OpCall& call) {
  call.output("out", losses::sigmoid_kl(call.input("logits"), call.arg("targets", 0.0)));
}

void kl(OpCall& call) {
  std::optional<Gaussian> prior;
  if (call.has_input("mu2")) prior = Gaussian{call.input("mu2"), call.input("log_sigma2_sq")};
  call.output("out", losses::kl_divergence({call.input("mu"), call.input("log_sigma_sq")}, prior));
}

}  // namespace

const std::vector<OpRow>& measure_ops() {
  static const std::vector<OpRow> kRows = {
      {"losses.l1_loss", distance<losses::l1>},
      {"losses.l2_loss", distance<losses::l2>},
      {"losses.cosine_distance", cosine_distance},
      {"losses.charbonnier_loss", charbonnier},
      {"losses.gan_loss", adversarial},
      {"losses.kl_loss", kl},
      {"ops.sigmoid_kl_with_logits", sigmoid_kl},
      {"metrics.psnr", metric<psnr>},
      {"metrics.mse", metric<mse>},
      {"metrics.ssim", metric<ssim>},
  };
  return kRows;
}

}  // namespace savp::golden
