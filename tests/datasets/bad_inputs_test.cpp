// Files that are damaged or not what they should be: each gives an error that says what is wrong and where,
// or, on request, costs only what is damaged.
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "datasets/dataset.h"

namespace savp {
namespace {

struct BadInput {
  std::string name;
  int sound;              // sequences before the error; -1: the dataset cannot even be opened
  std::string complaint;  // part of the message; empty: no error
  int kept = -1;          // sequences with skip_bad_records
  int skipped = 0;
};
void PrintTo(const BadInput& c, std::ostream* out) { *out << c.name; }

const std::vector<BadInput> kBadInputs = {
    {"good", 3, ""},
    // --- frames
    {"truncated_data", 1, "traj_0_to_2.tfrecords, record 1 at byte 3519: holds 3503 bytes, but the file ends",
     1, 1},
    {"truncated_header", 2, "traj_0_to_2.tfrecords, record 2 at byte 7038: the file ends inside", 2, 1},
    {"truncated_first_header", -1, "traj_0_to_2.tfrecords, record 0 at byte 0: the file ends inside"},
    {"truncated_footer", 2, "traj_0_to_2.tfrecords, record 2 at byte 7038: holds", 2, 1},
    {"length_crc", 1, "traj_0_to_2.tfrecords, record 1 at byte 3519: the checksum of its length is wrong", 1,
     1},
    {"length_value", -1, "record 0 at byte 0: the checksum of its length is wrong"},
    {"data_crc", 1, "traj_0_to_2.tfrecords, record 1 at byte 3519: the checksum of its data is wrong", 2, 1},
    {"data_byte", -1, "record 0 at byte 0: the checksum of its data is wrong", 2, 1},
    {"bad_second_file", 4, "traj_3_to_5.tfrecords, record 1 at byte 3519: the checksum of its data is wrong",
     5, 1},
    {"zero_length", -1, "traj_0_to_2.tfrecords: holds no records"},
    {"zero_length_second", 3, ""},
    {"junk_text", -1,
     "record 0 at byte 0: the checksum of its length is wrong: the file is damaged or is no TFRecord"},
    {"junk_zeros", -1, "record 0 at byte 0: the checksum of its length is wrong"},
    {"gzip", -1, "gzip-compressed: unpack it first"},
    {"zlib", -1, "zlib-compressed"},
    // --- folders
    {"missing_folder", -1, "nowhere: no such folder"},
    {"empty_folder", -1, "no record files (*.tfrecord*) in it or in its subfolder test"},
    {"missing_mode_folder", -1, "in its subfolder test; there are some in val"},
    {"file_instead_of_folder", -1, "is a file; give the folder"},
    {"wrong_extension", -1, "no record files"},
    {"unparsable_name", 3, ""},
    // --- features, one a step
    {"record_not_example", -1, "record 0 at byte 0: the record is not a tf.train.Example"},
    {"record_not_example_second", 1, "record 1 at byte 3519: the record is not a tf.train.Example", 2, 1},
    {"record_empty", -1, "there are no frames"},
    {"missing_action_first", -1, "record 0 at byte 0: feature 1/action is missing", 1, 1},
    {"missing_image_gap", -1, "feature 1/image_aux1/encoded is missing"},
    {"missing_action_second", 1, "record 1 at byte 3519: feature 1/action is missing", 2, 1},
    {"missing_unused", 3, ""},
    {"no_state_features", -1, "no feature is called like 0/endeffector_pos"},
    {"no_images", -1, "there are no frames"},
    {"second_shorter", 1, "record 1 at byte 3519: feature 3/image_aux1/encoded is missing", 1, 1},
    {"second_longer", 2, ""},
    {"first_shorter", -1, "sequence_length=4 with frame_skip=0 needs 4 frames, but the records of"},
    {"image_bytes_short", 1, "encoded has 767 bytes instead of 768 (16x16x3, as in the first record)", 1, 1},
    {"image_bytes_long", 1, "encoded has 771 bytes instead of 768", 1, 1},
    {"image_bytes_short_first", -1, "has 767 bytes, which is not a square image"},
    {"image_not_square", -1, "which is not a square image of three channels"},
    {"image_gray_raw", -1, "which is not a square image of three channels"},
    {"image_two_values", 1, "holds 2 byte strings instead of one", 1, 1},
    {"state_wrong_size", -1, "endeffector_pos holds 2 numbers instead of 3"},
    {"state_wrong_size_second", 1, "endeffector_pos holds 2 numbers instead of 3", 1, 1},
    {"state_int64", -1, "endeffector_pos holds integers instead of floats"},
    {"state_int64_second", 1, "endeffector_pos holds integers instead of floats", 1, 1},
    // --- pictures
    {"cartgripper_wrong_shape", -1, "feature 0/image_view0/encoded has 768 bytes instead of 9216 (48x64x3)"},
    {"jpeg_cut", 1, "record 1 at byte 6612: feature image_1 is a damaged JPEG image: Premature end of JPEG",
     1, 1},
    {"jpeg_junk", 1, "feature image_1 is neither a JPEG nor a PNG image", 1, 1},
    {"jpeg_empty", 1, "feature image_1 is empty", 1, 1},
    {"jpeg_size", 1, "feature image_1 is an image of 32x32x3 instead of 64x64x3", 1, 1},
    {"jpeg_gray", 1, "feature image_1 is an image of 64x64x1 instead of 64x64x3", 1, 1},
    // --- lists of frames
    {"kth_good", 2, ""},
    {"kth_no_height", -1, "record 0 at byte 0: feature height is missing"},
    {"kth_no_sequence_length", 1, "record 1 at byte 1676: feature sequence_length is missing", 1, 1},
    {"kth_no_images", 1,
     "record 1 at byte 1676: feature images/encoded holds 0 frames, but sequence_length says 7", 1, 1},
    {"kth_lying_length", 1, "holds 4 frames, but sequence_length says 7", 1, 1},
    {"kth_other_size", 1, "record 1 at byte 1676: its frames are 8x8x1, those of the first record 16x16x1", 1,
     1},
    {"kth_other_shape_same_bytes", 1, "those of the first record 16x16x1", 1, 1},
    {"kth_no_lengths_file", 2, ""},
    {"kth_lengths_blank_line", 2, ""},
    {"kth_lengths_no_newline", 2, ""},
    {"kth_zero_length_sequence", 1, ""},  // left out: shorter than a sequence
};

Json description(const std::string& name) {
  std::ifstream file(SAVP_TEST_DATA "/golden/data/C_bad_inputs/cases.json");
  const auto cases = Json::parse(file);
  for (const auto& c : cases["cases"])
    if (c["case"] == name) return c;
  throw std::logic_error("no case " + name);
}

std::unique_ptr<Dataset> open(const std::string& name, bool skip_bad_records = false) {
  const auto c = description(name);
  return Dataset::open_records(c["dataset"],
                               SAVP_TEST_DATA "/golden/data/" + c["input_dir"].get<std::string>(), c["mode"],
                               {}, c["hparams"].get<std::string>(), skip_bad_records);
}

struct Outcome {
  int sequences = 0;
  std::string complaint;
};

// Batches of one until the end or an error, which must come again when asked again.
Outcome read(const Dataset& dataset, const BatchOptions& options) {
  const auto stream = dataset.batches(options);
  Outcome outcome;
  try {
    while (stream->next()) ++outcome.sequences;
    EXPECT_FALSE(stream->next());
  } catch (const DataError& error) {
    outcome.complaint = error.what();
    if (options.threads > 0) EXPECT_THROW(stream->next(), DataError);
  }
  return outcome;
}

class BadInputs : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputs, AreReportedWithTheirPlace) {
  const auto& expected = GetParam();
  if (expected.sound < 0) {
    try {
      open(expected.name)->batches({});
      FAIL() << "opened";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(expected.complaint), std::string::npos) << error.what();
    }
    return;
  }
  const auto dataset = open(expected.name);
  for (const int64_t threads : {0, 1, 3}) {
    const auto outcome = read(*dataset, {.num_epochs = 1, .threads = threads});
    EXPECT_EQ(outcome.sequences, expected.sound);
    EXPECT_NE(outcome.complaint.find(expected.complaint), std::string::npos) << outcome.complaint;
    EXPECT_EQ(outcome.complaint.empty(), expected.complaint.empty()) << outcome.complaint;
  }
}

