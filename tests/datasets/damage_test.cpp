// Every way in which a small record file can be cut or have one bit wrong, in each layout.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <torch/types.h>

#include <cmath>
#include <set>
#include <vector>

#include "core/error.h"
#include "datasets/dataset.h"
#include "io/example.h"
#include "io/image.h"
#include "io/tfrecord.h"
#include "support/scratch_test.h"
#include "support/without_rights.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRecords = 3, kSteps = 3;

std::string per_step_record(int64_t number) {
  ExampleBuilder example;
  const std::string frame(3, static_cast<char>(number));
  for (int64_t t = 0; t < kSteps; ++t) {
    const auto step = std::to_string(t);
    example.bytes(step + "/image_aux1/encoded", {frame}).floats(step + "/action", {1, 2, 3, 4});
    example.floats(step + "/endeffector_pos", {1, 2, 3});
  }
  return example.serialize();
}

std::string list_record(int64_t height, int64_t width, const std::string& frame, int64_t length = kSteps) {
  ExampleBuilder example;
  example.ints("sequence_length", {length}).ints("height", {height}).ints("width", {width});
  return example.ints("channels", {1}).bytes("images/encoded", {frame, frame, frame}).serialize();
}

// A field of a protobuf message that holds bytes; short ones, whose length takes one byte.
std::string field(int number, const std::string& bytes) {
  return concat(static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size()), bytes);
}

// A tf.train.SequenceExample: what it is made of is in TensorFlow's example.proto and feature.proto.
std::string sequence_example(int64_t number) {
  const auto frame = field(1, field(1, std::string(3, static_cast<char>(number))));  // Feature: bytes_list
  std::string frames;
  for (int64_t t = 0; t < kSteps; ++t) frames += field(1, frame);
  return field(2, field(1, field(1, "images") + field(2, frames)));
}

struct SmallFile {
  std::string dataset;
  std::string (*record)(int64_t number);
};
void PrintTo(const SmallFile& file, std::ostream* out) { *out << file.dataset; }

class Damage : public ScratchTest, public testing::WithParamInterface<SmallFile> {
 protected:
  static constexpr const char* kFile = "test/traj_0_to_2.tfrecords";

  void SetUp() override {
    ScratchTest::SetUp();
    fs::create_directories(folder_ / "test");
    TfRecordWriter writer((folder_ / kFile).string());
    for (int64_t i = 0; i < kRecords; ++i) {
      writer.write(GetParam().record(i));
      ends_.insert(ends_.empty() ? 16 + GetParam().record(i).size()
                                 : *ends_.rbegin() + 16 + GetParam().record(i).size());
    }
    writer.close();
    whole_ = read(folder_ / kFile);
    ASSERT_EQ(whole_.size(), *ends_.rbegin());
  }

  // Sequences that can be read; -1 after an error, which must tell the place.
  int64_t sequences(bool skip_bad_records) const {
    try {
      const auto dataset =
          Dataset::open_records(GetParam().dataset, folder_.string(), "test", {},
                                "sequence_length=2,use_state=" + std::string(use_state()), skip_bad_records);
      const auto stream = dataset->batches({.num_epochs = 1, .threads = 0});
      int64_t count = 0;
      while (stream->next()) ++count;
      return count;
    } catch (const DataError& error) {
      EXPECT_CONTAINS(error.what(), kFile);
      return -1;
    }
  }
  const char* use_state() const { return GetParam().dataset == "softmotion" ? "true" : "false"; }

  std::string whole_;
  std::set<size_t> ends_;  // of records
};

TEST_P(Damage, AFileCutAnywhereButBetweenRecordsIsAnError) {
  EXPECT_EQ(sequences(false), kRecords);
  for (size_t size = 0; size < whole_.size(); ++size) {
    write(kFile, whole_.substr(0, size));
    const auto sound = std::distance(ends_.begin(), ends_.upper_bound(size));
    EXPECT_EQ(sequences(false), ends_.contains(size) ? sound : -1) << size << " bytes";
    EXPECT_EQ(sequences(true), sound > 0 ? sound : -1) << size << " bytes";
  }
}

TEST_P(Damage, EveryBitCounts) {
  testing::internal::CaptureStderr();  // a warning for each
  for (size_t bit = 0; bit < whole_.size() * 8; ++bit) {
    auto bytes = whole_;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    write(kFile, bytes);
    EXPECT_EQ(sequences(false), -1) << "bit " << bit;
    EXPECT_LT(sequences(true), kRecords) << "bit " << bit;
  }
  testing::internal::GetCapturedStderr();
}

const SmallFile kSmallFiles[] = {
    {"softmotion", per_step_record},
    {"sequence_example", sequence_example},
    {"kth", [](int64_t number) { return list_record(1, 1, std::string(1, static_cast<char>(number))); }}};
