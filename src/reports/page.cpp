#include "reports/page.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"
#include "reports/clips.h"
#include "reports/html.h"
#include "reports/svg.h"

namespace savp::reports {
namespace {

using Json = nlohmann::json;

constexpr const char* kStyle =
#include "reports/page.css.inc"
    ;
constexpr const char* kScript =
#include "reports/page.js.inc"
    ;

// --- Charts

void add_line(Chart& chart, const std::string& label, const Curve& curve, size_t color, bool dashed) {
  if (curve.value.empty()) return;
  std::vector<double> frames(curve.value.size());
  std::iota(frames.begin(), frames.end(), 1.0);
  chart.lines.push_back({.label = label,
                         .color = color,
                         .dashed = dashed,
                         .x = std::move(frames),
                         .y = curve.value,
                         .low = curve.low,
                         .high = curve.high});
}

void add_lines(Chart& chart, const Result& result, const Metric& metric, size_t color) {
  const auto best = metric.curves.find(metric.best), mean = metric.curves.find("avg");
  if (best != metric.curves.end()) add_line(chart, result.label, best->second, color, false);
  if (mean != metric.curves.end() && mean != best)
    add_line(chart, result.label + ", mean of samples", mean->second, color, true);
}

// Whether a chart may hold both; of results that do not tell it is not known.
bool may_share_a_chart(const Result& one, const Result& other) {
  return !comparison_known(one, other) || difference(one, other).empty();
}

// Of the results that may be compared with the reference of the metric, which one of them has.
Chart chart_of(const std::vector<Result>& results, const std::string& name) {
  const auto& first = *reference(results, name);
  const auto& unit = first.metric(name)->unit;
  Chart chart{.title = unit.empty() ? name : concat(name, " (", unit, ")"),
              .x_label = "predicted frame",
              .y_label = name};
  add_line(chart, "baseline: repeat the last frame", first.metric(name)->baseline_curve, kBaselineColor,
           false);
  for (size_t i = 0; i < results.size(); ++i) {
    const auto* metric = results[i].metric(name);
    if (metric != nullptr && same_way(first, results[i], name) && may_share_a_chart(first, results[i]))
      add_lines(chart, results[i], *metric, i);
  }
  return chart;
}

std::string key_row(size_t color, const std::string& words, bool dashed) {
  return concat("<li><svg viewBox=\"0 0 28 10\" aria-hidden=\"true\"><path class=\"key ", color_class(color),
                "\"", dashed ? " stroke-dasharray=\"6 4\"" : "", " d=\"M0 5H28\"/></svg>", escaped(words),
                "</li>");
}

std::string legend(const std::vector<Result>& results, bool with_baseline) {
  std::string text = "<ul class=\"legend\">";
  for (size_t i = 0; i < results.size(); ++i) text += key_row(i, results[i].label, false);
  if (with_baseline) text += key_row(kBaselineColor, "baseline: repeat the last frame", false);
  return text + "</ul>\n";
}

bool has_baseline(const std::vector<Result>& results) {
  const auto& metrics = reference(results).metrics;
  return std::any_of(metrics.begin(), metrics.end(),
                     [](const auto& m) { return !m.baseline_curve.value.empty(); });
}

// --- Sections

// A section with its heading, or nothing where it has nothing to show.
struct Section {
  std::string id, heading, body;
};

Section curves(const std::vector<Result>& results) {
  std::string charts;
  for (const auto& chart : metric_charts(results)) charts += chart.svg + "\n";
  if (charts.empty()) return {"curves", "Over prediction steps", ""};
  return {"curves", "Over prediction steps",
          concat("<p class=\"soft\">Solid: the best of the samples; dashed: their mean. Bands: 95 %.</p>\n",
                 legend(results, has_baseline(results)), "<div class=\"charts\">\n", charts, "</div>\n")};
}

std::string clip_html(const Clip& clip, const std::string& owner) {
  const auto width = clip.strip.width / clip.frames;
  return concat("<figure style=\"--w:", width, ";--h:", clip.strip.height, ";--n:", clip.frames,
                "\"><div class=\"clip\" role=\"img\" aria-label=\"", escaped(owner), ", ",
                escaped(clip.label), ": video of ", clip.frames, " frames, ", clip.context,
                " of them given\" data-frames=\"", clip.frames, "\" data-context=\"", clip.context,
                "\" style=\"--t:", clip.frames - 1, ";background-image:url(",
                data_uri("image/png", encode_png(clip.strip)), ")\"></div><figcaption>", escaped(clip.label),
                "</figcaption></figure>\n");
}

std::string model_html(const std::string& label, const std::vector<Clip>& clips) {
  if (clips.empty()) return "";
  auto text = concat("<div class=\"model\"><span>", escaped(label), "</span><div class=\"clips\">\n");
  for (const auto& clip : clips) text += clip_html(clip, label);
  return text + "</div></div>\n";
}

// Whether a number means the same sequence in both, as far as it is known.
bool same_videos(const Result& one, const Result& other) {
  const auto hash = [](const Result& result) {
    const auto& summary = result.summary;
    return summary.is_object() ? text_at(summary.value("comparable", Json()), "truth_sha256") : std::string();
  };
  return hash(one).empty() || hash(other).empty() || hash(one) == hash(other);
}

int64_t frame_width(const Result& result, int64_t sequence) {
  const auto clips = predicted_clips(result, sequence);
  return clips.empty() ? 64 : clips.front().strip.width / clips.front().frames;
}

std::string sequence_html(const std::vector<Result>& results, const Choice& choice) {
  auto text = concat("<section class=\"sequence\"><h3>Sequence ", choice.sequence, " <small>",
                     escaped(choice.why), "</small></h3>\n<div class=\"models\">\n",
                     model_html("truth", truth_clips(results.front(), choice.sequence)));
  for (size_t i = 0; i < results.size(); ++i)
    if (same_videos(results.front(), results[i]))
      text += model_html(results[i].label, predicted_clips(results[i], choice.sequence));
  return text + "</div></section>\n";
}

constexpr int64_t kZooms[] = {1, 2, 3, 4, 6, 8};

// So that small videos are about as wide as this.
int64_t zoom_for(int64_t width) {
  constexpr int64_t kWanted = 128;  // pixels
  int64_t found = 1;
  for (const auto zoom : kZooms)
    if (zoom * width <= kWanted) found = zoom;
  return found;
}

std::string zoom_choice(int64_t chosen) {
  std::string text = "<label>zoom <select id=\"zoom\">";
  for (const auto zoom : kZooms)
    text += concat("<option value=\"", zoom, "\"", zoom == chosen ? " selected" : "", ">", zoom, "×");
  return text + "</select></label>\n</div>\n";
}

constexpr const char* kControls = R"(<div class="controls" role="group" aria-label="videos">
<button id="play" type="button" aria-pressed="false">Play</button>
<label>frame <input id="frame" type="range" min="0" max="1" value="0" step="1"></label>
<span id="now" aria-live="off"></span>
<label>frames a second <select id="speed"><option>1<option>2<option selected>5<option>10<option>25</select></label>
)";

Section videos(const std::vector<Result>& results, int64_t count) {
  Section section{"videos", "Videos", ""};
  const auto choices = choose_sequences(results.front(), count);
  if (choices.empty()) return section;
  const auto zoom = zoom_for(frame_width(results.front(), choices.front().sequence));
  section.body = concat(
      "<p class=\"soft\">Sequences by their rank in the first model's results, not chosen by hand. Framed: "
      "given; "
      "yellow bar: predicted. Space plays and pauses, the arrow keys step.</p>\n",
      kControls, zoom_choice(zoom));
  section.body += concat("<div style=\"--zoom:", zoom, "\" id=\"sequences\">\n");
  for (const auto& choice : choices) section.body += sequence_html(results, choice);
  section.body += "</div>\n";
  return section;
}

Section ranks(const std::vector<Result>& results) {
  std::string charts;
  for (size_t i = 0; i < results.size(); ++i)
    if (results[i].ranks) charts += rank_chart(results[i].label, results[i].ranks->counts, i) + "\n";
  if (charts.empty()) return {"coverage", "Coverage", ""};
  return {
      "coverage", "Coverage",
      concat("<p>Where the truth stands among the samples, by ",
             escaped(results.front().ranks ? results.front().ranks->metric : "their error"),
             ". Flat, at the dashed line, is what a model should reach whose samples are spread like the "
             "truth; a peak on the right means that the truth lies outside: too few different futures.</p>\n"
             "<div class=\"charts\">\n",
             charts, "</div>\n")};
}

Section training(const std::vector<Result>& results) {
  std::map<std::string, Chart> charts;
  for (size_t i = 0; i < results.size(); ++i)
    for (const auto& curve : results[i].training) {
      auto& chart = charts[curve.name];
      chart.title = chart.y_label = curve.name;
      chart.x_label = "training step";
      chart.lines.push_back({.label = results[i].label, .color = i, .x = curve.steps, .y = curve.values});
    }
  std::string drawn;
  for (const auto& [name, chart] : charts) drawn += line_chart(chart) + "\n";
  if (charts.empty()) return {"training", "Training", ""};
  return {"training", "Training",
          concat(legend(results, false), "<div class=\"charts\">\n", drawn, "</div>\n")};
}

// --- How the numbers were made

std::string value_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& part : value) text += (text.empty() ? "" : "; ") + value_text(part);
  return text;
}