TEST_P(BadInputs, CostOnlyThemselvesOnRequest) {
  const auto& expected = GetParam();
  if (expected.kept < 0) return;
  const auto dataset = open(expected.name, /*skip_bad_records=*/true);
  for (const int64_t threads : {0, 2}) {
    const auto outcome = read(*dataset, {.num_epochs = 2, .threads = threads});
    EXPECT_EQ(outcome.sequences, 2 * expected.kept);
    EXPECT_EQ(outcome.complaint, "");
    EXPECT_EQ(dataset->skipped_records(), expected.skipped);  // told of once, not in each epoch
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, BadInputs, testing::ValuesIn(kBadInputs),
                         [](const auto& info) { return info.param.name; });

TEST(NumExamples, CountsRecordsWhereNothingElseTells) {
  EXPECT_EQ(open("unparsable_name")->num_examples_per_epoch(), 3);
  EXPECT_EQ(open("kth_no_lengths_file")->num_examples_per_epoch(), 2);
}

TEST(NumExamples, ReadsLengthsFilesOfAnyHand) {
  EXPECT_EQ(open("kth_good")->num_examples_per_epoch(), 2);
  EXPECT_EQ(open("kth_lengths_blank_line")->num_examples_per_epoch(), 2);
  EXPECT_EQ(open("kth_lengths_no_newline")->num_examples_per_epoch(), 1);
}

}  // namespace
}  // namespace savp
