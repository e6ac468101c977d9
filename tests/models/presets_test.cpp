#include "models/presets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "models/models.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

TEST(Presets, AreTheFilesOfHparams) {
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(SAVP_SOURCE_DIR "/hparams")) {
    if (entry.path().filename() != "model_hparams.json") continue;
    const auto name = fs::relative(entry.path().parent_path(), SAVP_SOURCE_DIR "/hparams").string();
    std::ifstream in(entry.path());
    EXPECT_EQ(preset(name).second, Json::parse(in)) << name;
    ++files;
  }
  EXPECT_EQ(preset_names().size(), files);
}

TEST(Presets, FitTheirModels) {
  for (const auto& name : preset_names()) {
    const auto& entry = find_model(preset_model(name));
    const auto hparams = entry.make_hparams();
    EXPECT_NO_THROW(entry.view(*hparams).override_from_json(preset(name).second, name)) << name;
  }
  EXPECT_EQ(preset_model("bair/sna_l1"), "sna");
  EXPECT_EQ(preset_model("kth/sv2p_time_variant"), "sv2p");
  EXPECT_EQ(preset_model("bair/ours_vae_l2"), "savp");
}

// Of every data set, with what use_state=true gives and without.
TEST(Presets, SuitTheData) {
  for (const std::string dataset : {"bair", "softmotion", "cartgripper", "google_robot", "shape", "humans",
                                    "kth", "ucf101", "sequence_example", "video"}) {
    const auto free = choose_preset({dataset, 0, 0, 30}), acted = choose_preset({dataset, 4, 3, 30});
    EXPECT_EQ(free.name, dataset == "kth" ? "kth/ours_savp" : "bair_action_free/ours_savp") << dataset;
    EXPECT_EQ(acted.name, "bair/ours_savp") << dataset;
    EXPECT_EQ(acted.values["kl_weight"], 0.1);
    EXPECT_EQ(acted.values["video_sn_gan_weight"], 1.0);
    EXPECT_EQ(acted.values["state_weight"], 0.001);
    EXPECT_FALSE(free.values.contains("clip_length"));
  }
  EXPECT_EQ(choose_preset({"bair", 4, 3, 12}).why,
            "published for BAIR with actions and states, which use_state=true gives");
}

TEST(Presets, AreFittedToTheData) {
  const auto no_states = choose_preset({"video", 2, 0, 12});
  EXPECT_EQ(no_states.values["state_weight"], 0.0);
  EXPECT_NE(no_states.why.find("state_weight=0.0 because the data has no states"), std::string::npos)
      << no_states.why;
  for (const auto& [length, clip] : {std::pair<int64_t, int64_t>{6, 5}, {8, 7}, {10, 9}})
    EXPECT_EQ(choose_preset({"ucf101", 0, 0, length}).values["clip_length"], clip);
  const auto short_one = choose_preset({"bair", 0, 0, 4});
  EXPECT_EQ(short_one.values["video_sn_gan_weight"], 0.0);
  EXPECT_EQ(short_one.values["vae_gan_feature_cdist_weight"], 0.0);
  EXPECT_FALSE(choose_preset({"bair", 0, 0, 11}).values.contains("clip_length"));
}

TEST(Presets, CanBeAskedFor) {
  const auto small = choose_preset({"kth", 0, 0, 4}, "small");
  EXPECT_EQ(small.values["max_steps"], 1000);
  EXPECT_EQ(small.values["clip_length"], 3);
  const auto& entry = find_model(preset_model("small"));
  const auto hparams = entry.make_hparams();
  EXPECT_NO_THROW(entry.view(*hparams).override_from_json(small.values, "small"));
  EXPECT_EQ(choose_preset({"video", 0, 0, 12}, "kth/ours_savp").name, "kth/ours_savp");
  EXPECT_THROW(choose_preset({"video", 0, 0, 12}, "smal"), UsageError);
}

TEST(Presets, AreThoseThatWerePublished) {
  EXPECT_EQ(preset("kth/ours_savp").second["nz"], 32);
  EXPECT_EQ(preset("bair_action_free/ours_savp").second["kl_weight"], 1.0);
}

TEST(Presets, UnknownNamesAreUsageErrors) {
  try {
    preset("kth/our_savp");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean kth/ours_savp"), std::string::npos);
  }
}

}  // namespace
}  // namespace savp
