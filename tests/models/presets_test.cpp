#include "savp/models/presets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "savp/models/models.h"

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

TEST(Presets, EveryDataSetHasOne) {
  EXPECT_EQ(preset_for("kth"), "kth/ours_savp");
  EXPECT_EQ(preset_for("bair"), "bair_action_free/ours_savp");
  EXPECT_EQ(preset_for("video"), "bair_action_free/ours_savp");
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
