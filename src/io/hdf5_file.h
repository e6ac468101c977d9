// HDF5 files, by libhdf5: a tree of groups with arrays as leaves, each called by its
// path ("data/demo_0/actions").
//
// Only what lies in the file itself is seen: links by name are followed, those to other files or to nothing
// are passed over, and arrays whose values lie in other files refused. All that is wrong with a file is a
// DataError that names it, the array and the cause. Objects of this class may be used on several threads,
// each on one; libhdf5 itself is used by one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace savp {

// What the elements of an array are.
enum class Hdf5Type {
  kUint8,    // unsigned, 8 bits
  kNumber,   // other whole and floating-point numbers
  kBytes,    // byte strings of any length each: texts, lists of 8-bit numbers, opaque values
  kUnknown,  // compounds, references and the like
};

class Hdf5Array {
 public:
  Hdf5Array(Hdf5Array&&) noexcept;
  ~Hdf5Array();

  const std::string& name() const;  // with the file's, for messages
  const std::vector<int64_t>& shape() const;
  Hdf5Type type() const;
  std::string type_name() const;  // "float32", "text"
  int64_t rows() const;           // along the first axis
  int64_t values() const;         // of all rows

  // Values of some rows: of kUint8.
  std::string bytes(int64_t first, int64_t count) const;
  // Of kUint8 and kNumber.
  std::vector<float> floats(int64_t first, int64_t count) const;
  // One element of a list [rows] of kBytes.
  std::string item(int64_t row) const;

 private:
  friend class Hdf5File;
  struct Body;
  explicit Hdf5Array(std::unique_ptr<Body> body);

  std::unique_ptr<Body> body_;
};

class Hdf5File {
 public:
  // Throws DataError, also for more objects than a data set of demonstrations has.
  explicit Hdf5File(const std::filesystem::path& path);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  const std::vector<std::string>& names() const { return names_; }  // of all arrays, sorted
  bool has(const std::string& name) const;
  // Names that lead to other files or to nothing.
  const std::vector<std::string>& links_elsewhere() const { return links_elsewhere_; }
  // This object must live longer.
  Hdf5Array open(const std::string& name) const;

 private:
  struct Body;

  std::filesystem::path path_;
  std::unique_ptr<Body> body_;
  std::vector<std::string> names_, links_elsewhere_;
};

}  // namespace savp
