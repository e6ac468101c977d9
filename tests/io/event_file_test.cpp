#include "io/event_file.h"

#include "io/tfrecord.h"
#include "support/event_reader.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class EventFileTest : public ScratchTest {};

TEST_F(EventFileTest, BeginsWithItsVersionAndTheStepFromWhichOthersAreVoid) {
  const EventFile file(folder_, 41);
  const auto events = read_events(file.path());
  EXPECT_EQ(events.version, "brain.Event:2");
  EXPECT_EQ(events.starts, (std::vector<int64_t>{41}));
  EXPECT_TRUE(events.values.empty());
}

TEST_F(EventFileTest, ScalarsAreReadBack) {
  EventFile file(folder_, 0);
  file.scalar(7, "d_loss_1/d_loss", 0.25);
  file.scalar(9, "d_loss_1/d_loss", -1e30);
  const auto events = read_events(file.path());
  ASSERT_EQ(events.values.size(), 2u);
  EXPECT_EQ(events.steps("d_loss_1/d_loss"), (std::vector<int64_t>{7, 9}));
  EXPECT_EQ(events.values[0].kind, "scalar");
  EXPECT_EQ(events.values[0].scalar, 0.25F);
  EXPECT_EQ(events.values[1].scalar, -1e30F);
}

TEST_F(EventFileTest, ImagesHistogramsAndTextsAreReadBack) {
  EventFile file(folder_, 0);
  file.image(1, "images/images/gif", {.height = 3, .width = 5, .channels = 1, .bytes = "GIF89a\0!"});
  file.histogram(
      2, "weights",
      {.min = -1, .max = 2, .count = 3, .sum = 1.5, .sum_of_squares = 5, .limits = {0, 2}, .counts = {1, 2}});
  file.text(3, "run/version", "0.1.0");
  const auto values = read_events(file.path()).values;
  ASSERT_EQ(values.size(), 3u);

  EXPECT_EQ(values[0].kind, "image");
  EXPECT_EQ(field_of(values[0].message, 1).number, 3u);
  EXPECT_EQ(field_of(values[0].message, 2).number, 5u);
  EXPECT_EQ(field_of(values[0].message, 3).number, 1u);
  EXPECT_EQ(field_of(values[0].message, 4).bytes, "GIF89a");

  EXPECT_EQ(values[1].kind, "histogram");
  EXPECT_EQ(field_of(values[1].message, 1).real(), -1);
  EXPECT_EQ(field_of(values[1].message, 3).real(), 3);
  EXPECT_EQ(field_of(values[1].message, 5).real(), 5);
  const double limits[] = {0, 2}, counts[] = {1, 2};
  EXPECT_EQ(field_of(values[1].message, 6).bytes,
            std::string(reinterpret_cast<const char*>(limits), sizeof limits));
  EXPECT_EQ(field_of(values[1].message, 7).bytes,
            std::string(reinterpret_cast<const char*>(counts), sizeof counts));

  EXPECT_EQ(values[2].kind, "tensor");
  EXPECT_EQ(field_of(values[2].message, 1).number, 7u) << "a text";
  EXPECT_EQ(field_of(values[2].message, 8).bytes, "0.1.0");
  EXPECT_EQ(field_of(parse_message(field_of(values[2].metadata, 1).bytes), 1).bytes, "text");
}

TEST_F(EventFileTest, FilesOfOneSecondAreReadInTheOrderTheyWereMadeIn) {
  const EventFile first(folder_, 0), second(folder_, 5);
  EXPECT_NE(first.path(), second.path());
  const auto files = event_files(folder_);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0], first.path());
  EXPECT_EQ(files[1], second.path());
}

// What a kill leaves is readable up to the last whole record, and every record has its checksums.
TEST_F(EventFileTest, EveryByteIsChecked) {
  EventFile file(folder_, 0);
  file.scalar(1, "a", 1);
  const auto whole = read(file.path());
  for (size_t at = 0; at < whole.size(); at += 3) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    const auto damaged = write("damaged", bytes);
    EXPECT_THROW(read_events(damaged), DataError) << "byte " << at;
  }
}

TEST_F(EventFileTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_CONTAINS(message_of<DataError>([&] { EventFile(folder_ / "missing", 0); }), "missing/events.out");
}

}  // namespace
}  // namespace savp
