#include "checkpoints/metric_networks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "checkpoints/torch_script.h"
#include "core/log.h"
#include "core/table.h"
#include "io/cache_folder.h"
#include "io/pickle.h"
#include "io/sha256.h"
#include "io/torch_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

Tensor tensor_of(const PickledArray& array, const std::string& path) {
  SAVP_CHECK(array.header.type == NumberType::kFloat32, DataError, path, ": ", array.name, " is ",
             number_name(array.header.type), ", not float32");
  auto tensor = at::empty(array.header.shape, at::kFloat);
  if (!array.bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), array.bytes.data(), array.bytes.size());
  return tensor;
}

// The arrays of a pickle, taken by their names.
class Arrays {
 public:
  explicit Arrays(const fs::path& path) : path_(path.string()) {
    for (auto& array : read_pickled_arrays(path)) arrays_.insert_or_assign(array.name, std::move(array));
  }

  bool has(const std::string& name) const { return arrays_.contains(name); }

  Tensor take(const std::string& name) const {
    const auto found = arrays_.find(name);
    SAVP_CHECK(found != arrays_.end(), DataError, path_, ": there is no array ", name);
    return tensor_of(found->second, path_);
  }

  // A kernel [height, width, in, out], of videos [time, height, width, in, out], as LibTorch has it.
  Tensor kernel(const std::string& name) const {
    const auto stored = take(name);
    SAVP_CHECK(stored.dim() == 4 || stored.dim() == 5, DataError, path_, ": ", name, " is no kernel");
    return stored.movedim({-1, -2}, {0, 1}).contiguous();
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& item : arrays_) names.push_back(item.first);
    return names;
  }

 private:
  std::string path_;
  std::map<std::string, PickledArray> arrays_;
};

// Convolutions "<net>/Conv_0", ... as torchvision counts its layers, nonlinearities and poolings among them.
NamedTensors convolutions(const Arrays& arrays, const std::string& net, const std::vector<int>& layers) {
  NamedTensors variables;
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto from = concat(net, "/Conv_", i, "/"), to = concat("features.", layers[i], ".");
    variables.emplace_back(to + "weight", arrays.kernel(from + "kernel"));
    variables.emplace_back(to + "bias", arrays.take(from + "bias"));
  }
  return variables;
}

NamedTensors with_linear_weights(const Arrays& arrays, NamedTensors variables) {
  for (int i = 0; i < 5; ++i)
    variables.emplace_back(concat("lin", i, ".model.1.weight"),
                           arrays.kernel(concat("NetLinLayer_", i, "/Conv_0/kernel")));
  return variables;
}

NamedTensors alex(const Arrays& arrays) { return convolutions(arrays, "AlexNet_0", {0, 3, 6, 8, 10}); }
NamedTensors vgg(const Arrays& arrays) {
  return convolutions(arrays, "VGG16_0", {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28});
}

// A convolution and the batch normalization behind it, which has no scale, as one convolution:
// (w x - mean) / sqrt(var + eps) + bias.
std::pair<Tensor, Tensor> folded(const Arrays& arrays, const std::string& unit) {
  constexpr double kEpsilon = 1e-3;
  const auto statistic = [&](const char* name) {
    return arrays.take(concat("batch_stats/", unit, "/BatchNorm_0/", name)).flatten().to(at::kDouble);
  };
  const auto scale = (statistic("var") + kEpsilon).rsqrt();
  const auto weight = arrays.kernel(concat("params/", unit, "/Conv_0/kernel")) * scale.view({-1, 1, 1, 1, 1});
  const auto bias = arrays.take(concat("params/", unit, "/BatchNorm_0/bias")) - statistic("mean") * scale;
  return {weight.to(at::kFloat), bias.to(at::kFloat)};
}

NamedTensors i3d(const Arrays& arrays) {
  NamedTensors variables;
  const std::string begin = "params/", end = "/Conv_0/kernel";
  for (const auto& name : arrays.names()) {
    if (!name.starts_with(begin) || !name.ends_with(end)) continue;
    const auto unit = name.substr(begin.size(), name.size() - begin.size() - end.size());
    auto layer = unit;
    std::replace(layer.begin(), layer.end(), '/', '.');
    const auto plain = arrays.has(concat(begin, unit, "/Conv_0/bias"));
    const auto [weight, bias] =
        plain ? std::pair(arrays.kernel(name), arrays.take(concat(begin, unit, "/Conv_0/bias")))
              : folded(arrays, unit);
    variables.emplace_back(layer + ".weight", weight);
    variables.emplace_back(layer + ".bias", bias);
  }
  return variables;
}

struct NetworkRow {
  const char* from;
  const char* to;
  std::function<NamedTensors(const Arrays&)> variables;
};
const NetworkRow kNetworks[] = {
    {"alexnet.ckpt", "lpips_alex.safetensors",
     [](const Arrays& a) { return with_linear_weights(a, alex(a)); }},
    {"vgg16.ckpt", "lpips_vgg.safetensors", [](const Arrays& a) { return with_linear_weights(a, vgg(a)); }},
    {"vgg16.ckpt", "vgg16.safetensors", vgg},
    {"i3d-kinetics-400.ckpt", "i3d_kinetics400.safetensors", i3d},
};

