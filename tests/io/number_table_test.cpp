// Tables as text, as programs and people write them.
#include "io/number_table.h"

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

using Names = std::vector<std::string>;

// Cell by cell; empty ones are 99.
std::vector<float> numbers_in(const NumberTable& table) {
  std::vector<float> all;
  for (int64_t row = 0; row < table.rows(); ++row)
    for (size_t column = 0; column < table.names().size(); ++column)
      all.push_back(table.number(row, column).value_or(99));
  return all;
}

std::string complaint(const std::string& text) {
  return message_of<DataError>([&] { numbers_in(NumberTable(text, "a.csv")); });
}

TEST(NumberTable, ReadsWhatProgramsWrite) {
  for (const char* text : {
           "a,b\n1,2\n3,4\n",
           "a,b\n1,2\n3,4",
           "a,b\r\n1,2\r\n3,4\r\n",
           "\xEF\xBB\xBF\n a , b \n\n1,\t2\n   \n+3, 4 \n\n",
           "\"a\",\"b\"\n\"1\", \"2\" \n3,\"4\"\r\n",
           "a;b\n1;2\n3;4\n",
           "a\tb\n1\t2\n3\t4\r\n",
           "a,b\n1.0,2e0\n.3e1,4E+0\n",
           "# a,b\n1,2\n3,4\n",
       }) {
    const NumberTable table(text, "a.csv");
    EXPECT_EQ(table.names(), (Names{"a", "b"})) << text;
    EXPECT_EQ(numbers_in(table), (std::vector<float>{1, 2, 3, 4})) << text;
  }
}

TEST(NumberTable, CellsMayBeEmptyAndColumnsWithoutName) {
  EXPECT_EQ(numbers_in(NumberTable(",a,\n0,1,\n1,,\n", "a.csv")), (std::vector<float>{0, 1, 99, 1, 99, 99}));
  EXPECT_EQ(numbers_in(NumberTable("a\tb\n\t2\n1\t\n", "a.csv")), (std::vector<float>{99, 2, 1, 99}));
  EXPECT_EQ(numbers_in(NumberTable("a\tb\n1\t2\n\t\n3\t4\n", "a.csv")),
            (std::vector<float>{1, 2, 99, 99, 3, 4}));  // a line of tabs is a row, too
  EXPECT_EQ(numbers_in(NumberTable("a\nNaN\nnan\n-nan\n", "a.csv")), (std::vector<float>{99, 99, 99}));
}

TEST(NumberTable, QuotesMayHoldSeparatorsAndQuotes) {
  const NumberTable table("\"a, \"\"b\"\"\";c\n1;\"2\"\n", "a.csv");
  EXPECT_EQ(table.names(), (Names{"a, \"b\"", "c"}));
  EXPECT_EQ(numbers_in(table), (std::vector<float>{1, 2}));
}

TEST(NumberTable, NumbersBeyondFloat) {
  EXPECT_EQ(numbers_in(NumberTable("a\n1e-50\n-1e-400\n0.0000000001\n3e38\n", "a.csv")),
            (std::vector<float>{0, 0, 1e-10F, 3e38F}));
  for (const char* huge : {"1e39", "-1e400", "inf", "-Infinity", "1e99999"})
    EXPECT_CONTAINS(complaint(concat("a\n1\n", huge, "\n")),
                    concat("a.csv, line 3, column a: \"", huge, "\" is no finite number"));
  for (const char* text : {"1,5x", "0x10", "+-1", "1 2", "True", "--1", "1e", "1_000"})
    EXPECT_CONTAINS(complaint(concat("a;b\n1;2\n\n0;", text, "\n")),
                    concat("a.csv, line 4, column b: \"", text, "\" is no finite number (numbers are"));
}

TEST(NumberTable, WhatIsNoTableIsNamedWithItsLine) {
  for (const auto& [text, said] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "a.csv: holds no table"},
           {"a,b\n", "a.csv: holds no table"},
           {"a,b\n1,2\n\n3\n", "a.csv, line 4: holds 1 cells, the line of names 2"},
           {"a,b\n1,2,\n", "a.csv, line 2: holds 3 cells"},
           {"a,b\n1,2,3\n", "a.csv, line 2: holds 3 cells"},
           {"a,b\n1;2\n", "a.csv, line 2: holds 1 cells"},
           {"a,b\n1,\"2\n", "a.csv, line 2: a quotation mark is missing"},
           {"a,\"b\nc\"\n1,2\n", "a.csv, line 1: a quotation mark is missing"},
           {"a,b\n\"1\"x,2\n", "a.csv, line 2: behind the cell \"1\" stands \"x\""},
           {"\"a\"\"\"b,c\n1,2\n", "a.csv, line 1: behind the cell"},
           {"a,a\n1,2\n", "a.csv, line 1: the column's name a stands twice"},
           {"a\r1\r2\r", "a.csv, line 1: its lines end in CR alone"},
           {std::string("\xFF\xFE"
                        "a\0\n\0",
                        6),
            "a.csv: is text in UTF-16: save it as UTF-8"},
       })
    EXPECT_CONTAINS(complaint(text), said);
}

using NumberTableFile = ScratchTest;

TEST_F(NumberTableFile, TheLineOfNamesIsReadAlone) {
  EXPECT_EQ(NumberTable::read_names(write("a.csv", "\n\"a\";b\nwhatever \"\n")), (Names{"a", "b"}));
  EXPECT_EQ(NumberTable::read_names(write("b.csv", "")), Names());
  EXPECT_CONTAINS(message_of<DataError>([&] { NumberTable::read_names(write("c.csv", "\"a\nb\n")); }),
                  "c.csv, line 1: a quotation mark is missing");
}

}  // namespace
}  // namespace savp
