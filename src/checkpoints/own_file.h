// Files that this program wrote: safetensors whose metadata says so and holds checksums, so that no bit can
// change unnoticed. What the metadata of such a file holds besides what it is given:
//
//   format     "savp-2"
//   crc32c     CRC-32C, as 8 hexadecimal digits, of the whole file in which these digits are zeros
//   fields     a JSON object {"metadata <key>" or "tensor <name>": CRC-32C}, of the value, or of type, shape
//              and bytes; from it a message names what is damaged
//
// Older versions wrote the format "savp", whose crc32c is of the names and bytes of the tensors alone. Files
// of other programs have none of the three keys, and cannot be checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/safetensors.h"

namespace savp {

using Metadata = std::map<std::string, std::string>;

// Keys of a checkpoint's metadata.
namespace metadata_keys {
inline constexpr const char *kStep = "step", *kSeed = "seed", *kDataPosition = "data_position",
                            *kModel = "model", *kDataset = "dataset", *kVersion = "version";
}  // namespace metadata_keys

// Appears whole or not at all. Throws DataError or ResourceError where it cannot be written.
void write_own_file(const std::string& path, const std::vector<TensorView>& tensors, Metadata metadata);

// A safetensors file of anyone. Throws DataError that names the file and, where it can be known, the field
// that is damaged.
SafetensorsFile open_own_file(const std::string& path);

// Whether open_own_file() takes it.
bool is_sound(const std::string& path);

// The whole number, not negative, under a key of the metadata; none where there is no such key. Throws
// DataError naming the file (`where`) and the key for anything else.
std::optional<uint64_t> number_in(const Metadata& metadata, const std::string& key, const std::string& where);

}  // namespace savp
