#include "evaluation/video_numbers.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace savp {

// CBOR keeps numbers that are not finite, which JSON cannot write.
using Json = nlohmann::json;

void to_json(Json& json, const MetricTable& table) {
  json = {table.metric, table.subtask, table.is_best, table.decimals, table.rows};
}
void from_json(const Json& json, MetricTable& table) {
  table.metric = json.at(0);
  table.subtask = json.at(1);
  table.is_best = json.at(2);
  table.decimals = json.at(3);
  table.rows = json.at(4);
}
void to_json(Json& json, const SampleTable& table) { json = {table.metric, table.rows}; }
void from_json(const Json& json, SampleTable& table) {
  table.metric = json.at(0);
  table.rows = json.at(1);
}
void to_json(Json& json, const VideoFeatureRow& row) { json = {row.truth, row.predicted}; }
void from_json(const Json& json, VideoFeatureRow& row) {
  row.truth = json.at(0).get<std::vector<float>>();
  row.predicted = json.at(1).get<std::vector<std::vector<float>>>();
}

namespace {

template <class Row>
void add_rows(std::vector<Row>& to, const std::vector<Row>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class Table>
void add_tables(std::vector<Table>& to, const std::vector<Table>& from) {
  if (to.empty()) {
    to = from;
    return;
  }
  for (size_t i = 0; i < to.size(); ++i) add_rows(to[i].rows, from.at(i).rows);
}

}  // namespace

std::string SampleTable::csv() const {
  std::string text = "sample_ind";
  for (size_t sample = 0; sample < rows.at(0).size(); ++sample) text += "\t" + std::to_string(sample);
  text += "\r\n";
  for (size_t video = 0; video < rows.size(); ++video) {
    text += std::to_string(video);
    for (const float value : rows[video]) text += "\t" + shortest_text(value);
    text += "\r\n";
  }
  return text;
}

void VideoNumbers::append(const VideoNumbers& more) {
  add_tables(tables, more.tables);
  add_tables(of_videos, more.of_videos);
  add_tables(baseline, more.baseline);
  add_tables(samples, more.samples);
  add_rows(ranks, more.ranks);
  add_rows(truths, more.truths);
  add_rows(features, more.features);
}

std::string VideoNumbers::to_bytes() const {
  const Json json = {{"tables", tables},    {"of_videos", of_videos}, {"baseline", baseline},
                     {"samples", samples},  {"ranks", ranks},         {"truths", truths},
                     {"features", features}};
  std::string bytes;
  Json::to_cbor(json, bytes);
  return bytes;
}

VideoNumbers VideoNumbers::from_bytes(const std::string& bytes, const std::string& file) try {
  const auto json = Json::from_cbor(bytes);
  VideoNumbers found;
  found.tables = json.at("tables").get<std::vector<MetricTable>>();
  found.of_videos = json.at("of_videos").get<std::vector<MetricTable>>();
  found.baseline = json.at("baseline").get<std::vector<MetricTable>>();
  found.samples = json.at("samples").get<std::vector<SampleTable>>();
  found.ranks = json.at("ranks").get<std::vector<std::vector<float>>>();
  found.truths = json.at("truths").get<std::vector<std::string>>();
  found.features = json.at("features").get<std::vector<VideoFeatureRow>>();
  return found;
} catch (const Json::exception& error) {
  throw DataError(concat(file, ": is no part of an evaluation (", error.what(), "): delete it"));
}

std::vector<int64_t> rank_histogram(const std::vector<std::vector<float>>& ranks, int64_t samples) {
  std::vector<int64_t> counts(samples + 1);
  for (const auto& video : ranks)
    for (const float rank : video) ++counts.at(std::lround(rank));
  return counts;
}

}  // namespace savp
