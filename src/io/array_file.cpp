#include "io/array_file.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/regular_file.h"
#include "io/zip_archive.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "values are taken as they are stored");

template <class T>
float to_float(const char* value) {
  T number;
  std::memcpy(&number, value, sizeof(T));
  return static_cast<float>(number);
}

struct NumberRow {
  NumberType type;
  const char* descr;
  const char* name;
  int64_t size;  // bytes
  float (*as_float)(const char*);
};
constexpr NumberRow kNumbers[] = {
    {NumberType::kUint8, "|u1", "uint8", 1, to_float<uint8_t>},
    {NumberType::kInt8, "|i1", "int8", 1, to_float<int8_t>},
    {NumberType::kInt16, "<i2", "int16", 2, to_float<int16_t>},
    {NumberType::kUint16, "<u2", "uint16", 2, to_float<uint16_t>},
    {NumberType::kInt32, "<i4", "int32", 4, to_float<int32_t>},
    {NumberType::kUint32, "<u4", "uint32", 4, to_float<uint32_t>},
    {NumberType::kInt64, "<i8", "int64", 8, to_float<int64_t>},
    {NumberType::kFloat32, "<f4", "float32", 4, to_float<float>},
    {NumberType::kFloat64, "<f8", "float64", 8, to_float<double>},
};

const NumberRow& row(NumberType type) {
  return *std::find_if(std::begin(kNumbers), std::end(kNumbers),
                       [&](const NumberRow& candidate) { return candidate.type == type; });
}

NumberType number_type(const std::string& descr) {
  std::vector<std::string> names;
  for (const auto& known : kNumbers) {
    if (descr == known.descr) return known.type;
    names.emplace_back(known.name);
  }
  const auto complaint = concat("the header says values of type ", descr, ": only ", join_words(names),
                                " are read; convert it with a.astype");
  const bool none = descr.find_first_of("USOMm") != std::string::npos;  // texts, objects, times
  if (none) throw NoNumbersError(complaint);
  SAVP_CHECK(descr.empty() || descr[0] != '>', OtherArrayError, "the header says ", descr,
             ", which is big-endian: convert it with a.astype(\"<", descr.substr(1), "\")");
  throw OtherArrayError(complaint);
}

// The Python literal of a header: texts, True and False, tuples of whole numbers.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : left_(text) {}

  ArrayHeader parse() {
    expect('{');
    while (!accept('}')) {
      entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    check(left_.empty(), "goes on after the dictionary");
    for (const bool known : {descr_.has_value(), order_.has_value(), shape_.has_value()})
      check(known, "lacks one of descr, fortran_order and shape");
    SAVP_CHECK(!*order_, OtherArrayError,
               "is stored in Fortran order: save numpy.ascontiguousarray(a) instead");
    ArrayHeader header{number_type(*descr_), *shape_};
    check_size(header);
    return header;
  }

 private:
  static void check(bool condition, const char* complaint) {
    SAVP_CHECK(condition, DataError, "the header ", complaint);
  }

  void entry() {
    const auto key = text();
    expect(':');
    if (key == "descr") {
      skip_blanks();
      SAVP_CHECK(!left_.starts_with('['), OtherArrayError,
                 "the header describes a structured type: only plain numbers are read");
      descr_ = text();
    } else if (key == "fortran_order") {
      order_ = boolean();
    } else if (key == "shape") {
      shape_ = tuple();
    } else {
      throw DataError(concat("the header has an unknown key"));
    }
  }

  void skip_blanks() {
    const auto end = left_.find_first_not_of(" \t\n\r");
    left_.remove_prefix(std::min(end, left_.size()));
  }
  bool accept(char wanted) {
    skip_blanks();
    if (left_.empty() || left_.front() != wanted) return false;
    left_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) { check(accept(wanted), "is no dictionary of descr, fortran_order and shape"); }

  std::string text() {
    skip_blanks();
    check(!left_.empty() && (left_.front() == '\'' || left_.front() == '"'), "has no text where one belongs");
    const auto end = left_.find(left_.front(), 1);
    check(end != std::string_view::npos, "has a text without an end");
    std::string taken(left_.substr(1, end - 1));
    for (const char c : taken)
      check(std::isprint(static_cast<unsigned char>(c)) != 0, "has a text of no letters");
    left_.remove_prefix(end + 1);
    return taken;
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}})
      if (left_.starts_with(word)) {
        left_.remove_prefix(std::strlen(word));
        return value;
      }
    throw DataError("the header has a fortran_order that is neither True nor False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> numbers;
    expect('(');
    while (!accept(')')) {
      numbers.push_back(number());
      check(numbers.size() <= 32, "has a shape of more axes than NumPy knows");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }
  int64_t number() {
    skip_blanks();
    int64_t value = 0;
    const auto [end, failure] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
    check(failure == std::errc() && value >= 0, "has a shape that is no list of whole numbers");
    left_.remove_prefix(static_cast<size_t>(end - left_.data()));
    accept('L');  // as Python 2 writes them
    return value;
  }

  static void check_size(const ArrayHeader& header) {
    int64_t bytes = number_size(header.type);
    for (const int64_t length : header.shape) {
      const bool fits = length == 0 || bytes <= std::numeric_limits<int64_t>::max() / length;
      SAVP_CHECK(fits, DataError, "the header's shape ", shape_text(header.shape),
                 " is larger than any file");
      bytes *= length;
    }
  }

  std::string_view left_;
  std::optional<std::string> descr_;
  std::optional<bool> order_;
  std::optional<std::vector<int64_t>> shape_;
};