std::string facts(const Json& summary) {
  std::string text;
  const auto add = [&](const std::string& name, const Json& value) {
    const auto words = value_text(value);
    if (!words.empty()) text += concat("<dt>", escaped(name), "</dt><dd>", escaped(words), "</dd>\n");
  };
  add("fingerprint", summary.value("fingerprint", Json()));
  for (const char* group : {"protocol", "model", "data", "prediction", "comparable", "networks"})
    if (summary.contains(group) && summary[group].is_object())
      for (const auto& [key, value] : summary[group].items()) add(concat(group, " ", key), value);
  for (const auto& metric : summary.value("metrics", Json::array()))
    add(text_at(metric, "name"), metric.value("definition", Json()));
  add("version", summary.value("version", Json()));
  return text;
}

Section made(const std::vector<Result>& results) {
  std::string body;
  for (const auto& result : results) {
    body += concat("<details><summary>", escaped(result.label), "</summary>\n<dl><dt>folder</dt><dd>",
                   escaped(result.folder.string()), "</dd>\n");
    body +=
        result.summary.is_object()
            ? facts(result.summary)
            : "<dt>note</dt><dd>results of an older version, which did not write how they were made</dd>\n";
    body += "</dl></details>\n";
  }
  return {"made", "How these numbers were made", body};
}

