// The descriptions that datasets.cpp lists.
#pragma once

#include "savp/datasets/spec.h"

namespace savp {

DatasetSpec bair();
DatasetSpec kth();
DatasetSpec softmotion();
DatasetSpec video();

}  // namespace savp
