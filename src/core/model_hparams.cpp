#include "core/model_hparams.h"

namespace savp {

std::vector<DiscriminatorKind> discriminator_kinds(const TrainHparams& hp) {
  return {{"image", "_image_sn", hp.image_sn_gan_weight, hp.image_sn_vae_gan_weight},
          {"images", "_images_sn", hp.images_sn_gan_weight, hp.images_sn_vae_gan_weight},
          {"video", "_video_sn", hp.video_sn_gan_weight, hp.video_sn_vae_gan_weight}};
}

}  // namespace savp
