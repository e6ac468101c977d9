#include "losses/terms.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/error.h"
#include "losses/losses.h"

namespace savp {
namespace {

// Losses on frames look at the posterior's rollout where there is one.
const Prediction& reconstruction(const LossInputs& in) {
  return in.output.posterior ? *in.output.posterior : in.output.prior;
}

Tensor targets(const Tensor& sequence) { return sequence.slice(0, 1); }

const Judgement& judgement(const LossInputs& in, const std::string& infix, bool posterior) {
  for (const auto& j : in.judgements)
    if (j.infix == infix && j.posterior == posterior) return j;
  throw std::logic_error("no discriminator judged " + infix);
}

using FeatureDistance = Tensor (*)(const Tensor&, const Tensor&);

Tensor feature_distance(const Judgement& j, FeatureDistance distance) {
  Tensor sum;
  for (size_t i = 0; i < j.fake.features.size(); ++i) {
    const auto term = distance(j.fake.features[i], j.real.features[i]);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

// The discriminators' rows: kind x {prior, posterior}.
struct Branch {
  DiscriminatorKind kind;
  bool posterior;
  std::string name;  // "_video_sn_vae_gan"
  double weight, feature_l2_weight, feature_cdist_weight;
};
std::vector<Branch> branches(const TrainHparams& hp) {
  std::vector<Branch> all;
  for (const bool posterior : {false, true}) {
    for (const auto& kind : discriminator_kinds(hp)) {
      const double weight = posterior ? kind.vae_gan_weight : kind.gan_weight;
      if (weight == 0.0) continue;
      all.push_back({kind, posterior, kind.infix + (posterior ? "_vae_gan" : "_gan"), weight,
                     posterior ? hp.vae_gan_feature_l2_weight : hp.gan_feature_l2_weight,
                     posterior ? hp.vae_gan_feature_cdist_weight : hp.gan_feature_cdist_weight});
    }
  }
  return all;
}

// What a term may need, and what makes a model give it.
struct Remedy {
  OutputKind kind;
  const char* what;
  const char* remedy;
};
constexpr Remedy kRemedies[] = {
    {OutputKind::kStates, "states", "give it data with states (use_state=true)"},
    {OutputKind::kFlows, "flows", "use transformation=flow of the model savp"},
    {OutputKind::kLatents, "latents", "use a model with latent variables (savp: nz above 0)"},
    {OutputKind::kPosterior, "samples of a posterior that discriminators judge",
     "use the model savp with nz above 0"},
    {OutputKind::kVerdicts, "discriminators", "use the model savp"},
    {OutputKind::kFeatures, "features that no model here has", "leave it at 0"},
};

// "gen_state_loss" -> "state_weight".
std::string weight_name(const std::string& term) {
  const auto begin = term.find('_') + 1;
  return term.substr(begin, term.rfind("_loss") - begin) + "_weight";
}

LossTerms without_zeros(LossTerms terms) {
  std::erase_if(terms, [](const LossTerm& term) { return term.weight == 0.0; });
  return terms;
}

}  // namespace

void check_terms(const LossTerms& terms, const std::set<OutputKind>& provided, const std::string& model) {
  for (const auto& term : terms)
    for (const auto& [kind, what, remedy] : kRemedies)
      SAVP_CHECK(term.needs != kind || provided.contains(kind), UsageError, weight_name(term.name), "=",
                 term.weight, " needs ", what, ", which this ", model, " does not give: set it to 0, or ",
                 remedy);
}

LossTerms generator_terms(const TrainHparams& hp, const std::shared_ptr<nn::Vgg16>& vgg) {
  using namespace losses;  // NOLINT(google-build-using-namespace): the table below names them all
  LossTerms terms = {
      {"gen_l1_loss", hp.l1_weight, false,
       [](const LossInputs& in) { return l1(reconstruction(in).images, targets(in.batch.images)); }},
      {"gen_l2_loss", hp.l2_weight, false,
       [](const LossInputs& in) { return l2(reconstruction(in).images, targets(in.batch.images)); }},
      {"gen_vgg_cdist_loss", hp.vgg_cdist_weight, false,
       [vgg](const LossInputs& in) {
         return perceptual(*vgg, reconstruction(in).images.flatten(0, 1),
                           targets(in.batch.images).flatten(0, 1));
       }},
      {"gen_state_loss", hp.state_weight, false,
       [](const LossInputs& in) { return l2(reconstruction(in).states, targets(in.batch.states)); },
       OutputKind::kStates},
      {"gen_tv_loss", hp.tv_weight, false,
       [](const LossInputs& in) { return total_variation(reconstruction(in).flows); }, OutputKind::kFlows},
      {"gen_feature_l2_loss", hp.feature_l2_weight, false, nullptr, OutputKind::kFeatures},
      {"gen_ae_l2_loss", hp.ae_l2_weight, false, nullptr, OutputKind::kFeatures},
  };
  for (const auto& branch : branches(hp)) {
    const auto judged = [infix = branch.kind.infix,
                         posterior = branch.posterior](const LossInputs& in) -> const Judgement& {
      return judgement(in, infix, posterior);
    };
    const auto features = [judged](FeatureDistance distance) {
      return [=](const LossInputs& in) { return feature_distance(judged(in), distance); };
    };
    terms.push_back({"gen" + branch.name + "_loss", branch.weight, false,
                     [judged, kind = hp.gan_loss_type](const LossInputs& in) {
                       return adversarial(judged(in).fake.logits, 1.0, kind);
                     },
                     branch.posterior ? OutputKind::kPosterior : OutputKind::kVerdicts});
    terms.push_back(
        {"gen" + branch.name + "_feature_l2_loss", branch.feature_l2_weight, false, features(l2)});
    terms.push_back({"gen" + branch.name + "_feature_cdist_loss", branch.feature_cdist_weight, false,
                     features([](const Tensor& a, const Tensor& b) { return cosine_distance(a, b); })});
  }
  terms.push_back({"gen_kl_loss", hp.kl_weight, true,
                   [](const LossInputs& in) { return kl_divergence(*in.output.q, in.output.p); },
                   OutputKind::kLatents});
  return without_zeros(std::move(terms));
}

LossTerms discriminator_terms(const TrainHparams& hp) {
  LossTerms terms;
  for (const auto& branch : branches(hp)) {
    terms.push_back({"discrim" + branch.name + "_loss", branch.weight, false,
                     [infix = branch.kind.infix, posterior = branch.posterior,
                      kind = hp.gan_loss_type](const LossInputs& in) {
                       const auto& j = judgement(in, infix, posterior);
                       return losses::adversarial(j.real.logits, 1.0, kind) +
                              losses::adversarial(j.fake.logits, 0.0, kind);
                     }});
  }
  return terms;
}

}  // namespace savp
