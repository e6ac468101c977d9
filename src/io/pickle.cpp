#include "io/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "io/whole_file.h"

// A pickle is a program for a machine with a stack of values, marks on it, and numbered memos:
// https://github.com/python/cpython/blob/main/Lib/pickletools.py tells what each byte means.
namespace savp {
namespace {

using Json = nlohmann::json;

// A value that several places may share while the program runs; it may even hold itself.
struct Node;
using Value = Node*;
struct Node {
  enum Kind {
    kPlain,
    kBytes,
    kList,
    kDict,
    kMark,
    kCallable,
    kNumbers,
    kArray,
    kStorage,
    kTensor
  } kind = kPlain;
  Json plain;                 // of a plain value; the name of a callable; NumPy's name of a type of numbers
  std::vector<Value> values;  // of a list; keys and values in turn of a dictionary; of an array its state; of
                              // a storage what tells which it is; of a tensor what it was made from
  std::string_view bytes;     // of a byte string, within the program
};

// What a pickle may call: name, and what comes of it.
enum class Result { kFirstArgument, kNumbers, kArray, kDict, kTensor };
struct Callable {
  const char* name;
  Result result;
  bool of_torch = false;  // only where PyTorch's tensors are read
};
constexpr Callable kCallables[] = {
    {"_codecs encode", Result::kFirstArgument},  // Python 3's byte strings for Python 2
    {"numpy dtype", Result::kNumbers},
    {"numpy.core.multiarray _reconstruct", Result::kArray},
    {"numpy._core.multiarray _reconstruct", Result::kArray},  // since NumPy 2
    {"collections OrderedDict", Result::kDict, true},
    {"torch._utils _rebuild_tensor", Result::kTensor, true},
    {"torch._utils _rebuild_tensor_v2", Result::kTensor, true},
    {"torch._utils _rebuild_parameter", Result::kFirstArgument, true},
};

const Callable* find_callable(const std::string& name, bool of_torch) {
  const auto* found = std::find_if(std::begin(kCallables), std::end(kCallables), [&](const Callable& known) {
    return name == known.name && (of_torch || !known.of_torch);
  });
  return found == std::end(kCallables) ? nullptr : found;
}

class Unpickler {
 public:
  Unpickler(std::string_view program, std::string name, bool of_torch = false)
      : program_(program), left_(program), name_(std::move(name)), of_torch_(of_torch) {}

  Json run() { return to_json(result(), 0); }

  std::vector<PickledArray> arrays() {
    std::vector<PickledArray> found;
    collect(result(), "", 0, found);
    return found;
  }

  std::vector<PickledTensor> tensors() {
    std::vector<PickledTensor> found;
    collect(result(), "", 0, found);
    return found;
  }

  // Bytes of the program that were run.
  size_t consumed() const { return program_.size() - left_.size(); }

 private:
  static constexpr int kDeepest = 100;           // lists in lists
  static constexpr int64_t kLargest = 2000000;   // values in all: shared ones count each time
  static constexpr size_t kLongest = 1U << 27U;  // bytes of texts and arrays: shared ones count each time
  static constexpr size_t kMostSteps = 8000000;  // instructions that store a value, again or anew
  static constexpr size_t kLongestName = 200;    // of what is called, bytes
  static constexpr size_t kMostAxes = 32;        // of an array

  template <class... Parts>
  void check(bool condition, const Parts&... parts) const {
    SAVP_CHECK(condition, DataError, name_, ", byte ", program_.size() - left_.size(), ": ", parts...);
  }

  // --- Bytes of the program

