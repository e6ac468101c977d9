#include "cli/report.h"

#include <filesystem>
#include <set>

#include "core/log.h"
#include "core/text.h"
#include "io/whole_file.h"
#include "reports/page.h"
#include "reports/svg.h"

namespace savp::cli {
namespace {

std::vector<reports::Result> read_results(const ReportOptions& options) {
  std::vector<reports::Result> results;
  for (const auto& folder : reports::find_results(options.results))
    results.push_back(reports::read_result(folder));
  reports::tell_apart(results);
  SAVP_CHECK(options.labels.empty() || options.labels.size() == results.size(), UsageError,
             "--labels: ", counted(static_cast<int64_t>(options.labels.size()), "name"), " for ",
             counted(static_cast<int64_t>(results.size()), "result"));
  for (size_t i = 0; i < options.labels.size(); ++i) results[i].label = options.labels[i];
  return results;
}

void write_charts(const std::vector<reports::Result>& results, const std::filesystem::path& folder) {
  for (const auto& [name, svg] : reports::metric_charts(results))
    write_whole_file(folder / (name + ".svg"), reports::standalone(svg, reports::chart_style()));
}

// Neither each other nor what the report is made of.
void check_outputs(const ReportOptions& options, const std::vector<reports::Result>& results) {
  std::set<std::filesystem::path> known;
  for (const auto& result : results)
    for (const auto& file : result.files()) known.insert(std::filesystem::weakly_canonical(file));
  for (const auto& [flag, file] :
       {std::pair<const char*, std::optional<std::string>>{"--output", options.output},
        {"--csv", options.csv},
        {"--latex", options.latex}}) {
    if (!file) continue;
    const std::filesystem::path path = *file;
    SAVP_CHECK(path.has_filename(), UsageError, flag, " ", *file, ": is no name for a file");
    SAVP_CHECK(known.insert(std::filesystem::weakly_canonical(path)).second, UsageError, flag, " ", *file,
               ": is another file of the report, or one of the results: choose another");
  }
}

}  // namespace

void report(const ReportOptions& options) {
  const auto results = read_results(options);
  check_outputs(options, results);
  auto table = reports::make_table(results);
  if (options.sort_by) reports::sort_by(table, *options.sort_by);
  const reports::PageOptions page{.title = options.title,
                                  .sequences = options.only_metrics ? 0 : options.sequences};
  write_whole_file(options.output, reports::page(results, table, page));
  if (options.csv) write_whole_file(*options.csv, reports::csv(table));
  if (options.latex) write_whole_file(*options.latex, reports::latex(table));
  if (options.svg) write_charts(results, *options.svg);
  for (const auto& row : table.rows)
    if (!row.note.empty())
      log::warn(concat(row.label, " cannot be compared with ", table.reference, " (marked †): ", row.note));
  log::info(concat(counted(static_cast<int64_t>(results.size()), "model"), " in ", options.output));
}

}  // namespace savp::cli
