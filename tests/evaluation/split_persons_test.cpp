#include "evaluation/split_persons.h"

#include "support/scratch_test.h"

namespace savp {
namespace {

class Persons : public ScratchTest {
 protected:
  std::optional<SplitPersons> found(const std::string& manifest) const {
    write("kth/dataset.json", manifest);
    return persons_of(folder_ / "kth/test/sequence_0_to_3.tfrecords", "test");
  }
};

TEST_F(Persons, AreThoseThatTheVideosAreNamedAfter) {
  const auto persons = found(
      R"({"videos": {"train": ["boxing/person03_boxing_d1_uncomp.avi"], "val": ["person16_walking_d4.avi"],
          "test": ["person17_boxing_d1_uncomp.avi", "person25_running_d2_uncomp.avi",
                   "person17_boxing_d2_uncomp.avi"]}})");
  ASSERT_TRUE(persons.has_value());
  EXPECT_EQ(persons->of_split, (std::set<int64_t>{17, 25}));
  EXPECT_EQ(persons->of_others, (std::set<int64_t>{3, 16}));
  EXPECT_EQ(persons_of(folder_ / "kth/sequence_0_to_3.tfrecords", "val")->of_split, (std::set<int64_t>{16}));
}

TEST_F(Persons, AreNotKnownWhereOneVideoHasNone) {
  EXPECT_FALSE(found(R"({"videos": {"test": ["person17_boxing_d1.avi", "clip.avi"]}})"));
  EXPECT_FALSE(found(R"({"videos": {"train": ["a.avi"], "test": ["person17_boxing_d1.avi"]}})"));
  EXPECT_FALSE(found(R"({"videos": {"test": [3]}})"));
  EXPECT_FALSE(found(R"({"videos": {"test": []}})"));
  EXPECT_FALSE(found(R"({"videos": {"train": ["person17_boxing_d1.avi"]}})"));
  EXPECT_FALSE(found("[]"));
  EXPECT_FALSE(found("{"));
  EXPECT_FALSE(persons_of(folder_ / "none/test/a.tfrecords", "test"));
}

}  // namespace
}  // namespace savp
