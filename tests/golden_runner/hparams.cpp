#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "checkpoints/run_dir.h"
#include "core/error.h"
#include "datasets/dataset.h"
#include "golden_runner/data.h"
#include "models/models.h"

namespace savp::golden {
namespace {

// What the recorded texts and dictionaries are applied to. Left out is "n", which has no type:
// hyperparameters here always have one.
struct StartValues {
  using Self = StartValues;
  HPARAM(int64_t, i, 3, "");
  HPARAM(double, f, 0.5, "");
  HPARAM(bool, b, true, "");
  HPARAM(std::string, s, "abc", "");
  HPARAM(std::vector<int64_t>, il, (std::vector<int64_t>{1, 2, 3}), "");
  HPARAM(std::vector<double>, fl, (std::vector<double>{0.1, 0.2}), "");
  HPARAM(std::vector<bool>, bl, (std::vector<bool>{true, false}), "");
  HPARAM(std::vector<std::string>, sl, (std::vector<std::string>{"x", "y"}), "");
  HPARAM(std::vector<int64_t>, t, (std::vector<int64_t>{5, 5}), "");
  HPARAM(int64_t, neg, -1, "");
  HPARAM(double, zero_f, 0.0, "");
};
constexpr const char* kUntyped = "n";

// Where we differ on purpose.

// A text as an element of the same kind as another; nothing where it is none.
std::optional<Json> element_like(const Json& other, const std::string& text) {
  if (other.is_string()) return text;
  const auto value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool fits = other.is_boolean()        ? value.is_boolean()
                    : other.is_number_float() ? value.is_number()
                                              : value.is_number_integer();
  return fits ? std::optional(value) : std::nullopt;
}

// "il[0]=9,il[1]=8": what it changes, where each element is there and is named once. There, such texts
// always fail.
std::optional<Json> elements_set(const std::string& text, const Json& start) {
  static const std::regex kElement(R"((\w+)\[ *(\d+) *\]\s*=\s*([^,\[\]]+)(,\s*|$))");
  Json changed = Json::object();
  std::set<std::string> seen;
  auto left = text;
  for (std::smatch part; !left.empty(); left = part.suffix()) {
    if (!std::regex_search(left, part, kElement, std::regex_constants::match_continuous)) return std::nullopt;
    const auto name = part.str(1);
    const auto index = std::stoul(part[2]);
    const bool there = start.contains(name) && start[name].is_array() && index < start[name].size();
    if (!there || !seen.insert(concat(name, index)).second) return std::nullopt;
    const auto value = element_like(start[name][index], part.str(3));
    if (!value) return std::nullopt;
    if (!changed.contains(name)) changed[name] = start[name];
    changed[name][index] = *value;
  }
  return changed.empty() ? std::nullopt : std::optional(changed);
}

// There, setting an element of a list always fails.
bool sets_an_element(const Json& c) {
  static const std::regex kElement(R"(\w\[ *\d+ *\] *=)");
  const auto& error = c["error"];
  return c["method"] == "parse" && error.is_object() &&
         error["message"].get<std::string>().find("Must pass a list") == 0 &&
         std::regex_search(c["input"].get<std::string>(), kElement);
}

bool is_whole(const HparamsView& view, const std::string& name) {
  return view.has(name) && view.find(name).scalar == Scalar::kInt;
}

// A number of more than 64 bits, which JSON holds as a fraction, or a list with one.
bool is_long(const Json& value) {
  if (value.is_array()) return std::any_of(value.begin(), value.end(), is_long);
  return value.is_number_float() && std::abs(value.get<double>()) >= 0x1p63;
}

// Sets a whole number of more than 64 bits.
bool sets_long(const HparamsView& view, const Json& c) {
  const auto sets = [&](const std::string& name, const Json& value) {
    return is_whole(view, name) && is_long(value);
  };
  const auto& input = c["input"];
  if (c["method"] == "set_hparam") return sets(input[0], input[1]);
  if (c["method"] == "override_from_dict")
    return std::any_of(input.begin(), input.end(), [&](const Json& pair) { return sets(pair[0], pair[1]); });
  const auto text = input.get<std::string>();
  if (c["method"] == "parse_json") {
    const auto values = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!values.is_object()) return false;
    const auto items = values.items();
    return std::any_of(items.begin(), items.end(),
                       [&](const auto& item) { return sets(item.key(), item.value()); });
  }
  static const std::regex kAssignment(R"((\w+) *(?:\[ *\d+ *\])? *= *([^,\[]*|\[[^\]]*\]))");
  static const std::regex kLong(R"((^|[^\d.])\d{20,}(?![\d.eE]))");
  for (auto part = std::sregex_iterator(text.begin(), text.end(), kAssignment);
       part != std::sregex_iterator(); ++part)
    if (is_whole(view, part->str(1)) && std::regex_search(part->str(2), kLong)) return true;
  return false;
}

// Whole numbers of more than 64 bits, and numbers that JSON does not know.
bool beyond_us(const HparamsView& view, const Json& c) {
  static const std::regex kNoJson("NaN|Infinity");
  return sets_long(view, c) ||
         (c["method"] == "parse_json" && std::regex_search(c["input"].get<std::string>(), kNoJson));
}

const std::set<std::string> kOnlyHere = {"vgg_weights"};  // what the reference would have downloaded

// A recorded value {"type": "float", "value": "nan"}, {"type": "list", "items": [...]}.
Json plain(const Json& recorded) {
  if (!recorded.contains("items")) return recorded.value("value", Json());
  Json list = Json::array();
  for (const auto& item : recorded["items"]) list.push_back(plain(item));
  return list;
}

// Numbers that JSON does not know are recorded as text.
bool same(const Json& ours, const Json& recorded) {
  if (ours.is_array() && recorded.is_array())
    return std::equal(ours.begin(), ours.end(), recorded.begin(), recorded.end(), same);
  if (ours.is_number_float() && recorded.is_string()) return std::to_string(ours.get<double>()) == recorded;
  return ours == recorded;
}

// Every value is as before or as it is recorded to have become.
void compare_values(const std::string& what, const Json& ours, Json expected, const Json& changed,
                    Comparison& comparison) {
  for (const auto& [name, value] : changed.items()) expected[name] = value;
  for (const auto& [name, value] : expected.items()) {
    if (!ours.contains(name))
      comparison.problem(concat(what, ": there is no ", name));
    else if (!same(ours[name], value))
      comparison.problem(concat(what, ": ", name, " is ", ours[name].dump(), " instead of ", value.dump()));
  }
  for (const auto& [name, value] : ours.items())
    if (!expected.contains(name) && !kOnlyHere.contains(name))
      comparison.problem(concat(what, ": ", name, " is unknown there"));
  comparison.agree(what);
}

Json plain_changes(const Json& changed) {
  Json values = Json::object();
  for (const auto& [name, value] : changed.items()) values[name] = plain(value);
  return values;
}

// --- Texts and dictionaries

using Apply = void (*)(HparamsView, const Json& input);

void apply_text(HparamsView view, const Json& input) {
  view.override_from_text(input.get<std::string>(), "");
}

void apply_json_text(HparamsView view, const Json& input) {
  const auto values = Json::parse(input.get<std::string>(), nullptr, /*allow_exceptions=*/false);
  SAVP_CHECK(!values.is_discarded(), UsageError, "is not JSON");
  view.override_from_json(values, "");
}

void apply_pairs(HparamsView view, const Json& input) {
  for (const auto& pair : input) view.override_from_json({{pair[0].get<std::string>(), pair[1]}}, "");
}

void apply_pair(HparamsView view, const Json& input) { view.set(input[0].get<std::string>(), input[1]); }

const std::map<std::string, Apply> kSetters = {{"parse", apply_text},
                                               {"parse_json", apply_json_text},
                                               {"override_from_dict", apply_pairs},
                                               {"set_hparam", apply_pair}};

void run_setter(const Json& c, Comparison& comparison) {
  StartValues values;
  HparamsView view(values);
  const auto start = view.to_json();
  const auto& input = c["input"];
  const auto text = input.is_string() ? input.get<std::string>() : input.dump();
  const std::string method = c["method"];
  const auto works_here = method == "parse" ? elements_set(text, start) : std::nullopt;
  const bool fails = beyond_us(view, c) || (!c["error"].is_null() && !works_here);
  try {
    if (c.contains("after_parsing_first")) apply_text(view, c["after_parsing_first"]);
    kSetters.at(method)(view, input);
  } catch (const UsageError& error) {
    return fails ? comparison.agree(concat(text, " -> ", error.what()))
                 : comparison.problem(concat(text, " fails: ", error.what()));
  }
  if (fails && sets_an_element(c)) return comparison.agree(text + " sets an element");
  if (fails) return comparison.problem(concat(text, " does not fail"));
  compare_values(text, view.to_json(), start, works_here ? *works_here : plain_changes(c["changed"]),
                 comparison);
}

// --- Questions

void run_contains(const Json& c, Comparison& comparison) {
  StartValues values;
  const std::string name = c["input"];
  comparison.equal(name + " is there", HparamsView(values).has(name), plain(c["result"]));
}

// There, what is unknown is None; here, has() is to be asked first.
void run_get(const Json& c, Comparison& comparison) {
  StartValues values;
  const HparamsView view(values);
  const std::string name = c["input"][0];
  if (view.has(name)) return comparison.equal(name, view.get(name), plain(c["result"]));
  comparison.equal(name, nullptr, plain(c["result"]));
}

void run_to_json(const Json& c, Comparison& comparison) {
  StartValues values;
  auto expected = Json::parse(plain(c["result"]).get<std::string>());
  expected.erase(kUntyped);
  comparison.equal("all values", HparamsView(values).to_json(), expected);
}

const std::map<std::string, void (*)(const Json& c, Comparison& comparison)> kMethods = {
    {"contains", run_contains}, {"get", run_get},           {"override_from_dict", run_setter},
    {"parse", run_setter},      {"parse_json", run_setter}, {"set_hparam", run_setter},
    {"to_json", run_to_json}};

// Whether the case is about the hyperparameter without a type. The records name it for the n of a "\n", too.
bool concerns_untyped(const Json& c) {
  static const std::regex kSetsIt(R"((^|,) *n *(=|\[))");
  if (c["method"] == "parse") return std::regex_search(c["input"].get<std::string>(), kSetsIt);
  return c["values_named"].contains(kUntyped) || c["changed"].contains(kUntyped);
}

// Why a case has no counterpart here; empty: it has one.
std::string no_counterpart(const Json& c) {
  if (!kMethods.contains(c["method"].get<std::string>()))
    return "what hyperparameters there are never changes";
  if (c["method"] == "get" && c["input"].size() > 1) return "a default is no part of the question";
  if (concerns_untyped(c)) return "each hyperparameter has a type";
  if (c.contains("note")) return "JSON has no tuples";
  return "";
}

void run_parse_case(const Json& c, Comparison& comparison) {
  const auto reason = no_counterpart(c);
  if (!reason.empty()) return comparison.leave_out(concat(reason, " (", c["input"].dump(), ")"));
  kMethods.at(c["method"])(c, comparison);
}

// --- Classes

std::optional<std::string> error_of(const std::function<void()>& body) {
  try {
    body();
    return std::nullopt;
  } catch (const UsageError& error) {
    return error.what();
  }
}

// There, the folder tells which of two data sets sv2p is, and another folder is an error; here, the
// records do.
std::string variant_of(const Json& c) {
  const auto& folder = c["folder_name"];
  return c["name"] == "sv2p" && !folder.is_null() && folder != "other" ? folder : c["name"];
}

Json dataset_values(const Json& c) {
  const auto& spec = find_dataset(variant_of(c));
  HparamsDicts dicts;
  if (!c["hparams_dict"].is_null()) dicts.emplace_back("hparams_dict", c["hparams_dict"]);
  std::vector<std::string> texts;
  if (c["hparams"].is_string()) texts = {c["hparams"]};
  if (c["hparams"].is_array()) texts = c["hparams"].get<std::vector<std::string>>();
  auto hparams = settle_hparams(spec, dicts, texts);
  return spec.view(hparams).to_json();
}

Json model_values(const Json& c) {
  const auto& entry = find_model(c["name"]);
  const auto hparams = entry.make_hparams();
  HparamsDicts dicts;
  if (!c["hparams_dict"].is_null()) dicts.emplace_back("hparams_dict", c["hparams_dict"]);
  std::vector<std::string> texts;
  if (c["hparams"].is_string()) texts = {c["hparams"]};
  resolve_hparams(entry.view(*hparams), {.dicts = dicts, .texts = texts}, deprecated_hparams());
  return entry.view(*hparams).to_json();
}

Json default_values(const std::string& kind, const std::string& name) {
  if (kind == "model") {
    const auto& entry = find_model(name);
    const auto hparams = entry.make_hparams();
    return entry.view(*hparams).to_json();
  }
  const auto& spec = find_dataset(name);
  auto hparams = spec.hparams;
  return spec.view(hparams).to_json();
}

std::string describe_case(const Json& c) {
  return concat(c["name"].get<std::string>(), " ", c["hparams_dict"].dump(), " ", c["hparams"].dump());
}

// Each model of the reference knows old names of its own; here all of them are passed over for every model.
bool has_old_names(const Json& c) {
  const auto& old = deprecated_hparams();
  const auto& given = c["hparams_dict"];
  return c["kind"] == "model" && given.is_object() &&
         std::any_of(old.begin(), old.end(), [&](const std::string& name) { return given.contains(name); });
}

Json changes_of(const Json& c) {
  auto changed = plain_changes(c.value("changed_from_default", Json::object()));
  // There, this keeps dna from being fed true frames when it predicts, which no model is here.
  const bool asked = c["hparams"].is_string() && c["hparams"].get<std::string>().find("schedule") == 0;
  if (c["kind"] == "model" && c["name"] == "dna" && !asked) changed.erase("schedule_sampling_k");
  return changed;
}

void run_class_merge(const Json& c, Comparison& comparison) {
  const auto what = describe_case(c);
  if (c.contains("note")) return comparison.leave_out(concat("JSON has no tuples (", what, ")"));
  Json ours;
  const auto error = error_of([&] { ours = c["kind"] == "dataset" ? dataset_values(c) : model_values(c); });
  const auto recorded_error = c.value("error", Json());
  // There, a missing dictionary is a crash.
  const bool fails = !recorded_error.is_null() && recorded_error["exception"] != "AttributeError";
  if (c["folder_name"] == "other" && !error) return comparison.agree(what + " is read from any folder");
  if (fails && !error && has_old_names(c)) return comparison.agree(what + " passed over");
  if (error.has_value() != fails)
    return comparison.problem(concat(what, error ? " fails: " + *error : " does not fail"));
  if (error) return comparison.agree(concat(what, " -> ", *error));
  compare_values(what, ours, default_values(c["kind"], variant_of(c)), changes_of(c), comparison);
}

Result result_of(const std::string& name, const std::function<void(Comparison&)>& body) {
  Result result{name, {}};
  try {
    body(result.comparison);
  } catch (const std::exception& error) {
    result.comparison.problem(error.what());
  }
  return result;
}

// One result for all cases of a name.
std::vector<Result> run_grouped(const Json& cases, const std::function<std::string(const Json&)>& name_of,
                                const std::function<void(const Json&, Comparison&)>& run) {
  std::map<std::string, std::vector<Json>> groups;
  for (const auto& c : cases) groups[name_of(c)].push_back(c);
  std::vector<Result> results;
  for (const auto& [name, group] : groups)
    results.push_back(result_of(name, [&, &group = group](Comparison& comparison) {
      for (const auto& c : group) run(c, comparison);
    }));
  return results;
}

// The classes that others derive from: names and defaults that all data sets or models share.
template <class Hparams>
Json values_of_base() {
  Hparams hparams;
  return HparamsView(hparams).to_json();
}
const std::map<std::string, Json (*)()> kBases = {{"BaseVideoDataset", values_of_base<DatasetHparams>},
                                                  {"BaseVideoPredictionModel", values_of_base<ModelHparams>},
                                                  {"VideoPredictionModel", values_of_base<TrainHparams>}};

void compare_defaults(const std::string& kind, const std::string& name, const Json& recorded,
                      Comparison& comparison) {
  const auto base = kBases.find(name);
  const auto slash = name.find('/');  // "sv2p/shape"
  const auto ours = base != kBases.end()
                        ? base->second()
                        : default_values(kind, slash == name.npos ? name : name.substr(slash + 1));
  compare_values(name, ours, Json::object(), plain_changes(recorded["hparams"]), comparison);
}

// "dataset 'KTHVideoDataset'" is found or not.
void compare_lookup(const std::string& text, const Json& recorded, Comparison& comparison) {
  const auto quote = text.find('\'');
  if (quote == std::string::npos) return comparison.leave_out(concat("a name is a text (", text, ")"));
  const auto name = text.substr(quote + 1, text.size() - quote - 2);
  if (kBases.contains(name) && !recorded.is_object())
    return comparison.leave_out(concat("what all share is no data set or model (", text, ")"));
  const auto error = error_of([&] { default_values(text.substr(0, quote - 1), name); });
  comparison.equal(text, error.has_value(), recorded.is_object());
}

}  // namespace

