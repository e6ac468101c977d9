// What can be told of encoded pictures without OpenCV.
#pragma once

#include <string_view>

namespace savp {

// Whether the bytes begin as a JPEG or PNG picture does: their first eight are enough.
bool is_encoded(std::string_view bytes);

// Whether the bytes of a JPEG or PNG picture end too soon; false for other formats.
bool is_cut(std::string_view bytes);

}  // namespace savp
