#include "io/pickle.h"

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
  enum Kind { kPlain, kList, kDict, kMark, kCallable } kind = kPlain;
  Json plain;                 // of a plain value; the name of a callable
  std::vector<Value> values;  // of a list; keys and values in turn of a dictionary
};

class Unpickler {
 public:
  Unpickler(std::string_view program, std::string name)
      : program_(program), left_(program), name_(std::move(name)) {}

  Json run() {
    while (step()) {
    }
    return to_json(pop(), 0);
  }

 private:
  static constexpr int kDeepest = 100;           // lists in lists
  static constexpr int64_t kLargest = 2000000;   // values in all: shared ones count each time
  static constexpr size_t kLongest = 1U << 27U;  // bytes of texts in all: shared ones count each time
  static constexpr size_t kMostSteps = 8000000;  // instructions that store a value, again or anew

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
    return &nodes_.emplace_back(Node{Node::kPlain, std::move(plain), {}});
  }
  void check_count() const {
    check(static_cast<int64_t>(nodes_.size()) < 2 * kLargest, "the pickle holds too many values");
  }
  Value make(Node::Kind kind, std::vector<Value> values = {}) {
    check_count();
    return &nodes_.emplace_back(Node{kind, {}, std::move(values)});
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

  // Python 3 writes byte strings for Python 2 as a call: _codecs.encode(text, "latin1").
  void call() {
    const auto arguments = pop();
    const auto callable = pop();
    const std::string name = callable->kind == Node::kCallable ? callable->plain.get<std::string>() : "";
    const bool known = name == "_codecs encode" && !arguments->values.empty();
    check(known, "the pickle calls ", name.empty() ? "something" : shown(name),
          ": only plain lists, dictionaries, texts and numbers can be read");
    push(arguments->values.front());
  }
  void name_callable(const std::string& name) {
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
                "): only plain lists, dictionaries, texts and numbers can be read");
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
      case 'C':
      case '\x8c':
        return push(make(Json(text(number(1))))), true;
      case 'T':
      case 'B':
      case 'X':
        return push(make(Json(text(number(4))))), true;
      case '\x8d':
      case '\x8e':
        return push(make(Json(text(number(8))))), true;
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
        return name_callable(concat(names[0]->plain.is_string() ? names[0]->plain.get<std::string>() : "",
                                    " ",
                                    names[1]->plain.is_string() ? names[1]->plain.get<std::string>() : "")),
               true;
      }
      case 'R':
        return call(), true;
      default:
        return false;
    }
  }

  // --- The result

  // Texts may be bytes that are no UTF-8.
  static std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  Json to_json(Value value, int depth) {
    check(depth <= kDeepest && ++converted_ <= kLargest, "the pickle holds lists within lists without end");
    if (value->kind == Node::kPlain) {
      if (const auto* text = value->plain.get_ptr<const Json::string_t*>()) copied_ += text->size();
      check(copied_ <= kLongest, "the pickle holds more than ", kLongest, " bytes of texts");
      return value->plain;
    }
    check(value->kind == Node::kList || value->kind == Node::kDict, "the pickle holds a Python object");
    Json result = value->kind == Node::kList ? Json::array() : Json::object();
    if (value->kind == Node::kList) {
      for (const auto& element : value->values) result.push_back(to_json(element, depth + 1));
      return result;
    }
    for (size_t i = 0; i + 1 < value->values.size(); i += 2) {
      const auto key = to_json(value->values[i], depth + 1);
      result[key.is_string() ? key.get<std::string>() : dump(key)] = to_json(value->values[i + 1], depth + 1);
    }
    return result;
  }

  std::string_view program_, left_;
  std::string name_;
  std::deque<Node> nodes_;  // all that were made
  std::vector<Value> stack_;
  std::map<uint64_t, Value> memo_;
  size_t steps_ = 0;
  int64_t converted_ = 0;
  size_t copied_ = 0;  // bytes of texts
};

}  // namespace

Json read_pickle(const std::filesystem::path& path) {
  constexpr int64_t kLargestFile = int64_t{1} << 27;  // bytes; the published ones have some megabytes
  const auto program = read_whole_file(path, kLargestFile);
  return Unpickler(program, path.string()).run();
}

}  // namespace savp
