// The descriptions that datasets.cpp lists.
#pragma once

#include "records/spec.h"

namespace savp {

DatasetSpec bair();
DatasetSpec cartgripper();
DatasetSpec google_robot();
DatasetSpec humans();
DatasetSpec kth();
DatasetSpec rlds();
DatasetSpec sequence_example();
DatasetSpec shape();
DatasetSpec softmotion();
DatasetSpec sv2p();
DatasetSpec ucf101();
DatasetSpec video();

}  // namespace savp
