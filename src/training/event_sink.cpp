#include "training/event_sink.h"

#include <ATen/ATen.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "evaluation/pictures.h"
#include "io/event_file.h"
#include "io/gif.h"
#include "io/image.h"
#include "training/background_jobs.h"
#include "training/curve_plot.h"

namespace savp {
namespace {

constexpr double kFramesPerSecond = 4;
constexpr int64_t kMostVideos = 8, kBuckets = 64;

using Pictures = std::vector<Picture>;

// Videos [T, B, C, H, W] as one, the first of them side by side.
Pictures side_by_side(const at::Tensor& videos) {
  const auto shown = videos.slice(1, 0, kMostVideos);
  const auto wide = shown.permute({0, 2, 3, 1, 4}).flatten(3).unsqueeze(1);  // [T, 1, C, H, B * W]
  return to_pictures(wide).front();
}

int64_t bytes_of(const Pictures& pictures) {
  int64_t bytes = 0;
  for (const auto& picture : pictures) bytes += static_cast<int64_t>(picture.pixels.size());
  return bytes;
}

EncodedImage image_of(const Picture& like, std::string bytes) {
  return {like.height, like.width, like.channels, std::move(bytes)};
}

// Of the finite values; they are gone through on their device.
Histogram histogram_of(const at::Tensor& any) {
  const auto flat = any.detach().to(at::kDouble).flatten();
  const auto values = flat.masked_select(flat.isfinite());
  Histogram found;
  if (values.numel() == 0) return found;
  found.min = values.min().item<double>();
  found.max = values.max().item<double>();
  found.count = static_cast<double>(values.numel());
  found.sum = values.sum().item<double>();
  found.sum_of_squares = values.square().sum().item<double>();
  const double width = std::max((found.max - found.min) / kBuckets, std::abs(found.max) * 1e-12 + 1e-30);
  const auto bucket = ((values - found.min) / width).floor().clamp(0, kBuckets - 1).to(at::kLong);
  const auto counts = at::bincount(bucket, {}, kBuckets).to(at::kDouble).cpu();
  for (int64_t i = 0; i < kBuckets; ++i) {
    found.limits.push_back(found.min + static_cast<double>(i + 1) * width);
    found.counts.push_back(counts.const_data_ptr<double>()[i]);
  }
  return found;
}

class EventSink final : public Sink {
 public:
  EventSink(const SinkOrigin& origin, const EventSinkOptions& options)
      : progress_(origin.progress),
        options_(options),
        file_(origin.output_dir, origin.step == 0 ? 0 : origin.step + 1) {
    // With a step that a later continuation from the same one voids.
    const auto step = origin.step == 0 ? 0 : origin.step + 1;
    for (const auto& [tag, text] : origin.texts) file_.text(step, tag, text);
    file_.flush();
  }

  void scalars(int64_t step, const std::string& group, const Values& values) override {
    if (group != kSummaries) return;
    jobs_.add([this, step, values] {
      for (const auto& [tag, value] : values) file_.scalar(step, tag, value);
    });
  }

  void images(int64_t step, const std::string& tag, const at::Tensor& videos) override {
    if (videos.size(2) != 1 && videos.size(2) != 3) return;
    auto shown = side_by_side(videos);
    const auto bytes = bytes_of(shown);
    add_picture(step, bytes, [this, step, tag, frames = std::move(shown)] {
      file_.image(step, tag, image_of(frames.front(), encode_gif(tag, frames, kFramesPerSecond)));
    });
  }

  void figure(int64_t step, const std::string& tag, const Curve& curve) override {
    add_picture(step, static_cast<int64_t>(curve.values.size() * sizeof(double)), [this, step, tag, curve] {
      const auto drawn = plot(tag, curve.first, curve.values);
      file_.image(step, tag, image_of(drawn, encode_png(drawn)));
    });
  }

  void histogram(int64_t step, const std::string& tag, const at::Tensor& values) override {
    jobs_.add([this, step, tag, found = histogram_of(values)] { file_.histogram(step, tag, found); });
  }

  void flush() override {
    jobs_.wait(flushed_);
    flushed_ = jobs_.add([this] { file_.flush(); });
  }

  void finish() override {
    jobs_.add([this] { file_.flush(); });
    jobs_.wait();
  }

 private:
  void add_picture(int64_t step, int64_t bytes, std::function<void()> job) {
    if (without_pictures_) return;
    if (const auto waiting = jobs_.bytes(); waiting > 0 && waiting + bytes > options_.most_waiting) {
      leave_out(step, waiting);
      return;
    }
    auto make = [this, job = std::move(job)] {
      if (without_pictures_) return;
      if (options_.before_encoding) options_.before_encoding();
      try {
        job();
      } catch (const UsageError& error) {  // of a program that cannot make any
        log::warn(concat("no pictures in the event file: ", error.what()));
        without_pictures_ = true;
      }
    };
    jobs_.add(std::move(make), bytes);
  }

  void leave_out(int64_t step, int64_t waiting) {
    if (left_out_) return;
    left_out_ = true;
    progress_.warn(concat("step ", step, ": some images are not in the event file: ", waiting >> 20,
                          " MiB of others still wait to be written; a higher --image_summary_freq or a "
                          "faster disk helps"));
  }

  Progress& progress_;
  EventSinkOptions options_;
  int64_t flushed_ = 0;  // jobs up to the last checkpoint's flush
  bool left_out_ = false;
  EventFile file_;
  std::atomic<bool> without_pictures_ = false;
  BackgroundJobs jobs_;  // the last: it uses the others
};

}  // namespace

MakeSink event_sink(const EventSinkOptions& options) {
  return [=](const SinkOrigin& origin) { return std::make_unique<EventSink>(origin, options); };
}

}  // namespace savp
