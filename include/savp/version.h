// The version of the library.
#pragma once

namespace savp {

// "0.1.0": major, minor, patch, of the library that the program is linked with. While major is 0, a program
// that was compiled against the headers of one minor version works with the library of the same minor version
// only, which find_package(savp 0.1) sees to. The text lives as long as the program; any thread may call it.
const char* version();

}  // namespace savp
