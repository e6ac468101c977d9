#include "cli/describe_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include "checkpoints/description_files.h"
#include "checkpoints/tf_names.h"
#include "checkpoints/variable_source.h"
#include "checkpoints/video_shape.h"
#include "cli/facts.h"
#include "core/progress.h"
#include "io/json_text.h"
#include "io/whole_file.h"
#include "metrics/metric_names.h"
#include "training/metrics_log.h"
#include "training/sink.h"

namespace savp::cli {
namespace {

constexpr size_t kNotes = 5;  // the latest, of a run's health

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "?";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// --- Weights

// "generator/rnn" of "generator/rnn/h0/conv_pool2d/kernel".
std::string part_of_name(const std::string& variable) {
  const auto first = variable.find('/');
  const auto second = variable.find('/', first == std::string::npos ? first : first + 1);
  return variable.substr(0, second);
}

bool is_trained(const std::string& name) {
  const auto below = [&](const char* scope) { return name.starts_with(std::string(scope) + "/"); };
  return (below(kGeneratorScope) || below(kDiscriminatorScope)) && !tf_names::is_slot(name) &&
         !is_average(name) && !name.ends_with("/u");
}

void add_parameters(Facts& facts, const VariableSource& variables) {
  std::map<std::string, int64_t> parts;
  std::map<std::string, int64_t> whole;
  bool averaged = false;
  for (const auto& name : variables.names()) {
    averaged = averaged || is_average(name);
    if (!is_trained(name)) continue;
    const auto count = variables.outline(name).numel();
    parts[part_of_name(name)] += count;
    whole[name.substr(0, name.find('/'))] += count;
  }
  for (const auto& [scope, count] : whole) {
    facts.emplace_back(scope, counted(count, "parameter"));
    for (const auto& [part, of_part] : parts)
      if (part.starts_with(scope + "/"))
        facts.emplace_back(concat("  ", part.substr(scope.size() + 1)), std::to_string(of_part));
  }
  if (averaged) facts.emplace_back("averages", "of the generator's weights; they predict");
}

// --- What was measured

// One number of metrics.jsonl.
struct Course {
  int64_t last_step = 0, least_step = 0, most_step = 0;
  double last = 0, least = std::numeric_limits<double>::infinity(), most = -least;

