// Tensors that PyTorch's torch.save() has written: a dictionary of them, as torchvision's weights (.pth) are.
// No Python code is run, see pickle.h.
//
// There are two layouts, both little-endian. Since version 1.6 it is a zip archive: <name>/data.pkl is a
// pickle of the dictionary, in which a tensor names its storage, <name>/data/<storage> holds the numbers, and
// since 2.1 <name>/byteorder says "little" or "big". Before, it was a row of pickles (a mark, a version,
// facts about the machine, the dictionary, the list of the storages), and then, for each storage of the list,
// 8 bytes with the count of its numbers, and these.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/pickle.h"

namespace savp {

using WantedName = std::function<bool(const std::string& name)>;

// The tensors whose names are wanted, in row-major order; together at most 2^30 numbers. Throws DataError
// with the file and the cause, also for wanted ones of other numbers than float32, or that lie in pieces.
std::vector<PickledArray> read_torch_file(const std::filesystem::path& path, const WantedName& wanted);

// Whether it is a TorchScript file: a program with its tensors, which LibTorch reads.
bool is_torch_script(const std::filesystem::path& path);

// What LibTorch takes for granted of such a file: that its numbers are little-endian, are as many as it says,
// and that its tensors lie within them. Throws DataError.
void check_torch_script(const std::filesystem::path& path);

}  // namespace savp
