#include "evaluation/metric_definitions.h"

#include <utility>

#include "core/error.h"
#include "core/table.h"
#include "core/text.h"

namespace savp {
namespace {

constexpr std::pair<FvdInput, const char*> kFvdInputs[] = {
    {FvdInput::kOriginal, "bytes, TensorFlow 1's resizing"},
    {FvdInput::kStyleganV, "bytes, resizing with half-pixel centres"},
    {FvdInput::kUnrounded, "not rounded to bytes, resizing with half-pixel centres"}};

}  // namespace

std::string words(const MetricTraits& traits, const MetricDefinitions& how) {
  return concat(traits.definition, "; ",
                how.fvd_context ? "context and predicted frames" : "predicted frames", "; ",
                counted(how.fvd_samples, "future"), " of each sequence; ", row_of(kFvdInputs, how.fvd));
}

}  // namespace savp
