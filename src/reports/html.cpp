#include "reports/html.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "core/error.h"
#include "core/printable.h"

namespace savp::reports {
namespace {

std::string_view reference(char letter) {
  switch (letter) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char letter : printable(text)) {
    const auto found = reference(letter);
    found.empty() ? safe.append(1, letter) : safe.append(found);
  }
  return safe;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = bytes.size() - i;
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < left ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) text += k <= left ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string data_uri(std::string_view type, std::string_view bytes) {
  return concat("data:", type, ";base64,", base64(bytes));
}

std::string number_text(double value, int decimals) {
  if (std::isnan(value)) return "–";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  const bool tiny = value != 0 && std::abs(value) < 0.5 * std::pow(10.0, -decimals);
  std::array<char, 64> text = {};
  if (tiny)
    std::snprintf(text.data(), text.size(), "%.1e", value);
  else
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

}  // namespace savp::reports
