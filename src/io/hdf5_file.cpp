#include "io/hdf5_file.h"

// The same functions whatever the library's release.
#define H5_USE_110_API
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>

#include "core/error.h"
#include "core/failure.h"
#include "core/printable.h"
#include "io/array_file.h"
#include "io/regular_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// Many builds of the library are for one thread.
std::recursive_mutex& mutex() {
  static std::recursive_mutex the_mutex;
  return the_mutex;
}

// While it lives, this thread alone uses the library, which keeps its complaints to itself.
class Turn {
 public:
  Turn() : lock_(mutex()) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    errno = 0;
  }

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

// The innermost of the library's complaints.
std::string cause() {
  std::string text;
  const auto take = [](unsigned n, const H5E_error2_t* error, void* to) -> herr_t {
    if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(to) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take, &text);
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "no reason is given" : shown(text);
}

[[noreturn]] void complain(const std::string& name, const char* what) {
  // Memory is asked for on the word of the file.
  if (is_of_machine(errno) && errno != ENOMEM) throw_failure(errno, name + ": cannot be read");
  throw DataError(concat(name, ": ", what, " (", cause(), ")"));
}

// Of a negative answer.
template <class Answer>
Answer check(Answer answer, const std::string& name, const char* what = "is damaged") {
  if (answer < 0) complain(name, what);
  return answer;
}

// An identifier of the library, and how it is given back.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  ~Handle() {
    const Turn turn;
    if (id_ >= 0) close_(id_);
  }
  Handle& operator=(Handle&&) = delete;

  hid_t operator*() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

Hdf5Type type_of(hid_t type) {
  const auto kind = H5Tget_class(type);
  if (kind == H5T_STRING || kind == H5T_OPAQUE) return Hdf5Type::kBytes;
  if (kind == H5T_VLEN) {
    const Handle base(H5Tget_super(type), H5Tclose);
    return *base >= 0 && H5Tget_class(*base) == H5T_INTEGER && H5Tget_size(*base) == 1 ? Hdf5Type::kBytes
                                                                                       : Hdf5Type::kUnknown;
  }
  if (kind == H5T_INTEGER && H5Tget_size(type) == 1 && H5Tget_sign(type) == H5T_SGN_NONE)
    return Hdf5Type::kUint8;
  return kind == H5T_INTEGER || kind == H5T_FLOAT ? Hdf5Type::kNumber : Hdf5Type::kUnknown;
}

std::string name_of(hid_t type) {
  const auto kind = H5Tget_class(type);
  const auto bits = 8 * H5Tget_size(type);
  if (kind == H5T_FLOAT) return concat("float", bits);
  if (kind == H5T_INTEGER) return concat(H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int", bits);
  if (kind == H5T_STRING) return "text";
  return type_of(type) == Hdf5Type::kBytes ? "bytes" : "values of another kind";
}

std::vector<int64_t> shape_of(hid_t space, const std::string& name) {
  constexpr int kMostAxes = 8;
  const int axes = check(H5Sget_simple_extent_ndims(space), name);
  SAVP_CHECK(axes <= kMostAxes, DataError, name, ": has ", axes, " axes");
  std::vector<hsize_t> lengths(static_cast<size_t>(axes));
  check(H5Sget_simple_extent_dims(space, lengths.data(), nullptr), name);
  std::vector<int64_t> shape(lengths.begin(), lengths.end());
  int64_t values = 1;
  for (const auto length : shape) {
    const bool fits = length >= 0 && (length == 0 || values <= (int64_t{1} << 50) / length);
    SAVP_CHECK(fits, DataError, name, ": its shape ", shape_text(shape), " is larger than any file");
    values *= length;
  }
  return shape;
}

// A few bytes may claim to hold any number of values: those that were never written, or repeat themselves.
void check_density(hid_t array, const std::string& name) {
  constexpr int64_t kFew = int64_t{1} << 26, kMostABytes = 4096;  // values
  const Handle space(check(H5Dget_space(array), name), H5Sclose);
  const auto values = check(H5Sget_simple_extent_npoints(*space), name);
  const auto stored = std::max<int64_t>(1, static_cast<int64_t>(H5Dget_storage_size(array)));
  SAVP_CHECK(values <= kFew || values / stored <= kMostABytes, DataError, name, ": claims to hold ", values,
             " values in ", stored, " bytes");
}

// Compressions may be plug-ins of the program that wrote the file.
void check_filters(hid_t array, const std::string& name) {
  const Handle plan(check(H5Dget_create_plist(array), name), H5Pclose);
  const int filters = check(H5Pget_nfilters(*plan), name);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    size_t values = 0;
    std::array<char, 64> called{};
    const auto filter = check(H5Pget_filter2(*plan, static_cast<unsigned>(i), &flags, &values, nullptr,
                                             called.size(), called.data(), nullptr),
                              name);
    SAVP_CHECK(H5Zfilter_avail(filter) > 0, DataError, name, ": is compressed with \"", shown(called.data()),
               "\" (filter ", filter, "), which libhdf5 lacks: write it with gzip");
  }
}

