#include "checkpoints/tf_names.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace savp {
namespace {

TEST(TfNames, DotsAreSlashes) {
  EXPECT_EQ(tf_names::from_ours("generator.rnn.savp_cell.h0.conv_pool2d.kernel"),
            "generator/rnn/savp_cell/h0/conv_pool2d/kernel");
}

TEST(TfNames, OldScopesAreRenamed) {
  EXPECT_EQ(tf_names::modern("generator/rnn/dna_cell/h0/conv_pool2d/kernel"),
            "generator/rnn/savp_cell/h0/conv_pool2d/kernel");
  EXPECT_EQ(tf_names::modern("generator/rnn/savp_cell/masks/conv2d/bias"),
            "generator/rnn/savp_cell/masks/conv2d/bias");
}

TEST(TfNames, LayoutsAreConvertedThereAndBack) {
  struct Row {
    const char* name;
    std::vector<int64_t> theirs, ours;
  };
  const Row table[] = {
      {"generator/encoder/layer_1/conv2d/kernel", {4, 5, 6, 7}, {7, 6, 4, 5}},
      {"generator/rnn/savp_cell/h3/deconv2d/kernel", {3, 4, 8, 2}, {2, 8, 3, 4}},
      {"discriminator/video/sn_conv0_0/conv3d/kernel", {2, 3, 4, 5, 6}, {6, 5, 2, 3, 4}},
      {"discriminator/video/sn_conv0_0/conv3d/kernel/Adam", {2, 3, 4, 5, 6}, {6, 5, 2, 3, 4}},
      {"discriminator/video/sn_conv0_0/conv3d/kernel/Adam_1", {2, 3, 4, 5, 6}, {6, 5, 2, 3, 4}},
      {"generator/initial_state_0/initial_state", {4, 5, 6}, {6, 4, 5}},
      {"generator/initial_state_6/initial_state", {3}, {3}},
      {"generator/encoder/z_mu/dense/kernel", {9, 3}, {9, 3}},
      {"discriminator/video/sn_fc4/dense/u", {1, 3}, {1, 3}},
  };
  for (const auto& row : table) {
    const auto theirs = torch::rand(row.theirs);
    const auto ours = tf_names::to_our_layout(row.name, theirs);
    EXPECT_EQ(ours.sizes(), torch::IntArrayRef(row.ours)) << row.name;
    EXPECT_TRUE(torch::equal(tf_names::to_tf_layout(row.name, ours), theirs)) << row.name;
  }
}

TEST(TfNames, AKernelKeepsItsMeaning) {
  const auto theirs = torch::rand({3, 4, 5, 6});
  const auto ours = tf_names::to_our_layout("h0/conv2d/kernel", theirs);
  EXPECT_EQ(ours[5][4][2][3].item<float>(), theirs[2][3][4][5].item<float>());
}

}  // namespace
}  // namespace savp
