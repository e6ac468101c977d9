// The download scripts, with a folder in the place of the network.
#include <sys/wait.h>

#include <cstdlib>

#include "core/hparams.h"
#include "support/scratch_test.h"
#include "support/written_video.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class Download : public ScratchTest {
 protected:
  struct Outcome {
    int code;
    std::string text;
  };
  // Variables for the environment come before the script: "SAVP_MIRROR=... script arguments".
  Outcome run(const std::string& variables, const std::string& script, const std::string& arguments) const {
    const auto command =
        concat("cd '", folder_.string(), "' && env -u http_proxy -u https_proxy SAVP_PREPROCESS='", SAVP_BIN,
               "/savp_preprocess' SAVP_DATA_DIR=data SAVP_MODELS_DIR=models ", variables, " '",
               SAVP_SOURCE_DIR, "/", script, "' ", arguments, " >said 2>&1");
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(folder_ / "said")};
  }
  Outcome get_data(const std::string& variables, const std::string& arguments) const {
    return run(variables, "data/download_and_preprocess_dataset.sh", arguments);
  }
  Outcome get_model(const std::string& variables, const std::string& arguments) const {
    return run(variables, "pretrained_models/download_model.sh", arguments);
  }
  std::string mirror() const { return concat("SAVP_MIRROR='file://", folder_.string(), "/mirror'"); }
  std::string lax_mirror() const { return mirror() + " SAVP_ANY_CHECKSUM=1"; }

  // Makes an archive of a folder in the mirror.
  void pack(const std::string& command) const {
    fs::create_directories(folder_ / "mirror");
    ASSERT_EQ(std::system(concat("cd '", folder_.string(), "' && ", command).c_str()), 0);
  }
  void write_bair(const std::string& extra = "") const {
    for (const char* name : {"train/traj_0_to_255", "train/traj_256_to_511", "test/traj_0_to_255"})
      write(concat("softmotion30_44k/", name, ".tfrecords"), concat(name, extra));
    pack("tar -cf mirror/bair_robot_pushing_dataset_v0.tar softmotion30_44k");
  }
};

TEST_F(Download, WithoutANetworkItSaysSo) {
  const auto data = get_data("SAVP_MIRROR=http://localhost:9", "bair");
  EXPECT_EQ(data.code, 1);
  EXPECT_CONTAINS(data.text, "bair_robot_pushing_dataset_v0.tar cannot be downloaded: is there a network?");
  const auto model = get_model("SAVP_MIRROR=http://localhost:9", "bair ours_savp");
  EXPECT_EQ(model.code, 1);
  EXPECT_CONTAINS(model.text, "bair_ours_savp.tar.gz cannot be downloaded");
  EXPECT_FALSE(fs::exists(folder_ / "data/bair"));
  EXPECT_FALSE(fs::exists(folder_ / "models/bair/ours_savp"));
}

TEST_F(Download, WrongUseIsRefused) {
  for (const char* arguments : {"", "bear", "bair 64", "kth big", "kth 64 64"})
    EXPECT_EQ(get_data("", arguments).code, 1) << arguments;
  EXPECT_CONTAINS(get_data("", "bair 64").text, "IMAGE_SIZE is for kth alone");
  EXPECT_CONTAINS(get_model("", "kth ours").text, "choose one of ours_deterministic");
  EXPECT_CONTAINS(get_model("", "bear ours_savp").text, "there are no models for bear");
  EXPECT_EQ(get_data("", "--help").code, 0);
  EXPECT_EQ(get_model("", "--help").code, 0);
}

TEST_F(Download, BairFromItsArchive) {
  write_bair();
  const auto got = get_data(lax_mirror(), "bair");
  ASSERT_EQ(got.code, 0) << got.text;
  const auto manifest = Json::parse(read(folder_ / "data/bair/dataset.json"));
  EXPECT_EQ(manifest["sequences"], (Json{{"train", 256}, {"val", 256}, {"test", 256}}));
  EXPECT_EQ(read(folder_ / "data/bair/val/traj_256_to_511.tfrecords"), "train/traj_256_to_511");
  EXPECT_FALSE(fs::exists(folder_ / "data/.bair.download")) << "downloads are deleted";
  EXPECT_CONTAINS(get_data("SAVP_MIRROR=http://localhost:9", "bair").text, "is there already");
}

TEST_F(Download, ChecksumsAreCompared) {
  write_bair();
  const auto got = get_data(mirror(), "bair");
  EXPECT_EQ(got.code, 1);
  EXPECT_CONTAINS(got.text, "is damaged or has changed");
  EXPECT_FALSE(fs::exists(folder_ / "data/bair"));
}

TEST_F(Download, GoesOnWhereItStopped) {
  write_bair(std::string(100000, 'x'));
  const auto whole = read(folder_ / "mirror/bair_robot_pushing_dataset_v0.tar");
  write("data/.bair.download/bair.tar.part", std::string(1000, '?') + whole.substr(1000, 49000));
  const auto got = get_data(lax_mirror() + " SAVP_KEEP_DOWNLOADS=1", "bair");
  const auto bytes = read(folder_ / "data/.bair.download/bair.tar");
  EXPECT_EQ(bytes.size(), whole.size()) << got.text;
  EXPECT_EQ(bytes.substr(0, 3), "???") << "what was there is kept";
  EXPECT_EQ(bytes.substr(50000), whole.substr(50000));
}

TEST_F(Download, KthFromItsArchives) {
  for (const char* action : {"walking", "jogging", "running", "boxing", "handwaving", "handclapping"}) {
    for (const char* person : {"01", "02", "17"}) {
      const auto path = folder_ / action / concat("person", person, "_", action, "_d1_uncomp.avi");
      fs::create_directories(path.parent_path());
      write_video(path, {.frames = 3, .fps = 25});
    }
    // Zip archives without the program zip: Python's is there wherever the tests of downloads are.
    pack(concat("cd ", action, " && python3 -m zipfile -c ../mirror/", action, ".zip person*"));
  }
  const auto got = get_data(lax_mirror(), "kth 32");
  ASSERT_EQ(got.code, 0) << got.text;
  EXPECT_CONTAINS(got.text, "the metadata cannot be had");
  const auto manifest = Json::parse(read(folder_ / "data/kth_32/dataset.json"));
  EXPECT_EQ(manifest["sequences"], (Json{{"train", 11}, {"val", 1}, {"test", 6}}));
  EXPECT_EQ(manifest["height"], 32);
}

TEST_F(Download, AModelGoesToItsFolder) {
  write("model/model-300000.index", "index");
  pack("tar -czf mirror/kth_ours_vae_l1.tar.gz -C model .");
  const auto got = get_model(mirror(), "kth ours_vae");
  EXPECT_EQ(got.code, 0) << got.text;
  EXPECT_EQ(read(folder_ / "models/kth/ours_vae/model-300000.index"), "index");
}

}  // namespace
}  // namespace savp
