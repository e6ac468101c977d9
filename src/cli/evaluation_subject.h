// What savp_evaluate measures, as its flags say.
#pragma once

#include <memory>

#include "cli/evaluate.h"
#include "evaluation/evaluation_subject.h"

namespace savp::cli {

// Throws UsageError or DataError for all that can be known before the first prediction.
std::unique_ptr<EvaluationSubject> open_subject(const EvaluateOptions& options);

}  // namespace savp::cli
