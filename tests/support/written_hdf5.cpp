#include "support/written_hdf5.h"

#define H5_USE_110_API
#include <hdf5.h>

#include <stdexcept>

namespace savp {
namespace {

template <class Answer>
Answer must(Answer answer) {
  if (answer < 0) throw std::runtime_error("a test HDF5 file cannot be written");
  return answer;
}

void write(int64_t file, int64_t around, const std::string& name, const WrittenHdf5::Shape& shape, hid_t type,
           const void* values, hid_t plan = H5P_DEFAULT) {
  const std::vector<hsize_t> lengths(shape.begin(), shape.end());
  const auto space = must(H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr));
  const auto array = must(H5Dcreate2(file, name.c_str(), type, space, around, plan, H5P_DEFAULT));
  if (values != nullptr) must(H5Dwrite(array, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
  H5Dclose(array);
  H5Sclose(space);
}

}  // namespace

WrittenHdf5::WrittenHdf5(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  file_ = must(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  around_ = must(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(around_, 1);
}

WrittenHdf5::~WrittenHdf5() {
  H5Pclose(around_);
  H5Fclose(file_);
}

WrittenHdf5& WrittenHdf5::bytes(const std::string& name, const Shape& shape, const std::string& values) {
  write(file_, around_, name, shape, H5T_NATIVE_UINT8, values.data());
  return *this;
}

WrittenHdf5& WrittenHdf5::bytes(const std::string& name, const std::string& values) {
  return bytes(name, {static_cast<int64_t>(values.size())}, values);
}

WrittenHdf5& WrittenHdf5::floats(const std::string& name, const Shape& shape,
                                 const std::vector<float>& values) {
  write(file_, around_, name, shape, H5T_NATIVE_FLOAT, values.data());
  return *this;
}

WrittenHdf5& WrittenHdf5::items(const std::string& name, const std::vector<std::string>& values) {
  std::vector<hvl_t> lists;
  for (const auto& value : values) lists.push_back({value.size(), const_cast<char*>(value.data())});
  const auto type = must(H5Tvlen_create(H5T_NATIVE_UINT8));
  write(file_, around_, name, {static_cast<int64_t>(values.size())}, type, lists.data());
  H5Tclose(type);
  return *this;
}

WrittenHdf5& WrittenHdf5::unwritten(const std::string& name, const Shape& shape) {
  write(file_, around_, name, shape, H5T_NATIVE_FLOAT, nullptr);
  return *this;
}

WrittenHdf5& WrittenHdf5::compressed_oddly(const std::string& name, const Shape& shape) {
  constexpr H5Z_filter_t kUnknown = 511;
  const std::vector<hsize_t> lengths(shape.begin(), shape.end());
  const auto plan = must(H5Pcreate(H5P_DATASET_CREATE));
  must(H5Pset_chunk(plan, static_cast<int>(lengths.size()), lengths.data()));
  must(H5Pset_filter(plan, kUnknown, H5Z_FLAG_OPTIONAL, 0, nullptr));
  write(file_, around_, name, shape, H5T_NATIVE_UINT8, nullptr, plan);
  H5Pclose(plan);
  return *this;
}

WrittenHdf5& WrittenHdf5::link(const std::string& name, const std::string& target) {
  must(H5Lcreate_soft(target.c_str(), file_, name.c_str(), around_, H5P_DEFAULT));
  return *this;
}

WrittenHdf5& WrittenHdf5::link_elsewhere(const std::string& name, const std::string& file,
                                         const std::string& target) {
  must(H5Lcreate_external(file.c_str(), target.c_str(), file_, name.c_str(), around_, H5P_DEFAULT));
  return *this;
}

}  // namespace savp