// Values elsewhere or nowhere, and chunks that would fill the memory.
void check_storage(hid_t array, const std::string& name) {
  constexpr hsize_t kLargestChunk = hsize_t{1} << 28;  // values
  const Handle plan(check(H5Dget_create_plist(array), name), H5Pclose);
  const auto layout = check(H5Pget_layout(*plan), name);
  SAVP_CHECK(layout != H5D_VIRTUAL && H5Pget_external_count(*plan) <= 0, DataError, name,
             ": its values lie in other arrays or files, which are not read: save a copy of it");
  check_density(array, name);
  if (layout != H5D_CHUNKED) return;
  std::vector<hsize_t> lengths(H5S_MAX_RANK, 0);
  const int axes = check(H5Pget_chunk(*plan, H5S_MAX_RANK, lengths.data()), name);
  hsize_t values = 1;
  for (int i = 0; i < axes; ++i) {
    const auto length = lengths[static_cast<size_t>(i)];
    SAVP_CHECK(length > 0 && length <= kLargestChunk && values <= kLargestChunk / length, DataError, name,
               ": is stored in chunks that are too large to be read");
    values *= length;
  }
}

// Names of what lies in the group itself.
std::vector<std::string> links_of(hid_t group, const std::string& name) {
  std::vector<std::string> links;
  const auto take = [](hid_t, const char* link, const H5L_info_t*, void* to) -> herr_t {
    static_cast<std::vector<std::string>*>(to)->emplace_back(link);
    return 0;
  };
  check(H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, take, &links), name);
  std::sort(links.begin(), links.end());
  return links;
}

// How links are followed: not to other files.
Handle within_file() {
  const auto refuse = [](const char*, const char*, const char*, const char*, unsigned*, hid_t,
                         void*) -> herr_t { return -1; };
  Handle access(H5Pcreate(H5P_LINK_ACCESS), H5Pclose);
  check(H5Pset_elink_cb(*access, refuse, nullptr), "links");
  return access;
}

// All arrays below a group. Groups may lead round in circles.
class Walk {
 public:
  Walk(std::string file, std::vector<std::string>& names, std::vector<std::string>& elsewhere)
      : file_(std::move(file)), names_(names), elsewhere_(elsewhere) {}

  void walk(hid_t group, const std::string& path) {
    constexpr size_t kDeepest = 32, kMostObjects = 1 << 18;
    SAVP_CHECK(above_.size() < kDeepest, DataError, file_, ": its groups are nested too deeply");
    above_.push_back(address(group));
    for (const auto& link : links_of(group, file_)) {
      SAVP_CHECK(++objects_ <= kMostObjects, DataError, file_, ": holds more than ", kMostObjects,
                 " objects");
      visit(group, link, path.empty() ? link : concat(path, "/", link));
    }
    above_.pop_back();
  }

 private:
  void visit(hid_t group, const std::string& link, const std::string& name) {
    if (leads_elsewhere(group, link)) return elsewhere_.push_back(name);
    const Handle object(check(H5Oopen(group, link.c_str(), *access_), concat(file_, ", ", shown(name))),
                        H5Oclose);
    const auto type = H5Iget_type(*object);
    if (type == H5I_DATASET) names_.push_back(name);
    if (type != H5I_GROUP) return;
    const bool is_circle = std::count(above_.begin(), above_.end(), address(*object)) > 0;
    if (!is_circle) walk(*object, name);
  }

  bool leads_elsewhere(hid_t group, const std::string& link) const {
    H5L_info_t info{};
    check(H5Lget_info(group, link.c_str(), &info, *access_), file_);
    if (info.type == H5L_TYPE_HARD) return false;
    return info.type != H5L_TYPE_SOFT || H5Oexists_by_name(group, link.c_str(), *access_) <= 0;
  }

  haddr_t address(hid_t group) const {
    H5O_info_t info{};
    check(H5Oget_info(group, &info), file_);
    return info.addr;
  }

  std::string file_;
  std::vector<std::string>& names_;
  std::vector<std::string>& elsewhere_;
  Handle access_ = within_file();
  std::vector<haddr_t> above_;  // the groups around what is visited
  size_t objects_ = 0;
};

Handle open_file(const fs::path& path) {
  const RegularFile readable(path.string());  // what the system says of it comes first
  SAVP_CHECK(readable.size() > 0, DataError, path.string(), ": is an empty file, not an HDF5 file");
  const Handle access(check(H5Pcreate(H5P_FILE_ACCESS), path.string()), H5Pclose);
  H5Pset_fclose_degree(*access, H5F_CLOSE_STRONG);
  return {check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, *access), path.string(),
                "is no whole HDF5 file, or another program writes to it"),
          H5Fclose};
}

}  // namespace

