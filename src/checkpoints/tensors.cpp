#include "savp/checkpoints/tensors.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "checkpoints/checksum.h"
#include "savp/checkpoints/run_dir.h"
#include "savp/core/error.h"

namespace savp {
namespace {

constexpr size_t kKept = 2;    // checkpoints of a run
constexpr size_t kListed = 5;  // names of a kind in a message
constexpr const char* kChecksum = "crc32c";

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"F32", at::kFloat}, {"F64", at::kDouble}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},  {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},   {"BOOL", at::kBool}};

std::string dtype_of(const at::Tensor& tensor) {
  for (const auto& [name, type] : kTypes)
    if (tensor.scalar_type() == type) return name;
  TORCH_CHECK(false, "no name for the type ", tensor.scalar_type());
}

at::ScalarType type_of(const TensorView& view) {
  for (const auto& [name, type] : kTypes)
    if (view.dtype == name) return type;
  throw DataError(concat("tensor '", view.name, "' has the type ", view.dtype, ", which cannot be used"));
}

std::vector<TensorView> views_of(const NamedTensors& on_cpu) {
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : on_cpu)
    views.push_back({name, dtype_of(tensor), tensor.sizes().vec(),
                     static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()});
  return views;
}

bool fits(const TensorView& view, const at::Tensor& variable) {
  const auto type = type_of(view);
  const bool both_real = at::isFloatingType(type) && at::isFloatingType(variable.scalar_type());
  return at::IntArrayRef(view.shape) == variable.sizes() && (both_real || type == variable.scalar_type());
}

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

Comparison compare(const SafetensorsFile& file, const NamedTensors& variables, const Leniency& leniency) {
  Comparison found;
  std::set<std::string> wanted;
  for (const auto& [name, variable] : variables) {
    wanted.insert(name);
    const auto* view = file.find(name);
    if (view != nullptr && fits(*view, variable)) continue;
    if (std::count(leniency.optional.begin(), leniency.optional.end(), name) > 0)
      found.skipped.push_back(name);
    else if (view == nullptr)
      found.missing.push_back(name);
    else
      found.misshapen.push_back(concat(name, " (", view->dtype, " ", at::IntArrayRef(view->shape),
                                       ", wanted ", dtype_of(variable), " ", variable.sizes(), ")"));
  }
  for (const auto& view : file.tensors())
    if (!leniency.unused && wanted.count(view.name) == 0) found.unused.push_back(view.name);
  return found;
}

void check_checksum(const SafetensorsFile& file) {
  const auto recorded = file.metadata().find(kChecksum);
  if (recorded == file.metadata().end()) return;  // written by someone else
  SAVP_CHECK(recorded->second == checksum(file.tensors()), DataError, file.path(),
             ": is corrupt (its checksum is wrong): use an earlier checkpoint of the folder");
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
  const auto file = SafetensorsFile::open(path.string());
  check_checksum(file);
  const auto found = compare(file, variables, leniency);
  const auto problems = listed("missing", found.missing) + listed("other shape", found.misshapen) +
                        listed("not used", found.unused);
  SAVP_CHECK(problems.empty(), DataError, path.string(), ": does not fit this model and its hyperparameters",
             problems);
  const at::NoGradGuard no_grad;
  for (const auto& [name, variable] : variables)
    if (std::count(found.skipped.begin(), found.skipped.end(), name) == 0)
      at::Tensor(variable).copy_(to_tensor(*file.find(name)));
  return found.skipped;
}

Metadata checkpoint_metadata(const std::filesystem::path& file) {
  return SafetensorsFile::open(file.string()).metadata();
}

}  // namespace savp