  void add(int64_t step, double value) {
    last_step = step;
    last = value;
    if (value < least) least = value, least_step = step;
    if (value > most) most = value, most_step = step;
  }
};

struct History {
  std::map<std::string, Course> numbers;
  std::vector<std::string> notes;
  int64_t damaged_lines = 0;
};

History read_history(const std::filesystem::path& file) {
  History history;
  std::istringstream in(read_if_there(file).value_or(""));
  const auto metrics = read_metrics(in, std::numeric_limits<int64_t>::max());
  history.damaged_lines = metrics.damaged_lines;
  std::istringstream kept(metrics.kept);
  for (std::string line; std::getline(kept, line);) {
    const auto values = Json::parse(line);
    const int64_t step = values["step"];
    for (const auto& [key, value] : values.items()) {
      if (key == "note" && value.is_string())
        history.notes.push_back(concat("step ", step, ": ", value.get<std::string>()));
      if (value.is_number() && key != "step") history.numbers[key].add(step, value.get<double>());
    }
  }
  return history;
}

std::string course_text(const std::string& metric, const Course& of) {
  const bool most = higher_is_better(metric);
  return concat(short_number(of.last), " at step ", of.last_step, ", best ",
                short_number(most ? of.most : of.least), " at step ", most ? of.most_step : of.least_step);
}

void add_history(Facts& facts, const History& history) {
  for (const auto* name : {"g_loss", "d_loss", "gen_kl_loss", "g_grad_norm", "d_grad_norm", "d_balance"})
    if (const auto found = history.numbers.find(name); found != history.numbers.end())
      facts.emplace_back(
          name, concat(short_number(found->second.last), " at step ", found->second.last_step, ", from ",
                       short_number(found->second.least), " to ", short_number(found->second.most)));
  std::vector<std::string> validated;
  for (const auto& [name, text] : EnumNames<MetricName>::kTable) validated.emplace_back(text);
  validated.emplace_back("g_loss");
  for (const auto& metric : validated)
    if (const auto found = history.numbers.find("val_" + metric); found != history.numbers.end())
      facts.emplace_back("val_" + metric, course_text(metric, found->second));
  const auto skipped = history.numbers.find(kSkippedSteps);
  facts.emplace_back("skipped steps",
                     skipped == history.numbers.end() ? "?" : short_number(skipped->second.last));
  for (size_t i = history.notes.size() > kNotes ? history.notes.size() - kNotes : 0; i < history.notes.size();
       ++i)
    facts.emplace_back("health", history.notes[i]);
  if (history.notes.size() > kNotes)
    facts.emplace_back(
        "", concat("(the latest of ", counted(static_cast<int64_t>(history.notes.size()), "note"), ")"));
  if (history.damaged_lines > 0)
    facts.emplace_back("metrics.jsonl", counted(history.damaged_lines, "damaged line"));
}

// --- The run

Json json_of(const std::filesystem::path& file) {
  std::error_code unreadable;
  return std::filesystem::exists(file, unreadable) ? read_json(file) : Json::object();
}

std::string steps_text(const std::filesystem::path& folder) {
  std::string all;
  for (const auto& saved : saved_steps(folder)) all += (all.empty() ? "" : ", ") + std::to_string(saved.step);
  return all.empty() ? "none" : all;
}

std::string text_in(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? "?" : found->second;
}

// TensorFlow's checkpoints have it as a variable alone.
std::string step_in(const VariableSource& variables) {
  if (variables.metadata().contains(metadata_keys::kStep) || !variables.has(kGlobalStep))
    return text_in(variables.metadata(), metadata_keys::kStep);
  return std::to_string(variables.tensor(kGlobalStep).item<int64_t>());
}

// Of a run without a checkpoint: how far it came, as far as it is known.
std::string progress_text(const History& history) {
  int64_t last = 0;
  for (const auto& [name, course] : history.numbers) last = std::max(last, course.last_step);
  return concat("no checkpoint; metrics.jsonl ends at step ", last, " of ");
}

void add_run(Facts& facts, const Checkpoint& checkpoint, const std::optional<VariableSource>& variables,
             const History& history) {
  const auto& folder = checkpoint.folder();
  const auto options = json_of(folder / kOptionsFile), data = json_of(folder / kDatasetHparamsFile),
             hparams = json_of(folder / kModelHparamsFile);
  facts.emplace_back("run", folder.string());
  facts.emplace_back("model", text_in(options, "model"));
  facts.emplace_back("data", concat(text_in(options, "dataset"), " in ", text_in(options, "input_dir")));
  const auto metadata = variables ? variables->metadata() : Metadata();
  if (const auto shape = variables ? shape_from(metadata, variables->where()) : std::nullopt)
    facts.emplace_back("videos", text_of(*shape));
  facts.emplace_back("batch", concat(text_in(hparams, "batch_size"), " x ", text_in(data, "sequence_length"),
                                     " frames, ", text_in(hparams, "context_frames"), " of them given"));
  facts.emplace_back("trained", concat(variables ? step_in(*variables) + " of " : progress_text(history),
                                       text_in(hparams, "max_steps"), " steps"));
  facts.emplace_back("seed", variables ? text_in(metadata, metadata_keys::kSeed) : text_in(options, "seed"));
  facts.emplace_back("checkpoints", steps_text(folder));
  if (!saved_steps(folder / "best").empty())
    facts.emplace_back("best checkpoint", steps_text(folder / "best"));
  facts.emplace_back("made by", text_in(metadata, metadata_keys::kVersion));
}

// None for a folder without a checkpoint: training ended before the first.
std::optional<VariableSource> variables_of(const std::string& run, const Checkpoint& checkpoint) {
  const bool none = std::filesystem::is_directory(run) && saved_steps(checkpoint.folder()).empty();
  return none ? std::nullopt : std::optional(VariableSource::open(checkpoint));
}

}  // namespace

std::string describe_run(const std::string& run) {
  const auto checkpoint = Checkpoint::open(run);
  const auto variables = variables_of(run, checkpoint);
  const auto history = read_history(checkpoint.folder() / "metrics.jsonl");
  Facts facts;
  add_run(facts, checkpoint, variables, history);
  if (variables) add_parameters(facts, *variables);
  add_history(facts, history);
  return lines_of(facts);
}

}  // namespace savp::cli
