// HDF5 files, for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace savp {

// Arrays and links are named by their paths; the groups around them are made.
class WrittenHdf5 {
 public:
  using Shape = std::vector<int64_t>;

  explicit WrittenHdf5(const std::filesystem::path& path);
  ~WrittenHdf5();
  WrittenHdf5(const WrittenHdf5&) = delete;
  WrittenHdf5& operator=(const WrittenHdf5&) = delete;

  WrittenHdf5& bytes(const std::string& name, const Shape& shape, const std::string& values);
  WrittenHdf5& bytes(const std::string& name, const std::string& values);
  WrittenHdf5& floats(const std::string& name, const Shape& shape, const std::vector<float>& values);
  // A list of byte strings of any length each.
  WrittenHdf5& items(const std::string& name, const std::vector<std::string>& values);
  // Floats in one piece, of which none has been written.
  WrittenHdf5& unwritten(const std::string& name, const Shape& shape);
  // Bytes under a compression that nobody has.
  WrittenHdf5& compressed_oddly(const std::string& name, const Shape& shape);
  WrittenHdf5& link(const std::string& name, const std::string& target);
  WrittenHdf5& link_elsewhere(const std::string& name, const std::string& file, const std::string& target);

 private:
  int64_t file_, around_;  // the library's: the file, and how links are made
};

}  // namespace savp
