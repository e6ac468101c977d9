#include "core/instruction_sets.h"

#include <ATen/Context.h>
#include <ATen/Version.h>

#include <algorithm>
#include <cstdlib>

#include "core/instructions.h"
#include "core/text.h"

namespace savp {
namespace {

// LibTorch hides the function that would tell.
std::string limit_of_onednn() {
  const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");
  return limit == nullptr ? "best" : "up to " + lower_case(limit);
}

}  // namespace

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets = {
      {"savp", enum_name(instructions()), "SAVP_INSTRUCTIONS"},
      {"LibTorch", lower_case(at::get_cpu_capability()), "ATEN_CPU_CAPABILITY"}};
  if (at::hasMKLDNN()) sets.push_back({"oneDNN", limit_of_onednn(), "ONEDNN_MAX_CPU_ISA"});
  return sets;
}

}  // namespace savp
