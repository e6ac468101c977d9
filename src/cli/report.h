// savp_report: results of several models side by side, as one HTML file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/hparams.h"

namespace savp::cli {

struct ReportOptions {
  using Self = ReportOptions;
  static constexpr const char* kAbout =
      "shows results of savp_evaluate side by side: one HTML file with a table, curves, videos, rank "
      "histograms and how the numbers were made, which needs neither network nor server. It stands for the "
      "published programs combine_results and plot_results: --method_dirs are the folders given, "
      "--method_names is --labels, --web_dir is --output, --num_samples is --sequences, --show_se are the "
      "intervals, --plot_fname is --svg.";
  static constexpr const char* kExample = "savp_report results/ours_savp results/repeat --output report.html";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::vector<std::string>, results, (std::vector<std::string>{}),
         "folders of savp_evaluate's results, or folders that hold such; the first whose model is not "
         "deterministic is what others are compared with. The flag's name may be left out",
         Required{"DIR"});
  HPARAM(std::vector<std::string>, labels, (std::vector<std::string>{}),
         "names of the models, one a folder; default: as their summary.json tells", Metavar{"NAME"});
  HPARAM(std::optional<std::string>, sort_by, std::nullopt,
         "metric whose best models come first in the table; default: the order of the folders",
         Metavar{"METRIC"});

  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output, "report.html", "the HTML file", Metavar{"FILE"});
  HPARAM(std::string, title, "Results", "heading of the report", Metavar{"TEXT"});
  HPARAM(int64_t, sequences, 5,
         "sequences shown as videos, from the best to the worst by rank; 0: none, as is --only_metrics",
         (Between{0, 100}));
  HPARAM(bool, only_metrics, false, "a report without videos");
  HPARAM(std::optional<std::string>, csv, std::nullopt,
         "also write the table's numbers, comma-separated, to this file", Metavar{"FILE"});
  HPARAM(std::optional<std::string>, latex, std::nullopt,
         "also write the table as LaTeX (with the package booktabs) to this file", Metavar{"FILE"});
  HPARAM(std::optional<std::string>, svg, std::nullopt,
         "also write each metric's chart as an SVG file into this folder", Metavar{"DIR"});
};

// Throws what savp::cli::run turns into a message and an exit code.
void report(const ReportOptions& options);

}  // namespace savp::cli
