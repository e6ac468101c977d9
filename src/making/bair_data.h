// The BAIR robot pushing data set, as published, put in order.
#pragma once

#include <string>

#include "core/hparams.h"

namespace savp {

struct BairDataOptions {
  using Self = BairDataOptions;
  static constexpr const char* kAbout =
      "prepares the unpacked BAIR robot pushing data set: sequences 256 to 511 of the training part become "
      "the validation split; files are linked, not copied, where the file system allows it";
  static constexpr const char* kExample =
      "savp_preprocess bair --input_dir data/bair_raw/softmotion30_44k --output_dir data/bair";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "",
         "unpacked archive: the folder that holds train and test, or the one above", Required{"DIR"});
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/bair", "folder to create, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace an existing data set");
};

void make_bair_data(const BairDataOptions& options);

}  // namespace savp
