// Features of videos as I3D gives them, computed once for each video.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "checkpoints/metric_networks.h"
#include "metrics/i3d.h"
#include "metrics/metric_set.h"

namespace savp {

struct CachedFeatures {
  VideoFeatures features;
  std::shared_ptr<const FeatureWork> work;
};

// Of the network, with what it has seen before from the file, if one is given. The file must be one of this
// network and this way of bringing videos to it.
CachedFeatures i3d_features(VideoNetwork network, const I3dInput& how,
                            const std::optional<std::filesystem::path>& file);

}  // namespace savp
