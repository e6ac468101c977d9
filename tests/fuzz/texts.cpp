// Texts that are taken apart: hyperparameters as on a command line, tables of numbers, and the names of
// features, frames and files. One input is used for all of them; lines are names.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/model_hparams.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/array_file.h"
#include "io/example.h"
#include "io/frame_order.h"
#include "io/number_table.h"
#include "records/name_pattern.h"
#include "records/record_counts.h"
#include "records/split_names.h"
#include "support/scratch.h"

namespace savp {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    lines.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

template <class Body>
void attempt(const Body& body) {
  try {
    body();
  } catch (const Error&) {
  }
}

void take_apart(const std::string& name) {
  for (const char* pattern : {"%d", "%d/{view}/encoded", "move/%d/image/encoded", "person%d_{view}",
                              ".tfrecord-%d-of-%d", "image_{view}%d", "{view}_%d_%d"})
    match_name(name, pattern);
  if (!name.empty()) short_number(name);
  range_in_name(name);
  split_named(name);
  without_step(name, "%d");
  attempt([&] { parse_array_header(name); });
  if (shown(name).size() > 4 * 120 + 5) __builtin_trap();
}

void read_table(std::string_view text) {
  const NumberTable table(std::string(text), "table");
  for (int64_t row = 0; row < table.rows(); ++row)
    for (size_t column = 0; column < table.names().size(); ++column)
      attempt([&] { table.number(row, column); });
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  static const ScratchFolder folder;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  attempt([&] {
    TrainHparams hparams;
    HparamsView(hparams).override_from_text(text, "--model_hparams");
  });
  attempt([&] { read_table(text); });
  folder.write(kLengthsName, std::string(text));
  attempt([] { read_sequence_lengths(folder.path()); });
  const auto names = lines_of(text);
  for (const auto& name : names) take_apart(name);
  attempt([&] {
    std::vector<std::filesystem::path> frames(names.begin(), names.end());
    sort_frames(frames);
  });
  if (!names.empty()) near_misses(names.front(), names);
  return 0;
}