struct Hdf5Array::Body {
  std::string name;
  Handle array, space, type;
  std::vector<int64_t> shape;
  Hdf5Type kind;

  int64_t row_values() const {
    int64_t values = 1;
    for (size_t i = 1; i < shape.size(); ++i) values *= shape[i];
    return values;
  }

  // Rows to memory, in a type of the library.
  void read(int64_t first, int64_t count, hid_t memory_type, void* to) const {
    std::vector<hsize_t> start(shape.size(), 0), lengths(shape.begin(), shape.end());
    if (!shape.empty()) start[0] = static_cast<hsize_t>(first), lengths[0] = static_cast<hsize_t>(count);
    const Handle from(check(H5Scopy(*space), name), H5Sclose);
    if (!shape.empty())
      check(H5Sselect_hyperslab(*from, H5S_SELECT_SET, start.data(), nullptr, lengths.data(), nullptr), name);
    const auto axes = static_cast<int>(shape.size());
    const Handle target(
        check(axes == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(axes, lengths.data(), nullptr), name),
        H5Sclose);
    check_filters(*array, name);
    check(H5Dread(*array, memory_type, *target, *from, H5P_DEFAULT, to), name, "cannot be read");
  }
};

Hdf5Array::Hdf5Array(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Hdf5Array::Hdf5Array(Hdf5Array&&) noexcept = default;
Hdf5Array::~Hdf5Array() = default;

const std::string& Hdf5Array::name() const { return body_->name; }
const std::vector<int64_t>& Hdf5Array::shape() const { return body_->shape; }
Hdf5Type Hdf5Array::type() const { return body_->kind; }
std::string Hdf5Array::type_name() const {
  const Turn turn;
  return name_of(*body_->type);
}
int64_t Hdf5Array::rows() const { return body_->shape.empty() ? 1 : body_->shape.front(); }
int64_t Hdf5Array::values() const { return rows() * body_->row_values(); }

std::string Hdf5Array::bytes(int64_t first, int64_t count) const {
  const Turn turn;
  std::string values(static_cast<size_t>(count * body_->row_values()), '\0');
  if (!values.empty()) body_->read(first, count, H5T_NATIVE_UINT8, values.data());
  return values;
}

std::vector<float> Hdf5Array::floats(int64_t first, int64_t count) const {
  const Turn turn;
  std::vector<float> values(static_cast<size_t>(count * body_->row_values()));
  if (!values.empty()) body_->read(first, count, H5T_NATIVE_FLOAT, values.data());
  return values;
}

std::string Hdf5Array::item(int64_t row) const {
  constexpr size_t kLargest = size_t{1} << 28;  // bytes
  const Turn turn;
  const auto& [name, array, space, type, shape, kind] = *body_;
  if (H5Tget_class(*type) == H5T_VLEN) {
    hvl_t list{};
    body_->read(row, 1, *type, &list);
    const std::string bytes(static_cast<const char*>(list.p), list.p == nullptr ? 0 : list.len);
    H5free_memory(list.p);
    return bytes;
  }
  if (H5Tis_variable_str(*type) > 0) {
    char* text = nullptr;
    body_->read(row, 1, *type, &text);
    const std::string bytes(text == nullptr ? "" : text);
    H5free_memory(text);
    return bytes;
  }
  const auto size = H5Tget_size(*type);
  SAVP_CHECK(size <= kLargest, DataError, name, ": elements of ", size, " bytes are too large");
  std::string bytes(size, '\0');
  body_->read(row, 1, *type, bytes.data());
  return bytes;
}

struct Hdf5File::Body {
  Handle file;
};

Hdf5File::Hdf5File(const fs::path& path) : path_(path) {
  const Turn turn;
  body_ = std::make_unique<Body>(Body{open_file(path)});
  const Handle root(check(H5Gopen2(*body_->file, "/", H5P_DEFAULT), path.string()), H5Gclose);
  Walk(path.string(), names_, links_elsewhere_).walk(*root, "");
  std::sort(names_.begin(), names_.end());
}

Hdf5File::~Hdf5File() = default;

bool Hdf5File::has(const std::string& name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

Hdf5Array Hdf5File::open(const std::string& name) const {
  const Turn turn;
  const auto called = concat(path_.string(), ", ", shown(name));
  SAVP_CHECK(has(name), DataError, called, ": is no array in the file");
  Handle array(check(H5Dopen2(*body_->file, name.c_str(), H5P_DEFAULT), called), H5Dclose);
  check_storage(*array, called);
  Handle space(check(H5Dget_space(*array), called), H5Sclose);
  Handle type(check(H5Dget_type(*array), called), H5Tclose);
  auto shape = shape_of(*space, called);
  const auto kind = type_of(*type);
  return Hdf5Array(std::make_unique<Hdf5Array::Body>(
      Hdf5Array::Body{called, std::move(array), std::move(space), std::move(type), std::move(shape), kind}));
}

}  // namespace savp
