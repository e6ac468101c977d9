#include "cli/facts.h"

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"

namespace savp::cli {
namespace {

constexpr size_t kNameColumns = 16;

}  // namespace

std::string lines_of(const Facts& facts) {
  std::string lines;
  for (const auto& [name, text] : facts) {
    const auto width = std::max(kNameColumns, name.size() + 1);
    lines += name + std::string(width - name.size(), ' ') + printable(text) + "\n";
  }
  return lines;
}

std::string text_of(const VideoShape& shape) {
  auto text = concat(shape.height, "x", shape.width, "x", shape.channels);
  if (shape.actions > 0) text += concat(", ", shape.actions, " numbers an action");
  if (shape.states > 0) text += concat(", ", shape.states, " numbers a state");
  return text;
}

}  // namespace savp::cli
