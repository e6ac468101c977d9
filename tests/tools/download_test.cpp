// The download scripts, with a folder or a server of this machine in the place of the network.
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>

#include "core/hparams.h"
#include "io/sha256.h"
#include "support/http_server.h"
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
    const auto command = concat(
        "cd '", folder_.string(),
        "' && env -u http_proxy -u https_proxy -u all_proxy -u HTTPS_PROXY -u ALL_PROXY SAVP_PREPROCESS='",
        SAVP_BIN, "/savp_preprocess' SAVP_DATA_DIR=data SAVP_MODELS_DIR=models ", variables, " '",
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
  void write_model() const {
    write("model/model-300000.index", "index");
    pack("tar -czf mirror/kth_ours_vae_l1.tar.gz -C model .");
  }
  void write_bair(const std::string& extra = "") const {
    for (const char* name : {"train/traj_0_to_255", "train/traj_256_to_511", "test/traj_0_to_255"})
      write(concat("softmotion30_44k/", name, ".tfrecords"), concat(name, extra));
    pack("tar -cf mirror/bair_robot_pushing_dataset_v0.tar softmotion30_44k");
  }
};

TEST_F(Download, WithoutANetworkItSaysSo) {
  const LocalPort nobody;
  const auto nowhere = "SAVP_MIRROR=" + nobody.url();
  const auto data = get_data(nowhere, "bair");
  EXPECT_EQ(data.code, 3);
  EXPECT_CONTAINS(data.text, "bair_robot_pushing_dataset_v0.tar cannot be downloaded: is there a network?");
  const auto model = get_model(nowhere, "bair ours_savp --unchecked");
  EXPECT_EQ(model.code, 3);
  EXPECT_CONTAINS(model.text, "bair_ours_savp.tar.gz cannot be downloaded");
  EXPECT_FALSE(fs::exists(folder_ / "data/bair"));
  EXPECT_FALSE(fs::exists(folder_ / "models/bair/ours_savp"));
}

TEST_F(Download, WrongUseIsRefused) {
  for (const char* arguments : {"", "bear", "bair 64", "kth big", "kth 64 64", "bair --force"})
    EXPECT_EQ(get_data("", arguments).code, 2) << arguments;
  for (const char* arguments : {"", "kth", "kth ours_savp --sha256 12", "kth ours_savp --force"})
    EXPECT_EQ(get_model("", arguments).code, 2) << arguments;
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
  EXPECT_CONTAINS(get_data("SAVP_MIRROR=file:///nowhere", "bair").text, "is there already");
}

TEST_F(Download, ChecksumsAreCompared) {
  write_bair();
  const auto got = get_data(mirror(), "bair");
  EXPECT_EQ(got.code, 3);
  EXPECT_CONTAINS(got.text, "is damaged or has changed");
  EXPECT_FALSE(fs::exists(folder_ / "data/bair"));
}

TEST_F(Download, WithoutAKnownChecksumItIsRefused) {
  write_model();
  const auto refused = get_model(mirror(), "kth ours_vae");
  EXPECT_EQ(refused.code, 3);
  EXPECT_CONTAINS(refused.text, "kth_ours_vae_l1.tar.gz: no checksum of it is known");
  EXPECT_CONTAINS(refused.text, "give --unchecked to take it as it is");
  EXPECT_FALSE(fs::exists(folder_ / "models"));
  const auto sum = sha256_of_file((folder_ / "mirror/kth_ours_vae_l1.tar.gz").string());
  const auto wrong = get_model(mirror(), "kth ours_vae --sha256 " + std::string(64, '0'));
  EXPECT_EQ(wrong.code, 3);
  EXPECT_CONTAINS(wrong.text, "is damaged or has changed");
  EXPECT_EQ(get_model(mirror(), "kth ours_vae --sha256 " + sum).code, 0);
  fs::remove_all(folder_ / "models");
  EXPECT_CONTAINS(get_model(mirror(), "kth ours_vae --unchecked").text, "has the SHA-256 " + sum);
  const auto data = get_data(mirror(), "kth");
  EXPECT_EQ(data.code, 3);
  EXPECT_CONTAINS(data.text, "kth_meta.tar.gz: no checksum of it is known");
}

TEST_F(Download, ContinuesWhereItStopped) {
  write_bair(std::string(100000, 'x'));
  const auto whole = read(folder_ / "mirror/bair_robot_pushing_dataset_v0.tar");
  const HttpServer server(folder_ / "mirror", HttpServer::Ranges::kGiven);
  write("data/.bair.download/bair.tar.part", std::string(1000, '?') + whole.substr(1000, 49000));
  const auto got = get_data("SAVP_ANY_CHECKSUM=1 SAVP_KEEP_DOWNLOADS=1 SAVP_MIRROR=" + server.url(), "bair");
  const auto bytes = read(folder_ / "data/.bair.download/bair.tar");
  EXPECT_EQ(bytes.size(), whole.size()) << got.text;
  EXPECT_EQ(bytes.substr(0, 3), "???") << "what was there is kept";
  EXPECT_EQ(bytes.substr(50000), whole.substr(50000));
  EXPECT_EQ(server.sent(), std::vector<size_t>{whole.size() - 50000});
}

