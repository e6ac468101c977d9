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

// A value that several places share while the program runs; it may even hold itself. Nothing is copied into
// it: texts stay in the program, and what is made from a tuple keeps the tuple.
struct Node;
using Value = Node*;
struct Node {
  enum Kind {
    kPlain,
    kText,
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
  bool entered = false;        // while what it holds is gone through
  Json plain = {};             // a number, a boolean or None; NumPy's name of a type of numbers; the place
                               // of a storage among all
  std::string_view text = {};  // of a text or a byte string, within the program
  std::vector<Value> values = {};  // of a list; keys and values in turn of a dictionary; module and name of a
                                   // callable; the tuple that an array is filled from, or a tensor made from
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
    {"torch._utils _rebuild_parameter_with_state", Result::kFirstArgument, true},
    {"torch Size", Result::kFirstArgument, true},
    {"torch device", Result::kFirstArgument, true},
};

const Callable* find_callable(const std::string& name, bool of_torch) {
  const auto* found = std::find_if(std::begin(kCallables), std::end(kCallables), [&](const Callable& known) {
    return name == known.name && (of_torch || !known.of_torch);
  });
  return found == std::end(kCallables) ? nullptr : found;
}

// What a program may hold; the rest is refused.
enum class Holding { kData, kTensors, kAnything };

class Unpickler {
 public:
  Unpickler(std::string_view program, std::string name, Holding holding = Holding::kData)
      : program_(program), left_(program), name_(std::move(name)), holding_(holding) {}

  Json run() { return to_json(result(), 0); }

  std::vector<PickledArray> arrays() {
    std::vector<PickledArray> found;
    walk(result(), "", 0, [&](const Node& node, const std::string& name) {
      check(node.kind == Node::kArray, "the pickle holds something else than dictionaries of arrays",
            name.empty() ? "" : " under ", shown(name));
      found.push_back(array(node, name));
    });
    return found;
  }

  PickledTensors tensors() {
    std::vector<PickledTensor> found;
    walk(result(), "", 0, [&](const Node& node, const std::string& name) {
      if (node.kind == Node::kTensor) found.push_back(tensor(node, name));
    });
    return {std::move(storages_), std::move(found), consumed()};
  }

  PickledTensors all_tensors() {
    result();
    std::vector<PickledTensor> found;
    for (const auto& node : nodes_)
      if (node.kind == Node::kTensor) found.push_back(tensor(node, ""));
    return {std::move(storages_), std::move(found), consumed()};
  }

  // Bytes of the program that were run.
  size_t consumed() const { return program_.size() - left_.size(); }

 private:
  static constexpr int kDeepest = 100;           // lists in lists
  static constexpr int64_t kLargest = 2000000;   // values in all: shared ones count each time
  static constexpr size_t kLongest = 1U << 27U;  // bytes of texts and arrays: shared ones count each time
  static constexpr size_t kMostSteps = 8000000;  // instructions that store a value, again or anew
  static constexpr size_t kLongestName = 200;    // of what is called and of storages, bytes
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
  std::string_view quoted() {
    const auto literal = line();
    const bool sound = literal.size() >= 2 && literal.front() == literal.back() &&
                       literal.find('\\') == std::string_view::npos;
    check(sound, "a text with escapes is not understood: pickle it with protocol 2 or later");
    return literal.substr(1, literal.size() - 2);
  }
  double real() {
    uint64_t bits = 0;
    for (const unsigned char byte : take(8)) bits = bits << 8U | byte;
    return std::bit_cast<double>(bits);
  }

  // --- The stack

