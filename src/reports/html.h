// Pieces of HTML.
#pragma once

#include <string>
#include <string_view>

namespace savp::reports {

// Text from anywhere, to stand between tags or in a quoted attribute: & < > " ' as references, control bytes
// and what is no UTF-8 shown as in core/printable.h.
std::string escaped(std::string_view text);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

// "data:image/png;base64,...".
std::string data_uri(std::string_view type, std::string_view bytes);

// A number of a table: "19.09", "1.2e-05"; "–" where it is none.
std::string number_text(double value, int decimals);

}  // namespace savp::reports
