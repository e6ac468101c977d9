#include "models/sna.h"

namespace savp {
namespace {

AdvectionWiring wiring(const SnaHparams& hp, const VideoShape& shape) {
  AdvectionWiring w{.half = {hp.ngf},
                    .quarter = {2 * hp.ngf},
                    .eighth = 4 * hp.ngf,
                    .up_quarter = 2 * hp.ngf,
                    .up_half = hp.ngf};
  w.first_background = hp.first_image_background;
  w.scratch = hp.generate_scratch_image;
  w.mask_scope = "convt7_cam2";
  w.transform = {.kernel_size = hp.kernel_size, .estimated = hp.num_masks, .used = hp.num_masks};
  w.transform.dna_scope = "convt4_cam2";
  w.transform.stp_scope = "fc_stp_cam2";
  w.transform.stp_suffix = "cam2";
  w.transform.stp_units = 200;
  w.see(shape);
  return w;
}

}  // namespace

SnaGenerator::SnaGenerator(const SnaHparams& hp, const VideoShape& shape)
    : AdvectionGenerator(hp, shape, wiring(hp, shape)) {}

}  // namespace savp