  Value make(Node node) {
    check(static_cast<int64_t>(nodes_.size()) < 2 * kLargest, "the pickle holds too many values");
    return &nodes_.emplace_back(std::move(node));
  }
  Value make(Json plain) { return make(Node{.kind = Node::kPlain, .plain = std::move(plain)}); }
  Value make(Node::Kind kind, std::vector<Value> values = {}) {
    return make(Node{.kind = kind, .values = std::move(values)});
  }
  Value text(std::string_view text) { return make(Node{.kind = Node::kText, .text = text}); }
  Value bytes(std::string_view bytes) { return make(Node{.kind = Node::kBytes, .text = bytes}); }
  // A byte of the program may be enough to store a value once more.
  void count_steps(size_t steps) {
    check((steps_ += steps) <= kMostSteps, "the pickle has more than ", kMostSteps, " steps");
  }
  void push(Value value) {
    count_steps(1);
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
    const auto name = callable_name(*pop());
    const auto* known = find_callable(name, of_torch());
    if (known == nullptr && holding_ == Holding::kAnything) return push(make(Json()));
    check(known != nullptr && (!arguments->values.empty() || known->result == Result::kDict),
          "the pickle calls ", name.empty() ? "something" : shown(name), ": only ", can_be_read(),
          " can be read");
    push(result_of(*known, arguments));
  }
  Value result_of(const Callable& callable, Value arguments) {
    switch (callable.result) {
      case Result::kDict:
        return dictionary(*arguments);
      case Result::kTensor:
        return make(Node::kTensor, {arguments});
      case Result::kFirstArgument:
        return arguments->values.front();
      case Result::kArray:
        return make(Node::kArray);
      case Result::kNumbers:
        break;
    }
    return make(Node{.kind = Node::kNumbers, .plain = short_text(*arguments->values.front())});
  }
  // "torch FloatStorage"; empty for what is no callable.
  std::string callable_name(const Node& node) const {
    if (node.kind != Node::kCallable) return "";
    const auto module = node.values[0]->text, name = node.values[1]->text;
    check(module.size() + name.size() <= kLongestName,
          "the pickle calls something of a name that is too long");
    return concat(module, " ", name);
  }
  std::string can_be_read() const {
    return concat("plain lists, dictionaries, texts, numbers and ",
                  of_torch() ? "PyTorch's tensors" : "NumPy's arrays");
  }
  bool of_torch() const { return holding_ != Holding::kData; }
  // Of no arguments, or of a list of pairs.
  Value dictionary(const Node& arguments) {
    const auto made = make(Node::kDict);
    if (arguments.values.empty()) return made;
    const auto& pairs = arguments.values[0]->values;
    count_steps(2 * pairs.size());
    for (const auto* pair : pairs) {
      check(pair->kind == Node::kList && pair->values.size() == 2,
            "the pickle makes a dictionary of something else than pairs");
      made->values.insert(made->values.end(), pair->values.begin(), pair->values.end());
    }
    return made;
  }
  static std::string_view text_of(const Node& node) {
    const auto* plain = node.plain.get_ptr<const Json::string_t*>();
    return plain != nullptr ? *plain : node.text;
  }
  std::string short_text(const Node& node) const {
    check(text_of(node).size() <= 8, "the pickle holds numbers of an unknown form");
    return std::string(text_of(node));
  }

  // What NumPy makes first and fills afterwards: a type (version, byte order, ...) and an array.
  void fill() {
    const auto state = pop();
    if (of_torch() && !stack_.empty() && stack_.back()->kind == Node::kDict) return;  // notes about versions
    if (holding_ == Holding::kAnything && !stack_.empty() && is_none(*stack_.back())) return;
    check(!stack_.empty() && (stack_.back()->kind == Node::kNumbers || stack_.back()->kind == Node::kArray),
          "the pickle holds Python objects: only plain data and NumPy's arrays can be read");
    auto& made = *stack_.back();
    if (made.kind == Node::kArray) {
      made.values = {state};
      return;
    }
    check(state->values.size() >= 2, "the pickle holds numbers of an unknown form");
    made.plain = short_text(*state->values[1]) + short_text(made);
  }