class FileSource : public ByteSource {
 public:
  explicit FileSource(const fs::path& path) : file_(path.string()) {}
  size_t read(char* to, size_t count) override {
    const auto got = file_.read_at(at_, to, count);
    at_ += static_cast<int64_t>(got);
    return got;
  }
  int64_t size() const override { return file_.size(); }
  bool seek(int64_t byte) override {
    at_ = byte;
    return true;
  }

 private:
  RegularFile file_;
  int64_t at_ = 0;
};

// What messages call an array: "a.npz, array images".
std::string full_name(const fs::path& path, const std::string& array) {
  return array.empty() ? path.string() : concat(path.string(), ", array ", shown(array));
}

}  // namespace

const char* number_name(NumberType type) { return row(type).name; }
int64_t number_size(NumberType type) { return row(type).size; }

int64_t ArrayHeader::values() const {
  int64_t count = 1;
  for (const int64_t length : shape) count *= length;
  return count;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t length : shape) text += concat(text.empty() ? "" : ", ", length);
  return "[" + text + "]";
}

ArrayHeader parse_array_header(std::string_view dictionary) { return HeaderParser(dictionary).parse(); }

ArrayReader::ArrayReader(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)), name_(std::move(name)) {
  constexpr size_t kStart = 8;                // bytes of the mark and the version
  constexpr size_t kLongestHeader = 1 << 16;  // bytes; NumPy's own have some hundred
  const auto start = take_bytes(*source_, kStart, name_);
  SAVP_CHECK(start.starts_with("\x93NUMPY"), DataError, name_,
             ": is no NumPy array (it does not begin as one)");
  const int version = static_cast<unsigned char>(start[6]);
  SAVP_CHECK(version >= 1 && version <= 3, DataError, name_,
             ": is of an unknown version of the .npy format, ", version);
  const auto field = take_bytes(*source_, version == 1 ? 2 : 4, name_);
  size_t length = 0;
  for (auto i = field.size(); i-- > 0;) length = length << 8U | static_cast<unsigned char>(field[i]);
  SAVP_CHECK(length <= kLongestHeader, DataError, name_, ": a header of ", length, " bytes cannot be");
  const auto dictionary = take_bytes(*source_, length, name_);
  try {
    header_ = parse_array_header(dictionary);
  } catch (const NoNumbersError& error) {
    throw NoNumbersError(concat(name_, ": ", error.what()));
  } catch (const OtherArrayError& error) {
    throw OtherArrayError(concat(name_, ": ", error.what()));
  } catch (const DataError& error) {
    throw DataError(concat(name_, ": ", error.what()));
  }
  first_byte_ = static_cast<int64_t>(kStart + field.size() + length);
  const auto there = source_->size() - first_byte_;
  SAVP_CHECK(header_.bytes() == there, DataError, name_, ": its shape ", shape_text(header_.shape), " of ",
             number_name(header_.type), " needs ", header_.bytes(), " bytes of values, there are ", there,
             header_.bytes() > there ? ": the file is cut short" : "");
}

bool ArrayReader::seek(int64_t value) {
  return source_->seek(first_byte_ + value * number_size(header_.type));
}

void ArrayReader::finish() { expect_end(*source_, name_); }

std::string ArrayReader::read_bytes(int64_t values) {
  return take_bytes(*source_, static_cast<size_t>(values * number_size(header_.type)), name_);
}

std::vector<float> ArrayReader::read_floats(int64_t values) {
  const auto& [type, descr, name, size, as_float] = row(header_.type);
  const auto bytes = read_bytes(values);
  std::vector<float> floats(static_cast<size_t>(values));
  for (size_t i = 0; i < floats.size(); ++i)
    floats[i] = as_float(bytes.data() + i * static_cast<size_t>(size));
  return floats;
}

ArrayFile::ArrayFile(const fs::path& path) : path_(path) {
  if (!ZipArchive::is_one(path)) {
    names_ = {""};
    return;
  }
  archive_ = std::make_unique<ZipArchive>(path, "whole .npz file");
  for (const auto& name : archive_->names()) {
    SAVP_CHECK(name.size() > 4 && name.ends_with(".npy"), DataError, path.string(), ": holds \"", shown(name),
               "\", which is no array: is it an .npz file?");
    names_.push_back(name.substr(0, name.size() - 4));
  }
}

ArrayFile::~ArrayFile() = default;

bool ArrayFile::has(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

ArrayReader ArrayFile::open(const std::string& name) const {
  const auto called = full_name(path_, name);
  SAVP_CHECK(has(name), DataError, path_.string(), ": holds no array ", name, did_you_mean(name, names_));
  if (!archive_) return {std::make_unique<FileSource>(path_), called};
  return {archive_->open(name + ".npy", called), called};
}

bool is_array_name(const fs::path& path) {
  const auto ending = lower_case(path.extension().string());
  return ending == ".npy" || ending == ".npz";
}

}  // namespace savp