  std::string_view take(uint64_t count) {
    check(count <= left_.size(), "the pickle is cut short");
    const auto taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  uint64_t number(size_t bytes) {
    const auto taken = take(bytes);
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8U | static_cast<unsigned char>(taken[i]);
    return value;
  }
  // Two's complement of up to 8 bytes.
  int64_t signed_number(uint64_t bytes) {
    check(bytes <= 8, "a number of ", bytes, " bytes is too large");
    if (bytes == 0) return 0;
    const auto unused = static_cast<unsigned>(64 - 8 * bytes);
    return static_cast<int64_t>(number(bytes) << unused) >> unused;
  }
  std::string_view line() {
    const auto end = left_.find('\n');
    check(end != std::string_view::npos, "the pickle is cut short");
    const auto taken = take(end);
    take(1);
    return taken;
  }
  int64_t decimal() {
    auto text = line();
    if (!text.empty() && text.back() == 'L') text.remove_suffix(1);
    int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    check(failure == std::errc() && end == text.data() + text.size(), "\"", shown(text), "\" is no number");
    return value;
  }
  // Early protocols write booleans as 00 and 01.
  Json whole_number() {
    if (left_.starts_with("00\n") || left_.starts_with("01\n")) return line() == "01";
    return decimal();
  }
  double written_real() {
    const auto text = line();
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    check(failure == std::errc() && end == text.data() + text.size(), "\"", shown(text), "\" is no number");
    return value;
  }
  std::string text(uint64_t bytes) { return std::string(take(bytes)); }
  std::string quoted() {
    const auto literal = line();
    const bool sound = literal.size() >= 2 && literal.front() == literal.back() &&
                       literal.find('\\') == std::string_view::npos;
    check(sound, "a text with escapes is not understood: pickle it with protocol 2 or later");
    return std::string(literal.substr(1, literal.size() - 2));
  }
  double real() {
    uint64_t bits = 0;
    for (const unsigned char byte : take(8)) bits = bits << 8U | byte;
    return std::bit_cast<double>(bits);
  }

  // --- The stack

  Value make(Json plain) {
    check_count();
    return &nodes_.emplace_back(Node{Node::kPlain, std::move(plain), {}, {}});
  }
  Value make(std::string_view bytes) {
    check_count();
    return &nodes_.emplace_back(Node{Node::kBytes, {}, {}, bytes});
  }
  void check_count() const {
    check(static_cast<int64_t>(nodes_.size()) < 2 * kLargest, "the pickle holds too many values");
  }
  Value make(Node::Kind kind, std::vector<Value> values = {}) {
    check_count();
    return &nodes_.emplace_back(Node{kind, {}, std::move(values), {}});
  }
  // A byte of the program may be enough to store a value once more.
  void count_step() { check(++steps_ <= kMostSteps, "the pickle has more than ", kMostSteps, " steps"); }
  void push(Value value) {
    count_step();
    stack_.push_back(value);
  }
  Value pop() {
    check(!stack_.empty(), "the pickle takes a value where there is none");
    const auto value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Value top(Node::Kind kind) {
    check(!stack_.empty() && stack_.back()->kind == kind, "the pickle adds to what is no list or dictionary");
    return stack_.back();
  }
  // What lies above the last mark, which is taken away as well.
  std::vector<Value> above_mark() {
    auto mark = stack_.size();
    while (mark > 0 && stack_[mark - 1]->kind != Node::kMark) --mark;
    check(mark > 0, "the pickle misses a mark");
    std::vector<Value> values(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark - 1);
    return values;
  }
  std::vector<Value> top_values(int count) {
    std::vector<Value> values(static_cast<size_t>(count));
    for (auto i = values.size(); i-- > 0;) values[i] = pop();
    return values;
  }
  void extend(Node::Kind kind, const std::vector<Value>& more) {
    check(kind != Node::kDict || more.size() % 2 == 0, "a dictionary has a key without a value");
    auto& values = top(kind)->values;
    values.insert(values.end(), more.begin(), more.end());
  }
  void remember(uint64_t place) {
    check(!stack_.empty(), "the pickle remembers a value where there is none");
    check(memo_.size() < static_cast<size_t>(kLargest), "the pickle remembers too many values");
    memo_[place] = stack_.back();
  }
  void recall(uint64_t place) {
    const auto found = memo_.find(place);
    check(found != memo_.end(), "the pickle recalls a value that it did not remember");
    push(found->second);
  }

  void call() {
    const auto arguments = pop();
    const auto callable = pop();
    const std::string name = callable->kind == Node::kCallable ? callable->plain.get<std::string>() : "";
    const auto* known = find_callable(name, of_torch_);
    check(known != nullptr && (!arguments->values.empty() || known->result == Result::kDict),
          "the pickle calls ", name.empty() ? "something" : shown(name), ": only ", can_be_read(),
          " can be read");
    if (known->result == Result::kDict) return push(dictionary(*arguments));
    if (known->result == Result::kTensor) return push(make(Node::kTensor, arguments->values));
    const auto first = arguments->values.front();
    if (known->result == Result::kFirstArgument) return push(first);
    push(make(known->result == Result::kArray ? Node::kArray : Node::kNumbers));
    if (known->result == Result::kNumbers) stack_.back()->plain = short_text(first);
  }
  std::string can_be_read() const {
    return concat("plain lists, dictionaries, texts, numbers and ",
                  of_torch_ ? "PyTorch's tensors" : "NumPy's arrays");
  }
  // Of no arguments, or of a list of pairs.
  Value dictionary(const Node& arguments) {
    const auto made = make(Node::kDict);
    if (arguments.values.empty()) return made;
    for (const auto* pair : arguments.values[0]->values) {
      check(pair->values.size() == 2, "the pickle makes a dictionary of something else than pairs");
      made->values.insert(made->values.end(), pair->values.begin(), pair->values.end());
    }
    return made;
  }
  std::string short_text(Value value) const {
    check(text_size(*value) <= 8, "the pickle holds numbers of an unknown form");
    return plain_text(value);
  }
  static size_t text_size(const Node& node) {
    const auto* text = node.plain.get_ptr<const Json::string_t*>();
    return text != nullptr ? text->size() : node.bytes.size();
  }
  static std::string plain_text(Value value) {
    return value->plain.is_string() ? value->plain.get<std::string>() : std::string(value->bytes);
  }

  // What NumPy makes first and fills afterwards: a type (version, byte order, ...), an array (version, shape,
  // type, whether in Fortran's order, values).
  void fill() {
    const auto state = pop();
    if (of_torch_ && !stack_.empty() && stack_.back()->kind == Node::kDict) return;  // notes about versions
    check(!stack_.empty() && (stack_.back()->kind == Node::kNumbers || stack_.back()->kind == Node::kArray),
          "the pickle holds Python objects: only plain data and NumPy's arrays can be read");
    auto& made = *stack_.back();
    const auto& parts = state->values;
    if (made.kind == Node::kArray) {
      const bool known = parts.size() == 5 && parts[1]->kind == Node::kList &&
                         parts[1]->values.size() <= kMostAxes && parts[2]->kind == Node::kNumbers &&
                         parts[3]->plain.is_boolean();
      check(known && parts[4]->kind == Node::kBytes,
            "the pickle holds an array of an unknown form: pickle it with protocol 3 or 4");
      made.values = parts;
      return;
    }
    check(parts.size() >= 2, "the pickle holds numbers of an unknown form");
    made.plain = short_text(parts[1]) + short_text(&made);
  }

  void name_callable(const std::string& name) {
    check(name.size() <= kLongestName, "the pickle calls something of a name that is too long");
    const auto value = make(Json(name));
    value->kind = Node::kCallable;
    push(value);
  }

  // --- One instruction; false at the end of the program.

  bool step() {
    const char code = take(1)[0];
    switch (code) {
      case '.':
        return false;
      case '\x80':  // protocol
        check(number(1) <= 5, "a later protocol of pickles than 5");
        break;
      case '\x95':  // frame
        take(8);
        break;
      case '(':
        push(make(Node::kMark));
        break;
      case '0':
        pop();
        break;
      case '1':
        above_mark();
        break;
      case '2':
        check(!stack_.empty(), "the pickle doubles a value where there is none");
        push(stack_.back());
        break;
      default:
        if (!constant(code) && !container(code) && !memory(code))
          check(false, "the pickle holds Python objects (instruction ", static_cast<int>(code & 0xff),
                "): only ", can_be_read(), " can be read");
    }
    return true;
  }

  bool constant(char code) {
    switch (code) {
      case 'N':
        return push(make(Json())), true;
      case '\x88':
        return push(make(Json(true))), true;
      case '\x89':
        return push(make(Json(false))), true;
      case 'K':
        return push(make(Json(number(1)))), true;
      case 'M':
        return push(make(Json(number(2)))), true;
      case 'J':
        return push(make(Json(signed_number(4)))), true;
      case '\x8a':
        return push(make(Json(signed_number(number(1))))), true;
      case 'I':
        return push(make(whole_number())), true;
      case 'L':
        return push(make(Json(decimal()))), true;
      case 'F':
        return push(make(Json(written_real()))), true;
      case 'G':
        return push(make(Json(real()))), true;
      case 'U':
      case '\x8c':
        return push(make(Json(text(number(1))))), true;
      case 'T':
      case 'X':
        return push(make(Json(text(number(4))))), true;
      case '\x8d':
        return push(make(Json(text(number(8))))), true;
      case 'C':
        return push(make(take(number(1)))), true;
      case 'B':
        return push(make(take(number(4)))), true;
      case '\x8e':
        return push(make(take(number(8)))), true;
      case 'V':
        return push(make(Json(std::string(line())))), true;
      case 'S':
        return push(make(Json(quoted()))), true;
      default:
        return false;
    }
  }

  bool container(char code) {
    switch (code) {
      case ']':
      case ')':
        return push(make(Node::kList)), true;
      case '}':
        return push(make(Node::kDict)), true;
      case 'l':
      case 't':
        return push(make(Node::kList, above_mark())), true;
      case '\x85':
      case '\x86':
      case '\x87':
        return push(make(Node::kList, top_values((code & 0xff) - 0x84))), true;
      case 'd':
        push(make(Node::kDict));
        return extend_below_mark(Node::kDict), true;
      case 'a':
        return extend(Node::kList, top_values(1)), true;
      case 's':
        return extend(Node::kDict, top_values(2)), true;
      case 'e':
        return extend(Node::kList, above_mark()), true;
      case 'u':
        return extend(Node::kDict, above_mark()), true;
      default:
        return false;
    }
  }

  // The new container was pushed above the values meant for it.
  void extend_below_mark(Node::Kind kind) {
    const auto container = pop();
    const auto values = above_mark();
    push(container);
    extend(kind, values);
  }

  bool memory(char code) {
    switch (code) {
      case 'p':
        return remember(static_cast<uint64_t>(decimal())), true;
      case 'q':
        return remember(number(1)), true;
      case 'r':
        return remember(number(4)), true;
      case '\x94':
        return remember(memo_.size()), true;
      case 'g':
        return recall(static_cast<uint64_t>(decimal())), true;
      case 'h':
        return recall(number(1)), true;
      case 'j':
        return recall(number(4)), true;
      case 'c': {
        const std::string module(line());
        return name_callable(concat(module, " ", line())), true;
      }
      case '\x93': {
        const auto names = top_values(2);
        return name_callable(concat(plain_text(names[0]), " ", plain_text(names[1]))), true;
      }
      case 'R':
        return call(), true;
      case 'b':
        return fill(), true;
      case 'Q':
        return of_torch_ && (push(make(Node::kStorage, pop()->values)), true);
      default:
        return false;
    }
  }

  // --- The result

  Value result() {
    while (step()) {
    }
    return pop();
  }

  void count(int depth, size_t bytes) {
    check(depth <= kDeepest && ++converted_ <= kLargest, "the pickle holds lists within lists without end");
    copied_ += bytes;
    check(copied_ <= kLongest, "the pickle holds more than ", kLongest, " bytes of texts and numbers");
  }

  Json to_json(Value value, int depth) {
    count(depth, text_size(*value));
    if (value->kind == Node::kPlain) return value->plain;
    if (value->kind == Node::kBytes) return std::string(value->bytes);
    check(value->kind == Node::kList || value->kind == Node::kDict, "the pickle holds a Python object");
    Json result = value->kind == Node::kList ? Json::array() : Json::object();
    if (value->kind == Node::kList) {
      for (const auto& element : value->values) result.push_back(to_json(element, depth + 1));
      return result;
    }
    for (size_t i = 0; i + 1 < value->values.size(); i += 2)
      result[key_of(value->values[i], depth + 1)] = to_json(value->values[i + 1], depth + 1);
    return result;
  }

  std::string key_of(Value value, int depth) {
    const auto key = to_json(value, depth);
    return key.is_string()
               ? key.get<std::string>()
               : key.dump(-1, ' ', false, Json::error_handler_t::replace);  // bytes may be no UTF-8
  }

  void collect(Value value, const std::string& name, int depth, std::vector<PickledArray>& found) {
    if (value->kind == Node::kArray) return found.push_back(array(*value, name));
    check(value->kind == Node::kDict, "the pickle holds something else than dictionaries of arrays",
          name.empty() ? "" : " under ", shown(name));
    for (size_t i = 0; i + 1 < value->values.size(); i += 2) {
      const auto key = key_of(value->values[i], depth + 1);
      count(depth, name.size() + key.size() + 1);
      collect(value->values[i + 1], name.empty() ? key : concat(name, "/", key), depth + 1, found);
    }
  }

  void collect(Value value, const std::string& name, int depth, std::vector<PickledTensor>& found) {
    if (value->kind == Node::kTensor) return found.push_back(tensor(*value, name));
    if (value->kind != Node::kDict) return;
    for (size_t i = 0; i + 1 < value->values.size(); i += 2) {
      const auto key = key_of(value->values[i], depth + 1);
      count(depth, name.size() + key.size() + 1);
      collect(value->values[i + 1], name.empty() ? key : concat(name, "/", key), depth + 1, found);
    }
  }

  // Made from a storage, the place of its first number in it, shape, strides, and what does not matter here.
  // A storage is told by "storage", its type, its name, where it was and how many numbers it has.
  PickledTensor tensor(const Node& node, const std::string& name) const {
    const auto& parts = node.values;
    check(parts.size() >= 4 && parts[0]->kind == Node::kStorage, "the tensor ", shown(name),
          " was made in an unknown way");
    const auto& storage = parts[0]->values;
    check(storage.size() >= 5 && storage[1]->kind == Node::kCallable, "the numbers of the tensor ",
          shown(name), " are kept in an unknown way");
    const auto type = storage[1]->plain.get<std::string>();
    check(type.starts_with("torch "), "the tensor ", shown(name), " is of ", shown(type));
    return {.name = name,
            .storage_type = type.substr(6),
            .storage = plain_text(storage[2]),
            .storage_size = whole(storage[4], name),
            .offset = whole(parts[1], name),
            .shape = wholes(*parts[2], name),
            .strides = wholes(*parts[3], name)};
  }
  int64_t whole(Value value, const std::string& name) const {
    check(value->plain.is_number_integer(), "the tensor ", shown(name),
          " has a size that is no whole number");
    return value->plain.get<int64_t>();
  }
  std::vector<int64_t> wholes(const Node& list, const std::string& name) const {
    check(list.values.size() <= kMostAxes, "the tensor ", shown(name), " has too many axes");
    std::vector<int64_t> numbers;
    for (auto* value : list.values) numbers.push_back(whole(value, name));
    return numbers;
  }

  PickledArray array(const Node& node, const std::string& name) {
    check(!node.values.empty(), "the array ", shown(name), " was never filled");
    const auto bytes = node.values[4]->bytes;
    count(0, bytes.size());
    PickledArray array{name, header_of(node, name), std::string(bytes)};
    check(array.header.bytes() == static_cast<int64_t>(bytes.size()), "the array ", shown(name), " of shape ",
          shape_text(array.header.shape), " has ", bytes.size(), " bytes");
    return array;
  }

  // NumPy describes an array in a file in the same words, and the same holds of them.
  ArrayHeader header_of(const Node& node, const std::string& name) const {
    std::string shape;
    for (const auto& length : node.values[1]->values) {
      check(length->plain.is_number_integer(), "the array ", shown(name), " has a shape of no whole numbers");
      shape += length->plain.dump() + ", ";
    }
    try {
      return parse_array_header(
          concat("{'descr': '", shown(plain_text(node.values[2])), "', 'fortran_order': ",
                 node.values[3]->plain.get<bool>() ? "True" : "False", ", 'shape': (", shape, ")}"));
    } catch (const DataError& error) {
      check(false, "the array ", shown(name), ": ", error.what());
      throw;
    }
  }

  std::string_view program_, left_;
  std::string name_;
  bool of_torch_;
  std::deque<Node> nodes_;  // all that were made
  std::vector<Value> stack_;
  std::map<uint64_t, Value> memo_;
  size_t steps_ = 0;
  int64_t converted_ = 0;
  size_t copied_ = 0;  // bytes of texts
};

constexpr int64_t kLargestFile = int64_t{1} << 27;  // bytes; the published ones have some megabytes

}  // namespace

Json read_pickle(const std::filesystem::path& path) {
  const auto program = read_whole_file(path, kLargestFile);
  return Unpickler(program, path.string()).run();
}

std::vector<PickledArray> read_pickled_arrays(const std::filesystem::path& path) {
  const auto program = read_whole_file(path, kLargestFile);
  return Unpickler(program, path.string()).arrays();
}

PickledTensors read_pickled_tensors(std::string_view program, const std::string& name) {
  Unpickler unpickler(program, name, /*of_torch=*/true);
  auto tensors = unpickler.tensors();
  return {std::move(tensors), unpickler.consumed()};
}

std::pair<Json, size_t> read_pickle(std::string_view program, const std::string& name) {
  Unpickler unpickler(program, name);
  auto value = unpickler.run();
  return {std::move(value), unpickler.consumed()};
}

}  // namespace savp
