// A checksum over the names and bytes of tensors, against bits that flip on the way to the disk and back.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors.h"

namespace savp {

// Its key in a checkpoint's metadata.
inline constexpr const char* kChecksum = "crc32c";

// CRC-32C as 8 hexadecimal digits, whatever the order of the tensors.
std::string checksum(std::vector<TensorView> tensors);

}  // namespace savp
