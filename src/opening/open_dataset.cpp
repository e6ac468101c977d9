#include "opening/open_dataset.h"

#include "core/error.h"
#include "making/own_data.h"
#include "records/specs.h"

namespace savp {

std::unique_ptr<Dataset> open_dataset(const std::string& name, const std::string& input_dir,
                                      const std::string& mode, const HparamsDicts& hparams_dicts,
                                      const std::string& hparams_text, bool skip_bad_records) {
  const auto& spec = find_dataset(name);
  const bool own = holds_own_data(input_dir);
  SAVP_CHECK(
      !own || spec.own_data, DataError, input_dir,
      ": no record files (*.tfrecord*) in it; it holds videos, frames or arrays: those are --dataset video");
  const auto records =
      own ? records_of_own_data(input_dir, mode, settle_hparams(spec, hparams_dicts, {hparams_text}),
                                skip_bad_records)
          : input_dir;
  return Dataset::open_records(name, records, mode, hparams_dicts, hparams_text, skip_bad_records);
}

std::string infer_dataset(const std::string& input_dir, const std::string& mode) {
  return holds_own_data(input_dir) ? video().name : infer_record_dataset(input_dir, mode);
}

}  // namespace savp
