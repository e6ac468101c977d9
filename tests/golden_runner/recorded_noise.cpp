#include "golden_runner/recorded_noise.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace savp::golden {

Tensor RecordedNoise::integers(const std::string& name, int64_t high, at::IntArrayRef shape) {
  const auto draw = recorded(name, shape).to(at::kLong);
  SAVP_CHECK(draw.ge(0).logical_and(draw.lt(high)).all().item<bool>(), DataError, "draw '", name,
             "' was recorded with values outside 0 to ", high - 1);
  return draw.to(device());
}

const Tensor& RecordedNoise::recorded(const std::string& name, at::IntArrayRef shape) const {
  const auto key = concat("noise/", name, step_suffix(step_));
  SAVP_CHECK(case_.has(key), DataError, "the model asked for the draw '", name,
             "', which is not recorded as '", key, "'");
  const auto& draw = case_.tensor(key);
  SAVP_CHECK(draw.sizes() == shape, DataError, "the model asked for the draw '", name, "' of shape ", shape,
             ", recorded is ", draw.sizes());
  return draw;
}

}  // namespace savp::golden
