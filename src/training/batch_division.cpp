#include "training/batch_division.h"

#include "core/error.h"
#include "core/text.h"

namespace savp {

int64_t BatchDivision::of_process(int64_t batch_size) const {
  SAVP_CHECK(batch_size % processes == 0, UsageError, "batch_size=", batch_size, " cannot be divided among ",
             processes, " processes: choose a multiple, or --processes 1");
  SAVP_CHECK(batch_size / processes % parts == 0, UsageError, batch_size / processes,
             " sequences a process cannot be divided into --accumulate_steps ", parts,
             " parts: choose a batch_size that is a multiple of ", processes * parts);
  return batch_size / processes;
}

std::string BatchDivision::text() const {
  if (processes * parts == 1) return "";
  return concat(", divided", processes > 1 ? concat(" among ", processes, " processes") : "",
                processes > 1 && parts > 1 ? " and" : "",
                parts > 1 ? concat(" into ", parts, " parts", processes > 1 ? " each" : "") : "");
}

}  // namespace savp
