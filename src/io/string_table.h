// LevelDB's tables, which TensorFlow keeps the index of a checkpoint in: texts by sorted keys.
//
//   blocks | footer
//
// Each block is followed by how it is packed (uint8, 0: not at all) and the masked CRC-32C of both (uint32
// little-endian). The footer has 48 bytes: the places (varint offset, varint length) of a block of properties
// and of the index, zeros, and the mark 0xdb4775248b80fb57. The values of the index are the places of the
// blocks that hold the entries. In a block stand entries, then uint32 numbers that tell where some of them
// start, then their count. An entry:
//
//   varint bytes of the key that it shares with the last one | varint further bytes | varint bytes of the
//   value | the further bytes | value
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace savp {

// All entries of a table, in the order of their keys. Throws DataError ("is no LevelDB table, or is damaged:
// ...") for what is not exactly as described above, packed blocks among it: TensorFlow writes none.
std::vector<std::pair<std::string, std::string>> read_string_table(std::string_view table);

// A table of these entries, whose keys are sorted and differ.
std::string write_string_table(const std::vector<std::pair<std::string, std::string>>& entries);

}  // namespace savp
