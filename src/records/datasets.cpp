#include <algorithm>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "records/specs.h"

namespace savp {

const std::vector<DatasetSpec>& datasets() {
  static const std::vector<DatasetSpec> kDatasets = {
      bair(),  cartgripper(), google_robot(), humans(), kth(),  rlds(), sequence_example(),
      shape(), softmotion(),  sv2p(),         ucf101(), video()};
  return kDatasets;
}

const DatasetSpec& find_dataset(const std::string& name) {
  const auto& all = datasets();
  const auto found = std::find_if(all.begin(), all.end(), [&](const DatasetSpec& spec) {
    return spec.name == name || std::count(spec.aliases.begin(), spec.aliases.end(), name) > 0;
  });
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  for (const auto& spec : all) names.push_back(spec.name);
  throw UsageError(
      concat("unknown dataset ", shown(name), did_you_mean(name, names), "; there are ", join_words(names)));
}

}  // namespace savp
