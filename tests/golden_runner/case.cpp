#include "golden_runner/case.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "io/safetensors.h"

namespace savp::golden {
namespace {

constexpr int64_t kMostSamples = 64;  // elements that a case stores of a tensor it does not store whole

Tensor read_tensor(const std::string& path, const TensorView& view) {
  static const std::map<std::string, at::ScalarType> kTypes = {
      {"F32", at::kFloat}, {"I32", at::kInt}, {"U8", at::kByte}};
  const auto type = kTypes.find(view.dtype);
  SAVP_CHECK(type != kTypes.end(), DataError, path, ": tensor '", view.name, "': type ", view.dtype,
             " is not expected here");
  auto value = at::empty(view.shape, type->second);
  std::memcpy(value.data_ptr(), view.data, view.bytes);
  return value;
}

uint64_t fnv1a(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

at::Device& device() {
  static at::Device chosen = at::kCPU;
  return chosen;
}

Json read_json(const std::string& path) {
  std::ifstream in(path);
  SAVP_CHECK(in.good(), DataError, path, ": cannot be opened");
  try {
    return Json::parse(in);
  } catch (const Json::exception& error) {
    throw DataError(concat(path, ": ", error.what()));
  }
}

Tensor sampled(const Tensor& value) {
  const auto n = value.numel(), k = std::min(kMostSamples, n);
  std::vector<int64_t> places;
  for (int64_t j = 0; j < k; ++j) places.push_back(k == 1 ? 0 : j * (n - 1) / (k - 1));
  return value.reshape(-1).index_select(0, at::tensor(places, value.options().dtype(at::kLong)));
}

std::string step_suffix(int64_t step) { return step == 0 ? "" : concat("@", step); }

Tensor formula_variable(const std::string& name, uint64_t case_seed, at::IntArrayRef shape, double scale,
                        double offset) {
  auto value = at::empty(shape, at::kFloat);
  auto* out = value.data_ptr<float>();
  uint64_t state = fnv1a(name) ^ case_seed;
  for (int64_t i = 0; i < value.numel(); ++i) {
    state += 0x9E3779B97F4A7C15ULL;
    uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    x = x ^ (x >> 31);
    const double u = static_cast<double>(x >> 40) / (1 << 24);
    out[i] = static_cast<float>(offset + scale * (2 * u - 1));
  }
  return value;
}

Case Case::load(const std::string& folder) {
  Case loaded;
  loaded.folder_ = folder;
  loaded.json_ = read_json(folder + "/case.json");
  loaded.name_ = loaded.json_.value("name", std::filesystem::path(folder).filename().string());
  for (const auto* name : {"tensors.safetensors", "batches.safetensors"}) {
    const auto path = folder + "/" + name;
    if (!std::filesystem::exists(path)) continue;
    const auto file = SafetensorsFile::open(path);
    for (const auto& view : file.tensors()) loaded.tensors_[view.name] = read_tensor(path, view);
  }
  if (loaded.json_.contains("vars_formula")) {
    const auto& formula = loaded.json_["vars_formula"];
    for (const auto& [name, variable] : formula["vars"].items())
      loaded.tensors_["vars/" + name] = formula_variable(
          name, formula["case_seed"].get<uint64_t>(), variable["shape"].get<std::vector<int64_t>>(),
          variable["scale"].get<double>(), variable["offset"].get<double>());
  }
  return loaded;
}

const Tensor& Case::tensor(const std::string& key) const {
  const auto found = tensors_.find(key);
  SAVP_CHECK(found != tensors_.end(), DataError, folder_, ": the case has no tensor '", key, "'");
  return found->second;
}

double Case::scalar(const std::string& key) const { return tensor(key).reshape({}).item<double>(); }

std::vector<std::string> Case::names(const std::string& group, int64_t step) const {
  const auto prefix = group + "/", suffix = step_suffix(step);
  std::vector<std::string> found;
  for (auto it = tensors_.lower_bound(prefix); it != tensors_.end() && it->first.starts_with(prefix); ++it) {
    const auto name = it->first.substr(prefix.size());
    const auto at = name.rfind('@');
    if ((at == std::string::npos ? "" : name.substr(at)) == suffix) found.push_back(name.substr(0, at));
  }
  return found;
}

}  // namespace savp::golden
