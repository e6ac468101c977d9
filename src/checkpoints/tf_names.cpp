#include "checkpoints/tf_names.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoints/variables.h"

namespace savp::tf_names {
namespace {

// A variable of this last name and rank has its axes in another order; ours[i] = TensorFlow's[axes[i]].
struct LayoutRule {
  const char* leaf;
  std::vector<int64_t> axes;
};
const LayoutRule kLayouts[] = {
    {"kernel", {3, 2, 0, 1}},      // HWIO -> OIHW; of a transposed convolution HWOI -> IOHW
    {"weights", {3, 2, 0, 1}},     // the same in the older models
    {"kernel", {4, 3, 0, 1, 2}},   // DHWIO -> OIDHW
    {"initial_state", {2, 0, 1}},  // HWC -> CHW
};

// Scopes that older checkpoints name differently: theirs, ours.
constexpr std::pair<const char*, const char*> kOldScopes[] = {{"/dna_cell/", "/savp_cell/"}};

std::string with_scope(std::string name, std::string_view from, std::string_view to) {
  const auto place = name.find(from);
  return place == std::string::npos ? name : name.replace(place, from.size(), to);
}

std::string_view leaf_of(std::string_view name) {
  name = is_average(name) ? name.substr(0, name.rfind('/')) : without_slot(name);
  return name.substr(name.rfind('/') + 1);
}

// Null where both layouts are the same.
const LayoutRule* find_rule(std::string_view name, int64_t rank) {
  for (const auto& rule : kLayouts)
    if (leaf_of(name) == rule.leaf && rank == static_cast<int64_t>(rule.axes.size())) return &rule;
  return nullptr;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& axes) {
  std::vector<int64_t> back(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) back[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
  return back;
}

}  // namespace

std::string from_ours(std::string name) {
  std::replace(name.begin(), name.end(), '.', '/');
  return name;
}

std::string modern(std::string name) {
  for (const auto& [old_scope, scope] : kOldScopes) name = with_scope(std::move(name), old_scope, scope);
  return name;
}

std::string old(std::string name) {
  for (const auto& [old_scope, scope] : kOldScopes) name = with_scope(std::move(name), scope, old_scope);
  return name;
}

bool is_slot(std::string_view name) { return name.ends_with(kFirstMoment) || name.ends_with(kSecondMoment); }

std::string_view without_slot(std::string_view name) {
  return is_slot(name) ? name.substr(0, name.rfind('/')) : name;
}

at::Tensor to_our_layout(const std::string& name, const at::Tensor& value) {
  const auto* rule = find_rule(name, value.dim());
  return rule == nullptr ? value : value.permute(rule->axes).contiguous();
}

at::Tensor to_tf_layout(const std::string& name, const at::Tensor& value) {
  const auto* rule = find_rule(name, value.dim());
  return rule == nullptr ? value : value.permute(inverse(rule->axes)).contiguous();
}

}  // namespace savp::tf_names
