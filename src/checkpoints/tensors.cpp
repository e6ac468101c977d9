#include "checkpoints/tensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "checkpoints/dtypes.h"
#include "checkpoints/tf_names.h"
#include "core/error.h"

namespace savp {
namespace {

constexpr size_t kListed = 5;  // names of a kind in a message

std::vector<TensorView> views_of(const NamedTensors& on_cpu) {
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : on_cpu)
    views.push_back({name, dtype_of(tensor), tensor.sizes().vec(),
                     static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()});
  return views;
}

bool fits(const at::Tensor& stored, const at::Tensor& variable) {
  const auto type = stored.scalar_type();
  const bool both_real = at::isFloatingType(type) && at::isFloatingType(variable.scalar_type());
  return stored.sizes() == variable.sizes() && (both_real || type == variable.scalar_type());
}

std::string described(const at::Tensor& tensor) { return concat(dtype_of(tensor), " ", tensor.sizes()); }

// "; missing: a, b and 3 more", or empty text for an empty list.
std::string listed(const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = concat("; ", what, ": ", names.front());
  for (size_t i = 1; i < std::min(names.size(), kListed); ++i) text += ", " + names[i];
  return names.size() > kListed ? concat(text, " and ", names.size() - kListed, " more") : text;
}

// How the source's tensors and the variables go together.
class Comparison {
 public:
  Comparison(const VariableSource& source, const NamedTensors& variables, const Leniency& leniency)
      : source_(source), leniency_(leniency) {
    for (const auto& [name, variable] : variables) wanted_.emplace(name, variable);
    if (leniency.parts) leave_out_parts();
    for (const auto& [name, variable] : wanted_)
      if (!left_out_.contains(name)) look_at(name, variable);
    if (!leniency.unused) look_for_unused();
  }

  // Empty where all is well.
  std::string problems() const {
    return listed("missing", missing_) + listed("other shape", misshapen_) + listed("not used", unused_);
  }
  bool fills(const std::string& name) const { return source_.has(name) && !left_out_.contains(name); }
  const Restored& restored() const { return restored_; }

 private:
  bool is_there(const std::string& name) const { return source_.has(name) || source_.may_lack(name); }

  void look_at(const std::string& name, const at::Tensor& variable) {
    const bool there = source_.has(name);
    if (there ? fits(source_.outline(name), variable) : source_.may_lack(name)) return;
    if (std::count(leniency_.optional.begin(), leniency_.optional.end(), name) > 0) {
      restored_.optional.push_back(name);
      left_out_.insert(name);
    } else if (!there) {
      missing_.push_back(name);
    } else {
      misshapen_.push_back(
          concat(name, " (", described(source_.outline(name)), ", wanted ", described(variable), ")"));
    }
  }

  // TensorFlow also stores the weights of layers without an input, which hold nothing. Averages are made
  // anew from weights where they are wanted.
  void look_for_unused() {
    for (const auto& name : source_.names())
      if (!wanted_.contains(name) && source_.bytes(name) > 0 && !is_average(name) && !is_passed_over(name))
        unused_.push_back(name);
  }

  bool is_passed_over(const std::string& name) {
    if (!leniency_.parts) return false;
    const auto part = part_of(tf_names::without_slot(name));
    if (part.kind == Part::Kind::kDiscriminator && !parts_.contains(part)) {
      if (std::count(restored_.unused.begin(), restored_.unused.end(), part.name) == 0)
        restored_.unused.push_back(part.name);
      return true;
    }
    const bool no_such_optimizer = part.kind == Part::Kind::kOptimizer && !parts_.contains(part);
    return no_such_optimizer || name == kGlobalStep || name == kNoiseState;
  }

  void leave_out_parts() {
    for (const auto& [name, variable] : wanted_) parts_[part_of(name)].push_back(name);
    std::set<std::string> fresh_scopes;  // "discriminator" where one of them is fresh
    for (const auto kind : {Part::Kind::kDiscriminator, Part::Kind::kOther, Part::Kind::kOptimizer})
      for (const auto& [part, names] : parts_) {
        if (part.kind != kind || !(is_fresh(part, names) || fresh_scopes.contains(part.scope))) continue;
        left_out_.insert(names.begin(), names.end());
        restored_.fresh.push_back(part.name);
        if (kind == Part::Kind::kDiscriminator) fresh_scopes.insert(kDiscriminatorScope);
      }
  }

  // Half an optimizer's state is of no use; half a discriminator is an error.
  bool is_fresh(const Part& part, const std::vector<std::string>& names) const {
    const auto there = [&](const std::string& name) { return source_.has(name); };
    if (std::none_of(names.begin(), names.end(), there)) return true;
    return part.kind == Part::Kind::kOptimizer &&
           !std::all_of(names.begin(), names.end(), [&](const auto& name) { return is_there(name); });
  }

  const VariableSource& source_;
  const Leniency& leniency_;
  std::map<std::string, at::Tensor> wanted_;
  std::map<Part, std::vector<std::string>> parts_;
  std::set<std::string> left_out_;
  std::vector<std::string> missing_, misshapen_, unused_;
  Restored restored_;
};

}  // namespace

void write_variables(const std::filesystem::path& file, const NamedTensors& variables, Metadata metadata) {
  NamedTensors on_cpu;
  for (const auto& [name, variable] : variables)
    on_cpu.emplace_back(name, variable.detach().cpu().contiguous());
  write_own_file(file.string(), views_of(on_cpu), std::move(metadata));
}

std::filesystem::path save_checkpoint(const std::filesystem::path& folder, int64_t step,
                                      const NamedTensors& variables, Metadata metadata,
                                      const Retention& retention) {
  metadata[metadata_keys::kStep] = std::to_string(step);
  auto file = checkpoint_file(folder, step);
  write_variables(file, variables, std::move(metadata));
  prune_checkpoints(folder, retention, step);
  return file;
}

Restored restore(const VariableSource& source, const NamedTensors& variables, const Leniency& leniency) {
  const Comparison comparison(source, variables, leniency);
  const auto problems = comparison.problems();
  SAVP_CHECK(problems.empty(), DataError, source.where(), ": does not fit this model and its hyperparameters",
             problems);
  const at::NoGradGuard no_grad;
  for (const auto& [name, variable] : variables)
    if (comparison.fills(name)) at::Tensor(variable).copy_(source.tensor(name));
  return comparison.restored();
}

}  // namespace savp
