// Where what is measured during training goes: to the console, to metrics.jsonl, into an event file, or
// nowhere. Called between steps, from the thread that trains.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace savp {

using Values = std::vector<std::pair<std::string, double>>;

// The group of a training step's own numbers: losses, schedules, speed.
constexpr const char* kTraining = "training";
// In it: updates that were left out so far, because a loss or gradient was not finite.
constexpr const char* kSkippedSteps = "skipped_steps";
// The group of what event files hold: names are whole tags ("d_loss_1/d_loss").
constexpr const char* kSummaries = "summaries";

// A number for each predicted frame.
struct Curve {
  int64_t first = 0;  // the number of the frame that the first value is of, counted from 1
  std::vector<double> values;
};

// A sink takes what it can show and passes over the rest.
class Sink {
 public:
  virtual ~Sink() = default;

  // Numbers of a step, the most telling first; they may be infinite or NaN. `group` is kTraining, kSummaries,
  // or says what they were measured on ("val"); a group has each name once.
  virtual void scalars(int64_t /*step*/, const std::string& /*group*/, const Values& /*values*/) {}
  // Videos [T, B, C, H, W], from 0 to 1, on any device; they may change after the call.
  virtual void images(int64_t /*step*/, const std::string& /*tag*/, const at::Tensor& /*videos*/) {}
  virtual void figure(int64_t /*step*/, const std::string& /*tag*/, const Curve& /*curve*/) {}
  // How numbers of any shape are distributed.
  virtual void histogram(int64_t /*step*/, const std::string& /*tag*/, const at::Tensor& /*values*/) {}
  // What is worth remembering of the run's health, as a line; the console has said it in its own words.
  virtual void note(int64_t /*step*/, const std::string& /*text*/) {}
  // At a checkpoint: sees to it that what was given gets where it belongs, and is safe. Waits only for what
  // was given before the previous call, which is safe on return. Throws what went wrong on the way so far.
  virtual void flush() {}
  // At the end: all that was given is where it belongs, and safe. Throws what went wrong on the way there.
  virtual void finish() {}
};

// Several at once; without any, everything goes nowhere.
class Sinks final : public Sink {
 public:
  void add(std::unique_ptr<Sink> sink) { sinks_.push_back(std::move(sink)); }

  void scalars(int64_t step, const std::string& group, const Values& values) override {
    for (const auto& sink : sinks_) sink->scalars(step, group, values);
  }
  void images(int64_t step, const std::string& tag, const at::Tensor& videos) override {
    for (const auto& sink : sinks_) sink->images(step, tag, videos);
  }
  void figure(int64_t step, const std::string& tag, const Curve& curve) override {
    for (const auto& sink : sinks_) sink->figure(step, tag, curve);
  }
  void histogram(int64_t step, const std::string& tag, const at::Tensor& values) override {
    for (const auto& sink : sinks_) sink->histogram(step, tag, values);
  }
  void note(int64_t step, const std::string& text) override {
    for (const auto& sink : sinks_) sink->note(step, text);
  }
  void flush() override {
    for (const auto& sink : sinks_) sink->flush();
  }
  void finish() override {
    for (const auto& sink : sinks_) sink->finish();
  }

 private:
  std::vector<std::unique_ptr<Sink>> sinks_;
};

}  // namespace savp
