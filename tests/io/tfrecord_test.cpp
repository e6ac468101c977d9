#include "io/tfrecord.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/error.h"
#include "support/scratch.h"

namespace savp {
namespace {

class TfRecord : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  const ScratchFolder folder_;
};

void write_records(const std::string& path, const std::vector<std::string>& records) {
  TfRecordWriter writer(path);
  for (const auto& record : records) writer.write(record);
  writer.close();
}

std::vector<std::string> read_all(const std::string& path) {
  TfRecordReader reader(path);
  std::vector<std::string> records;
  while (auto record = reader.next()) records.push_back(std::move(*record));
  return records;
}

// What reading the file says, or empty text.
std::string complaint(const std::string& path) {
  try {
    read_all(path);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST_F(TfRecord, ReturnsWhatWasWritten) {
  const std::vector<std::string> records = {"first", "", std::string(100000, 'x')};
  write_records(path("a.tfrecords"), records);
  EXPECT_EQ(read_all(path("a.tfrecords")), records);
  EXPECT_EQ(count_records(path("a.tfrecords")), 3);
}

TEST_F(TfRecord, CopyOfATensorFlowFileIsTheSameFile) {
  const std::string original = SAVP_TEST_DATA "/golden/data/C_bad_inputs/good/traj_0_to_2.tfrecords";
  std::ifstream file(original, std::ios::binary);
  write_records(path("copy.tfrecords"), read_all(original));
  EXPECT_EQ(folder_.read("copy.tfrecords"), std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST_F(TfRecord, LocatedRecordsAreReadInAnyOrder) {
  write_records(path("a.tfrecords"), {"one", "two", "three"});
  TfRecordReader reader(path("a.tfrecords"));
  const auto one = reader.locate(), two = reader.locate(), three = reader.locate();
  EXPECT_FALSE(reader.locate());
  std::string data;
  read_record(*three, data);
  EXPECT_EQ(data, "three");
  read_record(*one, data);
  EXPECT_EQ(data, "one");
  EXPECT_EQ(two->record, 1);
  EXPECT_EQ(two->offset, 19);
}

TEST_F(TfRecord, EveryTruncationIsAnErrorThatSaysWhere) {
  write_records(path("whole.tfrecords"), {"first", "second"});
  const auto whole = folder_.read("whole.tfrecords");
  const size_t second = 12 + 5 + 4;  // where the second frame starts
  for (size_t size = 0; size < whole.size(); ++size) {
    folder_.write("cut.tfrecords", whole.substr(0, size));
    const auto message = complaint(path("cut.tfrecords"));
    if (size == 0 || size == second) {
      EXPECT_EQ(message, "") << size;  // ends between two records
      continue;
    }
    const auto where = size < second ? "record 0 at byte 0" : "record 1 at byte 21";
    EXPECT_NE(message.find(path("cut.tfrecords") + ", " + where), std::string::npos)
        << size << ": " << message;
    EXPECT_NE(message.find("cut off"), std::string::npos) << size << ": " << message;
  }
}

TEST_F(TfRecord, EveryFlippedBitIsAnErrorThatSaysWhere) {
  write_records(path("whole.tfrecords"), {"first", "second"});
  const auto whole = folder_.read("whole.tfrecords");
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    auto damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    folder_.write("damaged.tfrecords", damaged);
    const auto message = complaint(path("damaged.tfrecords"));
    EXPECT_NE(message.find(bit / 8 < 21 ? "record 0 at byte 0" : "record 1 at byte 21"), std::string::npos)
        << bit;
  }
}

TEST_F(TfRecord, ReadsTheSoundRecordsBeforeTheDamage) {
  for (const auto& [name, sound] : std::vector<std::pair<std::string, int>>{{"truncated_data", 1},
                                                                            {"truncated_header", 2},
                                                                            {"truncated_first_header", 0},
                                                                            {"truncated_footer", 2},
                                                                            {"length_crc", 1},
                                                                            {"length_value", 0},
                                                                            {"data_crc", 1},
                                                                            {"data_byte", 0},
                                                                            {"junk_text", 0},
                                                                            {"junk_zeros", 0},
                                                                            {"zlib", 0}}) {
    TfRecordReader reader(SAVP_TEST_DATA "/golden/data/C_bad_inputs/" + name + "/traj_0_to_2.tfrecords");
    for (int i = 0; i < sound; ++i) EXPECT_TRUE(reader.next()) << name;
    EXPECT_THROW(reader.next(), DataError) << name;
  }
}

TEST_F(TfRecord, SaysThatCompressedFilesAreNotRead) {
  const std::string folder = SAVP_TEST_DATA "/golden/data/C_bad_inputs/";
  EXPECT_NE(complaint(folder + "gzip/traj_0_to_2.tfrecords.gz").find("gzip"), std::string::npos);
  EXPECT_NE(complaint(folder + "zlib/traj_0_to_2.tfrecords").find("zlib"), std::string::npos);
}

TEST_F(TfRecord, MissingFilesAndFoldersAreErrors) {
  EXPECT_THROW(TfRecordReader(path("none.tfrecords")), DataError);
  EXPECT_THROW(TfRecordReader(folder_.path().string()), DataError);
  EXPECT_THROW(TfRecordWriter(path("no/such/folder.tfrecords")), DataError);
}

TEST_F(TfRecord, AnUnfinishedWriterLeavesTheOldFile) {
  write_records(path("a.tfrecords"), {"old"});
  {
    TfRecordWriter writer(path("a.tfrecords"));
    writer.write("new");
  }
  EXPECT_EQ(read_all(path("a.tfrecords")), std::vector<std::string>{"old"});
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.tfrecords"});
}

}  // namespace
}  // namespace savp
