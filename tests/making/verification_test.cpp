#include "making/verification.h"

#include <cmath>

#include "io/example.h"
#include "io/gif.h"
#include "io/tfrecord.h"
#include "making/toy_data.h"
#include "making/video_data.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

struct Verdict {
  std::string summary, findings, error;
};

class Verification : public ScratchTest {
 protected:
  Verdict verify(const fs::path& folder) const {
    VerifyOptions options;
    options.input_dir = folder.string();
    options.threads = 2;
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    Verdict verdict;
    verdict.error = message_of<DataError>([&] { verify_data(options); });
    verdict.summary = testing::internal::GetCapturedStdout();
    verdict.findings = testing::internal::GetCapturedStderr();
    return verdict;
  }
  fs::path make_toy() const {
    ToyDataOptions options;
    options.output_dir = (folder_ / "toy").string();
    options.num_train = 3, options.num_val = 2, options.num_test = 1, options.length = 4, options.size = 16;
    make_toy_data(options);
    return options.output_dir;
  }
  fs::path make_clips() const {
    for (int i = 0; i < 6; ++i) {
      std::vector<Picture> clip;
      for (int t = 0; t < 12 + i; ++t)
        clip.push_back({8, 8, 1, std::vector<uint8_t>(64, static_cast<uint8_t>(t))});
      write_gif(folder_ / "in" / concat(i, ".gif"), clip, 10);
    }
    VideoDataOptions options;
    options.input_dir = (folder_ / "in").string();
    options.output_dir = (folder_ / "clips").string();
    options.size = "0";
    make_video_data(options);
    return options.output_dir;
  }
};

TEST_F(Verification, SoundDataSets) {
  const auto toy = verify(make_toy());
  EXPECT_EQ(toy.error, "no error") << toy.findings;
  EXPECT_CONTAINS(toy.summary, "train: 3 sequences in 1 file, ");
  EXPECT_CONTAINS(toy.summary, "4 frames of 16x16x3, 3 states, 4 actions");
  EXPECT_CONTAINS(toy.summary, "sound\n");
  const auto clips = verify(make_clips());
  EXPECT_EQ(clips.error, "no error") << clips.findings;
  EXPECT_CONTAINS(clips.summary, "of 8x8x3");
  EXPECT_EQ(verify(folder_ / "clips/train").error, "no error") << "a split alone";
}

TEST_F(Verification, DamageIsFoundWithItsPlace) {
  const auto file = make_toy() / "train/traj_0_to_2.tfrecords";
  auto bytes = read(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);  // in the second record
  write("toy/train/traj_0_to_2.tfrecords", bytes);
  const auto verdict = verify(folder_ / "toy");
  EXPECT_CONTAINS(verdict.findings, file.string() + ", record 1 at byte ");
  EXPECT_CONTAINS(verdict.findings, "SHA-256");
  EXPECT_CONTAINS(verdict.error, "toy: 2 findings");
  EXPECT_EQ(verdict.summary.find("sound"), std::string::npos);
}

// Where a number lies in a record is found by its bytes.
TEST_F(Verification, NumbersThatAreNone) {
  const auto file = make_toy() / "train/traj_0_to_2.tfrecords";
  fs::remove(folder_ / "toy/dataset.json");
  std::vector<std::string> records;
  for (TfRecordReader reader(file.string()); auto record = reader.next();) records.push_back(*record);
  const auto values = ExampleView(records.at(1)).get("2/action", FeatureView::Kind::kFloats).floats();
  for (const auto& [value, said] : {std::pair{NAN, "the value nan (number 1), which is not finite"},
                                    {INFINITY, "the value inf (number 1), which is not finite"},
                                    {1e30F, "the value 1e+30 (number 1), which is out of range"}}) {
    auto changed = values;
    changed.at(1) = value;
    TfRecordWriter writer(file.string());
    for (const auto& record : records) {
      auto bytes = record;
      if (&record == &records.at(1)) {
        const auto as_bytes = [](const std::vector<float>& floats) {
          return std::string(reinterpret_cast<const char*>(floats.data()), floats.size() * sizeof(float));
        };
        const auto place = bytes.find(as_bytes(values));
        ASSERT_NE(place, std::string::npos);
        bytes.replace(place, values.size() * sizeof(float), as_bytes(changed));
      }
      writer.write(bytes);
    }
    writer.close();
    const auto findings = verify(folder_ / "toy").findings;
    EXPECT_CONTAINS(findings, file.string() + ", record 1 at byte ");
    EXPECT_CONTAINS(findings, concat("/action holds ", said));
  }
}

