#include "checkpoints/tensors.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "checkpoints/checksum.h"
#include "checkpoints/dtypes.h"
#include "checkpoints/run_dir.h"
#include "checkpoints/variable_source.h"
#include "core/error.h"

namespace savp {
namespace {

constexpr size_t kKept = 2;    // checkpoints of a run
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

// How the file's tensors and the variables go together.
struct Comparison {
  std::vector<std::string> missing, misshapen, unused, skipped;
};

Comparison compare(const VariableSource& file, const NamedTensors& variables, const Leniency& leniency) {
  Comparison found;
  std::set<std::string> wanted;
  for (const auto& [name, variable] : variables) {
    wanted.insert(name);
    const bool there = file.has(name);
    if (there ? fits(file.outline(name), variable) : file.may_lack(name)) continue;
    if (std::count(leniency.optional.begin(), leniency.optional.end(), name) > 0)
      found.skipped.push_back(name);
    else if (!there)
      found.missing.push_back(name);
    else
      found.misshapen.push_back(
          concat(name, " (", described(file.outline(name)), ", wanted ", described(variable), ")"));
  }
  // TensorFlow also stores the weights of layers without an input, which hold nothing.
  for (const auto& [name, view] : file.views())
    if (!leniency.unused && wanted.count(name) == 0 && view.bytes > 0) found.unused.push_back(name);
  return found;
}

}  // namespace

at::Tensor to_tensor(const TensorView& view) {
  auto tensor = at::empty(view.shape, type_of(view));
  if (view.bytes > 0)
    std::memcpy(tensor.mutable_data_ptr(), view.data, view.bytes);  // the file's may be unaligned
  return tensor;
}

std::filesystem::path save_checkpoint(const std::filesystem::path& folder, int64_t step,
                                      const NamedTensors& variables, Metadata metadata) {
  NamedTensors on_cpu;
  for (const auto& [name, variable] : variables)
    on_cpu.emplace_back(name, variable.detach().cpu().contiguous());
  const auto views = views_of(on_cpu);
  metadata["format"] = "savp";
  metadata["step"] = std::to_string(step);
  metadata[kChecksum] = checksum(views);
  auto file = checkpoint_file(folder, step);
  write_safetensors(file.string(), views, metadata);
  prune_checkpoints(folder, kKept);
  return file;
}

std::vector<std::string> restore_checkpoint(const std::filesystem::path& path, const NamedTensors& variables,
                                            const Leniency& leniency) {
  const auto file = VariableSource::open(path);
  const auto found = compare(file, variables, leniency);
  const auto problems = listed("missing", found.missing) + listed("other shape", found.misshapen) +
                        listed("not used", found.unused);
  SAVP_CHECK(problems.empty(), DataError, path.string(), ": does not fit this model and its hyperparameters",
             problems);
  const at::NoGradGuard no_grad;
  for (const auto& [name, variable] : variables)
    if (file.has(name) && std::count(found.skipped.begin(), found.skipped.end(), name) == 0)
      at::Tensor(variable).copy_(file.tensor(name));
  return found.skipped;
}

Metadata checkpoint_metadata(const std::filesystem::path& file) {
  return VariableSource::open(file).metadata();
}

}  // namespace savp
