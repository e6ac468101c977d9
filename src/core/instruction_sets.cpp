#include "core/instruction_sets.h"

#include <ATen/Context.h>
#include <ATen/Version.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "core/instructions.h"

namespace savp {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// LibTorch hides the function that would tell.
std::string limit_of_onednn() {
  const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");
  return limit == nullptr ? "best" : "up to " + lower(limit);
}

}  // namespace

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets = {{"savp", enum_name(instructions()), "SAVP_INSTRUCTIONS"},
                                      {"LibTorch", lower(at::get_cpu_capability()), "ATEN_CPU_CAPABILITY"}};
  if (at::hasMKLDNN()) sets.push_back({"oneDNN", limit_of_onednn(), "ONEDNN_MAX_CPU_ISA"});
  return sets;
}

}  // namespace savp