  // What lies outside the pickle: "storage", its type, its name, where it was, how many numbers it has, and
  // in early files which part of another one it is. All that have its name are one.
  Value storage(const Node& id) {
    const auto& parts = id.values;
    const bool known = parts.size() >= 5 && parts[0]->text == "storage" &&
                       parts[1]->kind == Node::kCallable && parts[2]->kind == Node::kText &&
                       parts[2]->text.size() <= kLongestName && parts[4]->plain.is_number_integer() &&
                       parts[4]->plain.get<int64_t>() >= 0;
    check(known && (parts.size() == 5 || is_none(*parts[5])),
          "the pickle keeps something else than the numbers of a tensor outside: save a state_dict() alone");
    auto type = callable_name(*parts[1]);
    if (type.starts_with("torch ")) type.erase(0, 6);
    const PickledStorage storage{std::string(parts[2]->text), type, parts[4]->plain.get<int64_t>()};
    const auto [place, is_new] = storage_places_.emplace(parts[2]->text, storages_.size());
    if (is_new) {
      count(0, storage.name.size() + storage.type.size());
      storages_.push_back(storage);
    }
    const auto& first = storages_[place->second];
    check(storage.size == first.size && storage.type == first.type, "the pickle keeps the numbers ",
          shown(storage.name), " both as ", first.size, " of ", shown(first.type), " and as ", storage.size,
          " of ", shown(storage.type));
    return make(Node{.kind = Node::kStorage, .plain = place->second});
  }
  static bool is_none(const Node& node) { return node.kind == Node::kPlain && node.plain.is_null(); }

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
        return push(text(take(number(1)))), true;
      case 'T':
      case 'X':
        return push(text(take(number(4)))), true;
      case '\x8d':
        return push(text(take(number(8)))), true;
      case 'C':
        return push(bytes(take(number(1)))), true;
      case 'B':
        return push(bytes(take(number(4)))), true;
      case '\x8e':
        return push(bytes(take(number(8)))), true;
      case 'V':
        return push(text(line())), true;
      case 'S':
        return push(text(quoted())), true;
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
      case 'c':
        return push(make(Node::kCallable, {text(line()), text(line())})), true;
      case '\x93':
        return push(make(Node::kCallable, top_values(2))), true;
      case 'R':
        return call(), true;
      case 'b':
        return fill(), true;
      case 'Q':
        return of_torch() && (push(storage(*pop())), true);
      case '\x81':  // an object of a class and arguments, which nobody looks at
        return holding_ == Holding::kAnything && (top_values(2), push(make(Json())), true);
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
    check(depth <= kDeepest, "the pickle holds lists or dictionaries more than ", kDeepest,
          " deep in each other");
    check(++converted_ <= kLargest, "the pickle holds more than ", kLargest, " values");
    copied_ += bytes;
    check(copied_ <= kLongest, "the pickle holds more than ", kLongest, " bytes of texts and numbers");
  }
  void enter(Node& node) const {
    check(!node.entered, "the pickle holds a ", node.kind == Node::kList ? "list" : "dictionary",
          " that holds itself");
    node.entered = true;
  }

  Json to_json(Value value, int depth) {
    count(depth, value->text.size());
    if (value->kind == Node::kPlain) return value->plain;
    if (value->kind == Node::kText || value->kind == Node::kBytes) return std::string(value->text);
    check(value->kind == Node::kList || value->kind == Node::kDict, "the pickle holds a Python object");
    enter(*value);
    Json result = value->kind == Node::kList ? Json::array() : Json::object();
    if (value->kind == Node::kList)
      for (auto* element : value->values) result.push_back(to_json(element, depth + 1));
    else
      for (size_t i = 0; i + 1 < value->values.size(); i += 2)
        result[key_of(value->values[i], depth + 1)] = to_json(value->values[i + 1], depth + 1);
    value->entered = false;
    return result;
  }

  std::string key_of(Value value, int depth) {
    const auto key = to_json(value, depth);
    return key.is_string()
               ? key.get<std::string>()
               : key.dump(-1, ' ', false, Json::error_handler_t::replace);  // bytes may be no UTF-8
  }

  // Through dictionaries within dictionaries: found(node, name) of all else.
  template <class Found>
  void walk(Value value, const std::string& name, int depth, const Found& found) {
    if (value->kind != Node::kDict) return found(*value, name);
    enter(*value);
    for (size_t i = 0; i + 1 < value->values.size(); i += 2) {
      const auto key = key_of(value->values[i], depth + 1);
      count(depth, name.size() + key.size() + 1);
      walk(value->values[i + 1], name.empty() ? key : concat(name, "/", key), depth + 1, found);
    }
    value->entered = false;
  }