std::string beginning(const PageOptions& options, const std::vector<Result>& results,
                      const std::vector<Section>& sections) {
  auto text = concat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      escaped(options.title), "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n", kStyle,
      "</style>\n</head>\n<body>\n<header>\n<h1>", escaped(options.title), "</h1>\n<div class=\"soft\">",
      counted(static_cast<int64_t>(results.size()), "model"), "</div>\n<nav aria-label=\"sections\">");
  for (const auto& section : sections)
    if (!section.body.empty()) text += concat("<a href=\"#", section.id, "\">", section.heading, "</a>");
  return text + "<button id=\"theme\" type=\"button\">Light / dark</button></nav>\n</header>\n<main>\n";
}

// "var(--c0)" -> "#0072b2", by the first block of the style.
std::string without_variables(std::string text) {
  const std::string_view style = kStyle;
  for (size_t at = text.find("var(--"); at != std::string::npos; at = text.find("var(--", at)) {
    const auto end = text.find(')', at);
    const auto name = text.substr(at + 4, end - at - 4);
    const auto value = style.find(name + ": ") + name.size() + 2;
    text.replace(at, end + 1 - at, style.substr(value, style.find(';', value) - value));
  }
  return text;
}

}  // namespace

std::vector<NamedChart> metric_charts(const std::vector<Result>& results) {
  std::vector<NamedChart> charts;
  for (const auto& result : results)
    for (const auto& metric : result.metrics) {
      const bool known = std::any_of(charts.begin(), charts.end(),
                                     [&](const auto& chart) { return chart.name == metric.name; });
      if (known) continue;
      auto drawn = line_chart(chart_of(results, metric.name));
      if (!drawn.empty()) charts.push_back({metric.name, std::move(drawn)});
    }
  return charts;
}

std::string chart_style() {
  std::string rules;
  std::istringstream lines(kStyle);
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(".chart ", 0) == 0 || line.rfind(".line.", 0) == 0)
      rules += without_variables(line) + "\n";
  return rules;
}

std::string page(const std::vector<Result>& results, const Table& table, const PageOptions& options) {
  const std::vector<Section> sections = {{"numbers", "Numbers", html(table)},
                                         curves(results),
                                         videos(results, options.sequences),
                                         ranks(results),
                                         training(results),
                                         made(results)};
  auto text = beginning(options, results, sections);
  for (const auto& [id, heading, body] : sections)
    if (!body.empty())
      text += concat("<section id=\"", id, "\" aria-labelledby=\"", id, "-heading\">\n<h2 id=\"", id,
                     "-heading\">", heading, "</h2>\n", body, "</section>\n");
  return text +
         concat("</main>\n<footer>Made by savp_report; this file needs nothing else.</footer>\n<script>\n",
                kScript, "</script>\n</body>\n</html>\n");
}

}  // namespace savp::reports