std::vector<Result> run_parse_cases(const Json& file) {
  return run_grouped(
      file["cases"], [](const Json& c) { return "parse_cases/" + c["method"].get<std::string>(); },
      run_parse_case);
}

std::vector<Result> run_class_merges(const Json& file) {
  const auto name = [](const Json& c) {
    return concat("class_merge_cases/", c["kind"].get<std::string>(), " ", c["name"].get<std::string>());
  };
  return run_grouped(file["cases"], name, run_class_merge);
}

std::vector<Result> run_defaults(const Json& file) {
  std::vector<Result> results;
  for (const auto& [kind, classes] : {std::pair<std::string, Json>{"dataset", file["datasets"]},
                                      std::pair<std::string, Json>{"model", file["models"]}})
    for (const auto& [name, recorded] : classes.items())
      results.push_back(
          result_of(concat("defaults/", kind, " ", name),
                    [&, &kind = kind, &name = name, &recorded = recorded](Comparison& comparison) {
                      compare_defaults(kind, name, recorded, comparison);
                    }));
  results.push_back(result_of("defaults/names", [&](Comparison& comparison) {
    for (const auto& [text, recorded] : file["name_lookup"].items())
      compare_lookup(text, recorded, comparison);
  }));
  return results;
}

}  // namespace savp::golden