// A file that others publish: "vgg16.pth", or, as torchvision adds a part of the SHA-256,
// "vgg16-397923af.pth" (but not another network's, "vgg16_bn-6c64b313.pth").
struct OtherFile {
  const char* name;
  bool may_have_hash = false;
};
struct Place {
  const char* ours;
  std::vector<OtherFile> others;
};
const std::pair<Network, Place> kPlaces[] = {
    {Network::kLpipsAlex, {"lpips_alex.safetensors", {{"alexnet", true}, {"alex"}}}},
    {Network::kLpipsVgg, {"lpips_vgg.safetensors", {{"vgg16", true}, {"vgg"}}}},
    {Network::kVgg16, {"vgg16.safetensors", {{"vgg16", true}}}},
    {Network::kI3d, {"i3d_kinetics400.safetensors", {{"i3d_torchscript"}}}},
};

bool is_of_torch(const fs::path& file) { return file.extension() == ".pth" || file.extension() == ".pt"; }

bool is_it(const OtherFile& wanted, const fs::path& file) {
  const auto stem = file.stem().string();
  return is_of_torch(file) &&
         (stem == wanted.name || (wanted.may_have_hash && stem.starts_with(concat(wanted.name, "-"))));
}

// Of several the first by name.
std::optional<fs::path> find_file(const fs::path& folder, const OtherFile& wanted) {
  std::optional<fs::path> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (is_it(wanted, entry.path()) && (!found || entry.path() < *found)) found = entry.path();
  return found;
}

// Those of the names.
NamedTensors torch_tensors(const fs::path& file, const std::set<std::string>& names) {
  const auto wanted = [&](const std::string& name) { return names.contains(name); };
  if (is_torch_script(file)) return torch_script_tensors(file, wanted);
  NamedTensors tensors;
  for (const auto& array : read_torch_file(file, wanted))
    tensors.emplace_back(array.name, tensor_of(array, file.string()));
  return tensors;
}

// Errors of the action end with how to get sound files.
template <class Action>
auto advising(const Action& action) try {
  return action();
} catch (const DataError& error) {
  throw DataError(concat(error.what(), ": ", kFetchNetworks, " downloads sound weights"));
}

// What all files hold together.
VariableSource source_of(const std::vector<fs::path>& files, const NamedTensors& variables) {
  if (!is_of_torch(files.at(0))) return VariableSource::open(files[0]);
  std::set<std::string> names;
  for (const auto& variable : variables) names.insert(variable.first);
  NamedTensors all;
  std::string where;
  for (const auto& file : files) {
    for (auto& tensor : torch_tensors(file, names)) all.push_back(std::move(tensor));
    where += (where.empty() ? "" : ", ") + file.string();
  }
  return VariableSource::of(all, where);
}

}  // namespace

fs::path metric_weights_folder(const std::optional<std::string>& given) {
  return given ? fs::path(*given) : cache_folder() / "metric_weights";
}

const char* network_file(Network network) { return row_of(kPlaces, network).ours; }

NetworkFiles find_network(const fs::path& folder, Network network) {
  const auto& place = row_of(kPlaces, network);
  std::error_code missing;
  if (fs::exists(folder / place.ours, missing)) return {{folder / place.ours}};
  NetworkFiles found;
  for (const auto& file : place.others) {
    const auto path = find_file(folder, file);
    if (!path) return {};
    found.paths.push_back(*path);
  }
  return found;
}

std::string NetworkFiles::name() const {
  std::string text;
  for (const auto& path : paths) text += (text.empty() ? "" : " + ") + path.filename().string();
  return text;
}

std::string NetworkFiles::digest() const {
  if (paths.size() == 1) return sha256_of_file(paths[0]);
  std::string digests;
  for (const auto& path : paths) digests += sha256_of_file(path);
  return sha256(digests);
}

void load_network(const NetworkFiles& files, const NamedTensors& variables) {
  advising([&] {
    for (const auto& file : files.paths) {
      std::error_code missing;
      SAVP_CHECK(fs::exists(file, missing), DataError, file.string(), ": there is no such file");
    }
    restore(source_of(files.paths, variables), variables, {.unused = true});  // a classifier behind them
  });
}

VideoNetwork foreign_i3d(const NetworkFiles& files, const at::Device& device) {
  if (files.paths.size() != 1 || !is_of_torch(files.paths[0])) return {};
  const auto network = advising([&] { return scripted_i3d(files.paths[0], device); });
  return [network](const Tensor& videos) { return advising([&] { return network(videos); }); };
}

void convert_metric_weights(const MetricWeightsOptions& options) {
  const auto folder = metric_weights_folder(options.output_dir);
  int64_t written = 0;
  for (const auto& row : kNetworks) {
    const auto from = fs::path(options.input_dir) / row.from;
    std::error_code missing;
    if (!fs::exists(from, missing)) continue;
    fs::create_directories(folder);
    const Arrays arrays(from);
    write_variables(folder / row.to, row.variables(arrays), {{"source", row.from}});
    log::info(concat("wrote ", (folder / row.to).string()));
    ++written;
  }
  SAVP_CHECK(written > 0, DataError, options.input_dir,
             ": there is none of alexnet.ckpt, vgg16.ckpt and i3d-kinetics-400.ckpt: ", kFetchNetworks,
             " downloads them");
}

}  // namespace savp