  // Made from a storage, the place of its first number in it, shape, strides, two things that do not matter
  // here, and perhaps what is still to be done with the numbers ("neg": true).
  PickledTensor tensor(const Node& node, const std::string& name) {
    const auto& parts = node.values[0]->values;
    check(parts.size() >= 4 && parts[0]->kind == Node::kStorage, "the tensor ", shown(name),
          " was made in an unknown way");
    check(parts.size() < 7 || parts[6]->values.empty(), "the tensor ", shown(name),
          " is stored negated or conjugated: save t.resolve_neg().resolve_conj() instead");
    PickledTensor tensor{.name = name,
                         .storage = parts[0]->plain.get<size_t>(),
                         .offset = whole(*parts[1], name),
                         .shape = wholes(*parts[2], name),
                         .strides = wholes(*parts[3], name)};
    count(0, sizeof(int64_t) * (tensor.shape.size() + tensor.strides.size()));
    return tensor;
  }
  int64_t whole(const Node& node, const std::string& name) const {
    check(node.plain.is_number_integer(), "the tensor ", shown(name), " has a size that is no whole number");
    return node.plain.get<int64_t>();
  }
  std::vector<int64_t> wholes(const Node& list, const std::string& name) const {
    check(list.kind == Node::kList && list.values.size() <= kMostAxes, "the tensor ", shown(name),
          " has too many axes");
    std::vector<int64_t> numbers;
    for (const auto* value : list.values) numbers.push_back(whole(*value, name));
    return numbers;
  }

  // Filled from a version, shape, type, whether in Fortran's order, and values.
  PickledArray array(const Node& node, const std::string& name) {
    check(!node.values.empty(), "the array ", shown(name), " was never filled");
    const auto& parts = node.values[0]->values;
    const bool known = parts.size() >= 5 && parts[1]->kind == Node::kList &&
                       parts[1]->values.size() <= kMostAxes && parts[2]->kind == Node::kNumbers &&
                       parts[3]->plain.is_boolean() && parts[4]->kind == Node::kBytes;
    check(known, "the array ", shown(name), " is of an unknown form: pickle it with protocol 3 or 4");
    const auto bytes = parts[4]->text;
    count(0, bytes.size());
    PickledArray array{name, header_of(parts, name), std::string(bytes)};
    check(array.header.bytes() == static_cast<int64_t>(bytes.size()), "the array ", shown(name), " of shape ",
          shape_text(array.header.shape), " has ", bytes.size(), " bytes");
    return array;
  }

  // NumPy describes an array in a file in the same words, and the same holds of them.
  ArrayHeader header_of(const std::vector<Value>& parts, const std::string& name) const {
    std::string shape;
    for (const auto* length : parts[1]->values) {
      check(length->plain.is_number_integer(), "the array ", shown(name), " has a shape of no whole numbers");
      shape += length->plain.dump() + ", ";
    }
    try {
      return parse_array_header(concat("{'descr': '", shown(text_of(*parts[2])),
                                       "', 'fortran_order': ", parts[3]->plain.get<bool>() ? "True" : "False",
                                       ", 'shape': (", shape, ")}"));
    } catch (const DataError& error) {
      check(false, "the array ", shown(name), ": ", error.what());
      throw;
    }
  }

  std::string_view program_, left_;
  std::string name_;
  Holding holding_;
  std::deque<Node> nodes_;  // all that were made
  std::vector<Value> stack_;
  std::map<uint64_t, Value> memo_;
  size_t steps_ = 0;
  int64_t converted_ = 0;
  size_t copied_ = 0;  // bytes of texts
  std::vector<PickledStorage> storages_;
  std::map<std::string_view, size_t> storage_places_;  // by name
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
  return Unpickler(program, name, Holding::kTensors).tensors();
}

PickledTensors read_all_pickled_tensors(std::string_view program, const std::string& name) {
  return Unpickler(program, name, Holding::kAnything).all_tensors();
}

std::pair<Json, size_t> read_pickle(std::string_view program, const std::string& name) {
  Unpickler unpickler(program, name);
  auto value = unpickler.run();
  return {std::move(value), unpickler.consumed()};
}

}  // namespace savp
