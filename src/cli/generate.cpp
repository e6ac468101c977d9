#include "cli/generate.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"
#include "evaluation/action_plans.h"
#include "evaluation/results.h"

namespace savp::cli {
namespace {

// Drawn as one batch and written at once, so that memory does not grow with the number of samples.
constexpr int64_t kRolloutsAtOnce = 16;

Predicting open(const GenerateOptions& options) {
  SAVP_CHECK(!options.input_dir || !options.input_video, UsageError,
             "--input_dir and --input_video cannot both be given: continue records or a video");
  SAVP_CHECK(options.input_dir || options.input_video, UsageError,
             "--input_dir DIR (records) or --input_video PATH (a video to continue) must be given");
  const auto reach = options.actions ? Reach::kBeyondActions : Reach::kBeyond;
  if (options.input_video)
    return Predicting::open_clip(options, {*options.input_video, options.start_frame, options.video_fps},
                                 reach);
  return Predicting::open_dataset(options, reach);
}

// Fills in the folders that follow from others.
void settle_folders(GenerateOptions& options, const std::string& name) {
  const auto settle = [&](std::optional<std::string>& output, std::optional<std::string>& results) {
    if (!results) results = options.results_dir;
    output = results_folder(ResultKind::kFutures, output, *results, name).string();
  };
  settle(options.output_gif_dir, options.results_gif_dir);
  settle(options.output_png_dir, options.results_png_dir);
  if (!options.output_grid_dir && same_place(*options.output_gif_dir, *options.output_png_dir))
    options.output_grid_dir = options.output_gif_dir;
  std::optional<std::string> parent;
  settle(options.output_grid_dir, parent);
  for (const auto* folder : {&options.output_gif_dir, &options.output_png_dir, &options.output_grid_dir})
    check_apart(**folder, {options.input_dir, options.input_video});
}

// Which futures are drawn.
struct Wanted {
  int64_t first_sample = 0, samples = 1;
  std::vector<ActionPlan> plans;  // none: the data's actions
  int64_t futures() const { return plans.empty() ? samples : static_cast<int64_t>(plans.size()); }
};

Wanted wanted(const Predicting& run, const GenerateOptions& options) {
  if (!options.actions)
    return {options.sample.value_or(0), options.sample ? 1 : options.num_stochastic_samples};
  SAVP_CHECK(run.shape().actions > 0, UsageError, "--actions=", *options.actions,
             ": the model takes no actions");
  const auto frames = run.sequence_length() - run.context_frames();
  return {options.sample.value_or(0), 1, read_action_plans(*options.actions, frames, run.shape().actions)};
}

// The batch with other actions after the context.
Batch acting(const Batch& batch, const ActionPlan& plan, int64_t context) {
  Batch changed = batch;
  const auto given = batch.actions.slice(0, 0, context - 1);
  const auto of_each = plan.actions.unsqueeze(1).expand({-1, given.size(1), -1});
  changed.actions = at::cat({given, of_each.to(given.options())});
  return changed;
}

// One future a plan, with the same noise. How much they differ, in levels of 255.
double draw_plans(Predicting& run, const Batch& batch, const Wanted& wanted,
                  const std::function<void(const Tensor&)>& take) {
  std::vector<Tensor> futures;
  for (const auto& plan : wanted.plans)
    run.sample(
        acting(batch, plan, run.context_frames()), 1, 1,
        [&](const Tensor& images) {
          take(images);
          futures.push_back(images);
        },
        wanted.first_sample);
  return action_sensitivity(futures);
}

// How every future can be drawn again.
Json record(const GenerateOptions& options, const Wanted& wanted, int64_t sequences) {
  auto json = Json{{"seed", options.seed}, {"sequences", sequences}, {"samples", Json::array()}};
  for (int64_t i = 0; i < wanted.samples; ++i)
    json["samples"].push_back(
        {{"sample", wanted.first_sample + i},
         {"seed", options.seed},
         {"again", concat("--seed ", options.seed, " --sample ", wanted.first_sample + i)}});
  for (const auto& plan : wanted.plans) json["plans"].push_back(plan.name);
  return json;
}

void say_sensitivity(PredictionWriter& writer, Json record, double sum) {
  const auto mean = sum / static_cast<double>(writer.videos());
  record["action_sensitivity"] = mean;
  writer.add_record(std::move(record));
  log::info(concat("action sensitivity: ", mean,
                   " levels of 255, the mean difference between futures of two plans with the same noise"));
}

// Draws and writes the futures of all videos.
void draw(Predicting& run, PredictionWriter& writer, const GenerateOptions& options, const Wanted& wanted) {
  const auto futures = wanted.futures();
  Progress progress(0, run.videos() * futures, ::isatty(STDERR_FILENO) == 1);
  double sensitivity = 0;  // sum over sequences
  int64_t drawn = 0;
  while (const auto batch = run.next_batch()) {
    const auto videos = batch->batch_size(), first = writer.videos();
    progress.say(concat("futures of samples ", first, " to ", first + videos - 1, " of ", run.videos(), "  ",
                        progress.time_left(drawn)));
    writer.begin(batch->images.slice(0, 0, run.context_frames()),
                 batch->images.slice(0, run.context_frames(), run.sequence_length()));
    const auto take = [&](const Tensor& images) {
      writer.add(images);
      progress.advance(drawn += images.size(1));
    };
    if (wanted.plans.empty())
      run.sample(*batch, wanted.samples, std::max<int64_t>(1, kRolloutsAtOnce / videos), take,
                 wanted.first_sample);
    else
      sensitivity += draw_plans(run, *batch, wanted, take) * static_cast<double>(videos);
  }
  auto made = record(options, wanted, writer.videos());
  if (wanted.plans.size() < 2 || writer.videos() == 0) return writer.add_record(std::move(made));
  say_sensitivity(writer, std::move(made), sensitivity);
}

std::optional<GridLayout> grid_layout(const GenerateOptions& options, const Wanted& wanted) {
  if (options.grid_futures == 0 || options.format.empty()) return std::nullopt;
  GridLayout layout{.formats = options.format,
                    .style = {options.scale, options.enlarging},
                    .fps = static_cast<double>(options.fps),
                    .palette = options.gif_palette,
                    .futures = options.grid_futures,
                    .overview = options.grid,
                    .first_sample = wanted.first_sample};
  for (const auto& plan : wanted.plans) layout.labels.push_back(plan.name);
  return layout;
}

}  // namespace

void generate(const GenerateOptions& given) {
  auto options = given;
  auto run = open(options);
  const auto futures = wanted(run, options);
  const auto grids = grid_layout(options, futures);
  SAVP_CHECK(grids || !options.no_single_files, UsageError,
             "--no_single_files without grids leaves nothing to write: give --grid_futures or --format");
  settle_folders(options, run.name());
  PredictionWriter writer({.gif_folder = *options.output_gif_dir,
                           .png_folder = *options.output_png_dir,
                           .grid_folder = *options.output_grid_dir,
                           .gif_length = options.gif_length,
                           .fps = static_cast<double>(options.fps),
                           .palette = options.gif_palette,
                           .single_files = !options.no_single_files,
                           .first_sample = futures.first_sample,
                           .grids = grids},
                          run.description(to_json(options)));
  draw(run, writer, options, futures);
  const auto& input = options.input_video ? *options.input_video : *options.input_dir;
  SAVP_CHECK(writer.videos() > 0, DataError, input, ": there are no sequences to continue");
  writer.commit();
  log::info(concat(
      writer.videos(), " x ", counted(futures.futures(), "future"), " are in ", *options.output_gif_dir,
      *options.output_gif_dir == *options.output_png_dir ? "" : " and " + *options.output_png_dir,
      grids ? concat(", grids of them in ", *options.output_grid_dir, "/grids") : "", run.skipped_summary()));
}

}  // namespace savp::cli
