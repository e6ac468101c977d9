#include "cli/train.h"

#include <gtest/gtest.h>

namespace savp {
namespace {

using Text = std::optional<std::string>;

TEST(TrainOptions, HaveThePublishedFlagsAndDefaults) {
  const std::pair<const char*, Json> expected[] = {{"input_dir", ""},
                                                   {"val_input_dir", nullptr},
                                                   {"logs_dir", "logs"},
                                                   {"output_dir", nullptr},
                                                   {"output_dir_postfix", ""},
                                                   {"checkpoint", nullptr},
                                                   {"resume", false},
                                                   {"dataset", nullptr},
                                                   {"dataset_hparams", nullptr},
                                                   {"dataset_hparams_dict", nullptr},
                                                   {"model", nullptr},
                                                   {"model_hparams", nullptr},
                                                   {"model_hparams_dict", nullptr},
                                                   {"summary_freq", 1000},
                                                   {"image_summary_freq", 5000},
                                                   {"eval_summary_freq", 25000},
                                                   {"accum_eval_summary_freq", 100000},
                                                   {"progress_freq", 100},
                                                   {"save_freq", 5000},
                                                   {"aggregate_nccl", 0},
                                                   {"gpu_mem_frac", 0.0},
                                                   {"seed", nullptr}};
  cli::TrainOptions options;
  const HparamsView view(options);
  for (const auto& [name, value] : expected) EXPECT_EQ(view.get(name), value) << name;
  EXPECT_TRUE(view.find("input_dir").required);
}

// As the published program names its folders.
TEST(RunName, TellsTheModelAndItsHyperparameters) {
  const std::tuple<Text, Text, const char*> cases[] = {
      {"savp", {}, "model.savp.None"},
      {"savp", "", "model.savp."},
      {"savp", "lr=0.001", "model.savp.lr.0.001"},
      {"savp", "lr=0.001,l1_weight=1", "model.savp.lr.0.001.l1_weight.1"},
      {"savp", "kernel_size=[5,5],nz=8", "model.savp.kernel_size.5..5.nz.8"},
      {"savp", "decay_steps=[1,2],kl_anneal_steps=[3,4],x=[5]",
       "model.savp.decay_steps.1..2.kl_anneal_steps.3..4.x.5"},
      {{}, {}, "model.None.None"},
      {"sna", "a = 1 , b=[ 1, 2 ]", "model.sna.a . 1 . b. 1.. 2 "},
      {"savp", "x=[[1,2],3],y=4", "model.savp.x.1..2..3.y.4"},
      {"savp", "x=1]y=2,z=3", "model.savp.x.1y.2..z.3"},
      {"savp", "..", "model.savp..."}};
  for (const auto& [model, hparams, folder] : cases) EXPECT_EQ(cli::run_name(model, hparams), folder);
}

}  // namespace
}  // namespace savp
