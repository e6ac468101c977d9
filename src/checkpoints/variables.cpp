#include "checkpoints/variables.h"

#include "checkpoints/tf_names.h"
#include "core/error.h"

namespace savp {
namespace {

constexpr const char* kAverage = "/ExponentialMovingAverage";

template <class Items>
NamedTensors named(const std::string& scope, const Items& items) {
  NamedTensors all;
  for (const auto& item : items) all.emplace_back(variable_name(scope, item.key()), item.value());
  return all;
}

bool is_below(std::string_view name, std::string_view scope) {
  return name.starts_with(scope) && name.substr(scope.size()).starts_with('/');
}

// "discriminator/video" of "discriminator/video/sn_conv0_0/bias", "discriminator/encoder/video" alike.
std::string discriminator_of(std::string_view name) {
  constexpr std::string_view kPosterior = "encoder/";
  auto from = std::string_view(kDiscriminatorScope).size() + 1;
  if (name.substr(from).starts_with(kPosterior)) from += kPosterior.size();
  return std::string(name.substr(0, name.find('/', from)));
}

Part optimizer_of(const std::string& scope) {
  return {Part::Kind::kOptimizer, scope, concat("the ", scope, "'s optimizer (Adam)")};
}

}  // namespace

std::string variable_name(const std::string& scope, const std::string& dotted) {
  return concat(scope, "/", tf_names::from_ours(dotted));
}

NamedTensors named_parameters(const std::string& scope, const torch::nn::Module& module) {
  return named(scope, module.named_parameters());
}

NamedTensors named_buffers(const std::string& scope, const torch::nn::Module& module) {
  return named(scope, module.named_buffers());
}

std::string optimizer_scope(const std::string& scope) {
  return scope.substr(0, 1) + "_apply_gradients";  // "g_...", "d_..."
}

std::string average_name(const std::string& variable) { return variable + kAverage; }

bool is_average(std::string_view name) { return name.ends_with(kAverage); }

Part part_of(std::string_view variable) {
  if (is_average(variable)) return {Part::Kind::kOther, kAverage, "the averaged weights"};
  for (const char* scope : {kGeneratorScope, kDiscriminatorScope}) {
    const bool below = is_below(variable, scope);
    if (is_below(variable, optimizer_scope(scope)) || (below && tf_names::is_slot(variable)))
      return optimizer_of(scope);
    if (below && std::string_view(scope) == kGeneratorScope) return {Part::Kind::kGenerator, scope, scope};
    if (below) {
      auto own = discriminator_of(variable);
      return {Part::Kind::kDiscriminator, own, own};
    }
  }
  const std::string name(variable);
  return {Part::Kind::kOther, name, name == kGlobalStep ? "the step" : name};
}

}  // namespace savp