INSTANTIATE_TEST_SUITE_P(Layouts, Damage, testing::ValuesIn(kSmallFiles),
                         [](const auto& info) { return info.param.dataset; });

class Claims : public ScratchTest {
 protected:
  std::string refusal(const std::string& dataset, const std::string& record) const {
    return refusal(dataset, std::vector<std::string>{record});
  }
  // What is wrong with one of the records, of which sequences of two frames are read.
  std::string refusal(const std::string& dataset, const std::vector<std::string>& records) const {
    fs::create_directories(folder_ / "test");
    TfRecordWriter writer((folder_ / "test/a.tfrecords").string());
    for (const auto& record : records) writer.write(record);
    writer.close();
    return message_of<DataError>([&] {
      const auto batches = Dataset::open_records(dataset, folder_.string(), "test", {},
                                                 "sequence_length=2,force_time_shift=false")
                               ->batches({.batch_size = 1, .num_epochs = 1});
      while (batches->next()) {
      }
    });
  }
  static std::string gray_jpeg() {
    std::ifstream file(SAVP_TEST_DATA "/fuzz/corpus/pictures/gray.jpg", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

// Sizes are believed only where the bytes are there.
TEST_F(Claims, AreCheckedBeforeMemoryIsReserved) {
  EXPECT_CONTAINS(refusal("kth", list_record(1 << 12, 1 << 12, "a")), "has 1 bytes instead of 16777216");
  EXPECT_CONTAINS(refusal("kth", list_record(1 << 14, 1 << 14, "a")), "are too large");
  EXPECT_CONTAINS(refusal("kth", list_record(int64_t{1} << 40, 1, "a")), "cannot be");
  EXPECT_CONTAINS(refusal("kth", list_record(-1, 1, "a")), "cannot be");
  const auto jpeg = gray_jpeg();
  EXPECT_CONTAINS(refusal("ucf101", list_record(1 << 12, 1 << 12, jpeg)),
                  "frame 0 of images/encoded is an image of 64x64x1 instead of 4096x4096x1");
  EXPECT_EQ(refusal("ucf101", list_record(64, 64, jpeg)), "no error");
  auto boasting = jpeg;  // height and width lie 5 bytes after the mark of the frame
  boasting.replace(boasting.find("\xFF\xC0") + 5, 4, "\xF0\x01\xF0\x01");
  EXPECT_CONTAINS(refusal("ucf101", list_record(64, 64, boasting)),
                  "frame 0 of images/encoded is an image of 61441x61441x1 instead of 64x64x1");
}

// The first record's, or what an encoded picture says of itself.
TEST_F(Claims, SizesThatAreNotStatedAreThoseKnown) {
  const auto record = [](const std::string& frame) {
    return ExampleBuilder().ints("sequence_length", {2}).bytes("images/encoded", {frame, frame}).serialize();
  };
  EXPECT_EQ(refusal("kth", {list_record(1, 2, "ab"), record("cd")}), "no error");
  EXPECT_CONTAINS(refusal("kth", {list_record(1, 2, "ab"), record("c")}), "record 1 at byte ");
  EXPECT_CONTAINS(refusal("kth", {record("cd"), list_record(1, 2, "ab")}), "feature height is missing");
  EXPECT_EQ(refusal("ucf101", {record(gray_jpeg()), record(gray_jpeg())}), "no error");
}

// Lists are read where they are used; the features of steps are checked all, as in the published code.
TEST_F(Claims, FramesThatAreNotUsed) {
  const auto list = [](const std::string& last) {
    ExampleBuilder example;
    for (const char* name : {"height", "width", "channels"}) example.ints(name, {1});
    return example.ints("sequence_length", {3}).bytes("images/encoded", {"a", "b", last}).serialize();
  };
  EXPECT_EQ(refusal("kth", {list("c"), list("too long")}), "no error");
  EXPECT_CONTAINS(refusal("kth", {list("too long"), list("c")}),
                  "frame 2 of images/encoded has 8 bytes instead of 1");
  const auto steps = [](const std::string& last) {
    ExampleBuilder example;
    const std::string frame(12, 'x');
    example.bytes("0/image_main/encoded", {frame}).bytes("1/image_main/encoded", {frame});
    return example.bytes("2/image_main/encoded", {last}).serialize();
  };
  EXPECT_CONTAINS(refusal("softmotion", {steps(std::string(12, 'x')), steps("short")}),
                  "feature 2/image_main/encoded has 5 bytes instead of 12");
  const auto pictures = [](int64_t last_size) {
    ExampleBuilder example;
    for (int64_t t = 0; t < 3; ++t) {
      const auto side = t == 2 ? last_size : 64;
      const Picture picture{side, side, 3, std::vector<uint8_t>(static_cast<size_t>(side * side * 3), 99)};
      example.bytes(concat("image_", t), {encode_jpeg(picture)});
    }
    return example.serialize();
  };
  EXPECT_EQ(refusal("humans", {pictures(64), pictures(64)}), "no error");
  EXPECT_CONTAINS(refusal("humans", {pictures(64), pictures(56)}),
                  "feature image_2 is an image of 56x56x3 instead of 64x64x3");
}

TEST_F(Claims, MoreFramesThanThereAre) {
  EXPECT_CONTAINS(refusal("kth", list_record(1, 1, "a", INT64_MAX)),
                  "holds 3 frames, but sequence_length says");
}

TEST_F(Claims, FoldersAndFilesThatMayNotBeRead) {
  ASSERT_EQ(refusal("kth", list_record(1, 1, "a")), "no error");
  const auto message_without_rights = [&] {
    return without_rights([&] {
      return message_of<DataError>(
          [&] { Dataset::open_records("kth", folder_.string(), "test", {}, "sequence_length=2"); });
    });
  };
  fs::permissions(folder_, fs::perms::all);
  fs::permissions(folder_ / "test/a.tfrecords", fs::perms::none);
  EXPECT_CONTAINS(message_without_rights(), "a.tfrecords: cannot be opened (Permission denied)");
  fs::permissions(folder_ / "test", fs::perms::none);
  EXPECT_CONTAINS(message_without_rights(), "test: may not be read (Permission denied)");
  fs::permissions(folder_ / "test", fs::perms::owner_all);
}

// --- Records of other hands, in the layout of bair

struct Bair {
  int64_t steps = 4;
  std::string frame = std::string(12, 'x');  // 2x2x3
  std::vector<float> action = {1, 2, 3, 4}, state = {1, 2, 3};
  std::string more = "";  // a further feature

  std::string record() const {
    ExampleBuilder example;
    for (int64_t t = 0; t < steps; ++t) {
      const auto step = std::to_string(t);
      example.bytes(step + "/image_aux1/encoded", {frame}).floats(step + "/action", action);
      example.floats(step + "/endeffector_pos", state);
    }
    if (!more.empty()) example.ints(more, {1});
    return example.serialize();
  }
};

class OtherRecords : public ScratchTest {
 protected:
  void write_records(const std::string& name, int64_t count, const Bair& bair = {}) const {
    fs::create_directories((folder_ / name).parent_path());
    TfRecordWriter writer((folder_ / name).string());
    for (int64_t i = 0; i < count; ++i) writer.write(bair.record());
    writer.close();
  }
  std::unique_ptr<Dataset> open(const std::string& mode, const std::string& more = "") const {
    return Dataset::open_records("bair", folder_.string(), mode, {},
                                 "sequence_length=3,use_state=true" + more);
  }
  int64_t count(const std::string& mode) const { return open(mode)->num_examples_per_epoch(); }
  static std::string failure_of_reading(const Dataset& data) {
    return message_of<DataError>([&] { data.batches({.num_epochs = 1})->next(); });
  }
};

TEST_F(OtherRecords, WhatToolsPutBesideRecordsIsNone) {
  write_records("train/traj_0_to_1.tfrecords", 2);
  for (const char* ending : {".md5", ".idx", ".part", ".bak", ".crdownload", ".tmp123", "~", ".gz"})
    write(concat("train/traj_0_to_1.tfrecords", ending), "of no use");
  EXPECT_EQ(count("train"), 2);
  write_records("train/a.TFRECORD", 1);
  write_records("train/b.tfrec", 1);
  write_records("train/c.record-00000-of-00002", 1);
  write_records("train/d.tfrecord-00001", 1);
  EXPECT_EQ(count("train"), 6);
}

TEST_F(OtherRecords, FoldersForSplitsAreKept) {
  write_records("Training/a.tfrecords", 3);
  write_records("validation/a.tfrecords", 2);
  write_records("outtakes/a.tfrecords", 5);
  write_records("stray.tfrecords", 4);
  testing::internal::CaptureStderr();
  EXPECT_EQ(count("train"), 3);
  EXPECT_EQ(count("val"), 2);
  EXPECT_CONTAINS(testing::internal::GetCapturedStderr(), "1 record file (stray.tfrecords)");
  EXPECT_CONTAINS(message_of<DataError>([&] { open("test"); }), "there are records in it and in");
  fs::remove(folder_ / "stray.tfrecords");
  EXPECT_THROW(open("test"), MissingSplitError);
  write_records("train/a.tfrecords", 1);
  EXPECT_CONTAINS(message_of<DataError>([&] { open("train"); }), "both Training and train are for train");
}

TEST_F(OtherRecords, RecordsAreCountedWhateverTheNamesSay) {
  write_records("train/traj_0_to_7.tfrecords", 4);
  write_records("train/traj_8_to_15.tfrecords", 8);
  EXPECT_EQ(count("train"), 12);
}

// Reading one would wait for ever.
TEST_F(OtherRecords, PipesBesideAndAmongRecords) {
  write_records("train/a.tfrecords", 2);
  for (const char* name : {"train/notes.txt", "train/more.npy"})
    ASSERT_EQ(::mkfifo((folder_ / name).c_str(), 0600), 0);
  EXPECT_EQ(count("train"), 2);
  for (const char* name : {"dataset.json", "train/b.tfrecords"}) {
    ASSERT_EQ(::mkfifo((folder_ / name).c_str(), 0600), 0);
    EXPECT_CONTAINS(message_of<DataError>([&] {
                      infer_record_dataset(folder_.string(), "train");
                      const auto stream = open("train")->batches({.num_epochs = 1});
                      while (stream->next()) continue;
                    }),
                    std::string(name));
    fs::remove(folder_ / name);
  }
}

TEST_F(OtherRecords, FramesMayBeJpegs) {
  const Picture picture{16, 24, 3, std::vector<uint8_t>(16 * 24 * 3, 90)};
  write_records("train/a.tfrecords", 1, {.frame = encode_jpeg(picture)});
  const auto data = open("train");
  EXPECT_EQ(data->shape().width, 24);
  EXPECT_NEAR(data->batches({.num_epochs = 1})->next()->images.mean().item<float>() * 255, 90, 1);
}

TEST_F(OtherRecords, StatesAndActionsMayBeOfOtherSizes) {
  write_records("train/a.tfrecords", 1, {.action = {1, 2}, .state = {1, 2, 3, 4, 5}});
  const auto data = open("train");
  EXPECT_EQ(data->shape().states, 5);
  EXPECT_EQ(data->shape().actions, 2);
  write_records("train/b.tfrecords", 1);
  const auto stream = open("train")->batches({.num_epochs = 1});
  const auto refused = message_of<DataError>([&] {
    while (stream->next()) continue;
  });
  EXPECT_CONTAINS(refused,
                  "b.tfrecords, record 0 at byte 0: feature 0/endeffector_pos holds 3 numbers instead of 5");
}

TEST_F(OtherRecords, NumbersOutOfRangeAreNamed) {
  for (const auto& [value, said] : {std::pair{NAN, "the value nan (number 1), which is not finite"},
                                    {-INFINITY, "the value -inf (number 1), which is not finite"},
                                    {1e30F, "the value 1e+30 (number 1), which is out of range"}}) {
    write_records("train/a.tfrecords", 1);
    write_records("train/b.tfrecords", 1, {.action = {0, value, 0, 0}});
    const auto data = open("train");
    const auto stream = data->batches({.num_epochs = 1});
    const auto refused = message_of<DataError>([&] {
      while (stream->next()) continue;
    });
    EXPECT_CONTAINS(refused, "b.tfrecords, record 0 at byte 0: feature 0/action holds " + std::string(said));
  }
  ExampleBuilder clip;
  clip.ints("sequence_length", {3}).ints("height", {1}).ints("width", {1}).ints("channels", {1});
  const std::string half("\0\0\0\x3F", 4), two("\0\0\0\x40", 4);
  clip.bytes("images/encoded", {half, two, half}).bytes("images/format", {"float32"});
  TfRecordWriter writer((folder_ / "train/c.tfrecords").string());
  writer.write(clip.serialize());
  writer.close();
  for (const char* name : {"train/a.tfrecords", "train/b.tfrecords"}) fs::remove(folder_ / name);
  const auto data =
      Dataset::open_records("video", folder_.string(), "train", {}, "sequence_length=3,context_frames=1");
  EXPECT_CONTAINS(failure_of_reading(*data),
                  "record 0 at byte 0: frame 1 of images/encoded holds the value 2");
}

// A matcher that recurses over the name would end the program.
TEST_F(OtherRecords, NamesOfAnyLength) {
  for (const auto& name :
       {std::string(100000, 'a'), "0/" + std::string(60000, 'b'), std::string(100000, '1')}) {
    write_records("train/a.tfrecords", 1, {.more = name});
    EXPECT_EQ(count("train"), 1);
    EXPECT_EQ(infer_record_dataset(folder_.string(), "train"), "softmotion");
  }
  ExampleBuilder odd;
  odd.ints("7/odd\x1b[31m" + std::string(100000, 'c'), {1});
  TfRecordWriter writer((folder_ / "train/a.tfrecords").string());
  writer.write(odd.serialize());
  writer.close();
  const auto said = message_of<DataError>([&] { infer_record_dataset(folder_.string(), "train"); });
  EXPECT_CONTAINS(said, "a.tfrecords, record 0 at byte 0");
  EXPECT_CONTAINS(said, "does not look like a known dataset: it has the features %d/odd\\x1b[31mccc");
  EXPECT_LT(said.size(), 1000U);
}

}  // namespace
}  // namespace savp
