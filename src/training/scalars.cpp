#include "training/scalars.h"

#include <ATen/ATen.h>

namespace savp {

Values fetch(const Scalars& scalars) {
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : scalars) {
    if (!tensor.defined()) continue;
    names.push_back(name);
    tensors.push_back(tensor.detach().to(at::kDouble));
  }
  Values values;
  if (tensors.empty()) return values;
  const auto fetched = at::stack(tensors).cpu();
  for (size_t i = 0; i < names.size(); ++i)
    values.emplace_back(names[i], fetched.const_data_ptr<double>()[i]);
  return values;
}

Scalars losses_of(const StepReport& report) {
  Scalars all = {{"d_loss", report.d_loss}, {"g_loss", report.g_loss}};
  all.insert(all.end(), report.d_losses.begin(), report.d_losses.end());
  all.insert(all.end(), report.g_losses.begin(), report.g_losses.end());
  return all;
}

}  // namespace savp