TEST_F(Verification, CountsMustAgree) {
  const auto folder = make_toy();
  fs::remove(folder / "dataset.json");
  fs::rename(folder / "train/traj_0_to_2.tfrecords", folder / "train/traj_0_to_3.tfrecords");
  EXPECT_CONTAINS(verify(folder).findings, "traj_0_to_3.tfrecords: the name says 4 records, there are 3");
  const auto clips = make_clips();
  fs::remove(clips / "dataset.json");
  auto lengths = read(clips / "train/sequence_lengths.txt");
  write("clips/train/sequence_lengths.txt", "99" + lengths.substr(2));
  EXPECT_CONTAINS(verify(clips).findings,
                  "sequence_lengths.txt, line 1: says 99 frames, record 0 of sequence_0_to_3.tfrecords has ");
  write("clips/train/sequence_lengths.txt", lengths + "12\n");
  EXPECT_CONTAINS(verify(clips).findings, "sequence_lengths.txt: has 5 lines, there are 4 records");
  write("clips/train/sequence_lengths.txt", "many\n" + lengths);
  EXPECT_CONTAINS(verify(clips).findings, "sequence_lengths.txt, line 1: \"many\" is no number of frames");
}

TEST_F(Verification, TheManifestMustAgree) {
  const auto folder = make_toy();
  auto manifest = Json::parse(read(folder / "dataset.json"));
  manifest["sequences"]["val"] = 7;
  manifest["files"].push_back({{"path", "train/more.tfrecords"}, {"bytes", 1}, {"sha256", ""}});
  write("toy/dataset.json", manifest.dump());
  const auto verdict = verify(folder);
  EXPECT_CONTAINS(verdict.findings, "says 7 sequences for val, there are 2");
  EXPECT_CONTAINS(verdict.findings, "more.tfrecords: is listed in dataset.json, but missing");
  EXPECT_CONTAINS(verdict.error, "2 findings");
  for (const char* other : {R"({"dataset": "bair", "files": [3]})", R"({"dataset": "bair", "files": {}})",
                            R"({"dataset": "bair", "sequences": [1]})"}) {
    write("toy/dataset.json", other);
    EXPECT_CONTAINS(verify(folder).findings, "dataset.json: is not what savp_preprocess writes") << other;
  }
  for (const auto& text : {std::string("[]"), std::string(1 << 20, '[')}) {
    write("toy/dataset.json", text);
    EXPECT_CONTAINS(verify(folder).error, "dataset.json: is not JSON like");
  }
  for (const char* path : {"/etc/passwd", "../toy/train", "a/../../b", ""}) {
    write("toy/dataset.json", Json{{"dataset", "bair"}, {"files", {{{"path", path}, {"bytes", 1}}}}}.dump());
    EXPECT_CONTAINS(verify(folder).findings, "which is not in the folder") << path;
  }
  write("toy/dataset.json", R"({"dataset": "bair"})");
  EXPECT_EQ(verify(folder).error, "no error") << "all that a folder of one's own needs";
}

TEST_F(Verification, PicturesOfSplitsMustBeOfOneSize) {
  const auto folder = make_toy();
  ToyDataOptions options;
  options.output_dir = (folder_ / "other").string();
  options.num_train = 0, options.num_val = 1, options.num_test = 0, options.length = 4, options.size = 32;
  make_toy_data(options);
  fs::remove(folder / "dataset.json");
  fs::copy(folder_ / "other/val/traj_0_to_0.tfrecords", folder / "val/traj_0_to_0.tfrecords");
  EXPECT_CONTAINS(verify(folder).findings, "instead of ");
}

// Cut anywhere, a file gives one finding or more, and never less than it holds is counted.
TEST_F(Verification, TruncatedFilesAreFound) {
  const auto file = make_toy() / "test/traj_0_to_0.tfrecords";
  fs::remove(folder_ / "toy/dataset.json");
  const auto whole = read(file);
  for (const size_t length : {size_t{0}, size_t{5}, size_t{13}, whole.size() / 2, whole.size() - 1}) {
    write("toy/test/traj_0_to_0.tfrecords", whole.substr(0, length));
    const auto verdict = verify(folder_ / "toy");
    EXPECT_CONTAINS(verdict.findings, "test/traj_0_to_0.tfrecords");
    EXPECT_NE(verdict.error, "no error") << length;
  }
}

TEST_F(Verification, FoldersWithoutRecords) {
  EXPECT_CONTAINS(verify(folder_ / "none").error, "none: no such folder");
  fs::create_directories(folder_ / "empty");
  EXPECT_CONTAINS(verify(folder_ / "empty").error, "no record files");
}

}  // namespace
}  // namespace savp