TEST_F(Download, StartsAnewWhereTheServerCannotContinue) {
  write_bair();
  const HttpServer server(folder_ / "mirror", HttpServer::Ranges::kIgnored);
  write("data/.bair.download/bair.tar.part", std::string(5000, '?'));
  const auto got = get_data("SAVP_ANY_CHECKSUM=1 SAVP_MIRROR=" + server.url(), "bair");
  EXPECT_EQ(got.code, 0) << got.text;
  EXPECT_CONTAINS(got.text, "the server cannot continue an interrupted download: starting anew");
  EXPECT_EQ(read(folder_ / "data/bair/val/traj_256_to_511.tfrecords"), "train/traj_256_to_511");
  const HttpServer empty(folder_ / "empty", HttpServer::Ranges::kIgnored);
  write("models/bair/.ours_savp.tar.gz.part", "begun");
  EXPECT_EQ(get_model("SAVP_MIRROR=" + empty.url(), "bair ours_savp --unchecked").code, 3);
  EXPECT_EQ(read(folder_ / "models/bair/.ours_savp.tar.gz.part"), "begun") << "what was there is kept";
}

// Of an earlier version of the file, shorter or longer.
TEST_F(Download, StartsAnewWhereTheBeginningIsOfAnotherFile) {
  write_model();
  const HttpServer server(folder_ / "mirror", HttpServer::Ranges::kGiven);
  const auto archive = folder_ / "mirror/kth_ours_vae_l1.tar.gz";
  const auto flags = "kth ours_vae --sha256 " + sha256_of_file(archive.string());
  for (const size_t size : {size_t{10}, fs::file_size(archive) + 10}) {
    write("models/kth/.ours_vae.tar.gz.part", std::string(size, '?'));
    const auto got = get_model("SAVP_MIRROR=" + server.url(), flags);
    EXPECT_EQ(got.code, 0) << got.text;
    EXPECT_CONTAINS(got.text, "starting anew");
    EXPECT_EQ(read(folder_ / "models/kth/ours_vae/model-300000.index"), "index");
    fs::remove_all(folder_ / "models");
  }
}

TEST_F(Download, NothingIsUnpackedElsewhere) {
  write("model/model-1.index", "index");
  write("evil", "evil");
  const std::pair<const char*, const char*> archives[] = {
      {"tar -C model -czPf mirror/kth_ours_vae_l1.tar.gz model-1.index ../evil", "holds ../evil"},
      {"tar -czPf mirror/kth_ours_vae_l1.tar.gz \"$PWD/evil\"", "/evil, which would lie outside"},
      {"ln -sf ../../../evil model/link && tar -C model -czf mirror/kth_ours_vae_l1.tar.gz .",
       "holds ../../../evil"},
      {"ln -sf /etc/hostname model/link && tar -C model -czf mirror/kth_ours_vae_l1.tar.gz .",
       "holds /etc/hostname"},
      {"rm model/link; mkfifo model/pipe && tar -C model -czf mirror/kth_ours_vae_l1.tar.gz .",
       "holds ./pipe"}};
  for (const auto& [command, expected] : archives) {
    pack(command);
    const auto got = get_model(mirror(), "kth ours_vae --unchecked");
    EXPECT_EQ(got.code, 3) << command;
    EXPECT_CONTAINS(got.text, expected);
    EXPECT_FALSE(fs::exists(folder_ / "models/kth/ours_vae"));
    fs::remove_all(folder_ / "models");
  }
}

TEST_F(Download, WhatIsUnpackedBelongsToTheUser) {
  write("model/model-1.index", "index");
  write("model/tool", "tool");
  fs::create_symlink("tool", folder_ / "model/link");
  ::chmod((folder_ / "model/tool").c_str(), 04777);
  pack("tar --owner=4321 --group=4321 -C model -czf mirror/kth_ours_vae_l1.tar.gz .");
  ASSERT_EQ(get_model(mirror(), "kth ours_vae --unchecked").code, 0);
  struct stat tool {};
  ASSERT_EQ(::stat((folder_ / "models/kth/ours_vae/tool").c_str(), &tool), 0);
  EXPECT_EQ(tool.st_uid, ::geteuid());
  EXPECT_EQ(tool.st_mode & 07022U, 0U) << "neither for others to write nor with another's rights";
  EXPECT_EQ(read(folder_ / "models/kth/ours_vae/link"), "tool") << "a link within the folder";
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
  const auto without = get_data(lax_mirror(), "kth 32 --unchecked");
  EXPECT_EQ(without.code, 3);
  EXPECT_CONTAINS(without.text, "the metadata cannot be had: try again, or give --whole_videos");
  const auto got = get_data(lax_mirror(), "kth 32 --whole_videos");
  ASSERT_EQ(got.code, 0) << got.text;
  const auto manifest = Json::parse(read(folder_ / "data/kth_32/dataset.json"));
  EXPECT_EQ(manifest["sequences"], (Json{{"train", 11}, {"val", 1}, {"test", 6}}));
  EXPECT_EQ(manifest["height"], 32);
}

TEST_F(Download, AModelGoesToItsFolder) {
  write_model();
  const auto got = get_model(mirror(), "kth ours_vae --unchecked");
  EXPECT_EQ(got.code, 0) << got.text;
  EXPECT_EQ(read(folder_ / "models/kth/ours_vae/model-300000.index"), "index");
}

}  // namespace
}  // namespace savp
