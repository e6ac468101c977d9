#include "io/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "core/failure.h"
#include "event.pb.h"
#include "io/padded_number.h"
#include "io/tfrecord.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int kTexts = 7;         // a TensorProto's dtype
constexpr int kAnyTensor = 2;     // a plugin's data class
constexpr int kMostNames = 1000;  // of files made in one second by one process

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

// TensorBoard reads the files of a folder in the order of their names.
std::string file_name(int number) {
  const auto seconds = padded_number(static_cast<int64_t>(seconds_since_1970()), 10);
  return concat("events.out.tfevents.", seconds, ".", host_name(), ".", ::getpid(), ".",
                padded_number(number, 3));
}

proto::Event event_of(int64_t step) {
  proto::Event event;
  event.set_wall_time(seconds_since_1970());
  event.set_step(step);
  return event;
}

// An event with one value, which `fill` sets.
template <class Fill>
std::string summary(int64_t step, const std::string& tag, const Fill& fill) {
  auto event = event_of(step);
  auto* value = event.mutable_summary()->add_value();
  value->set_tag(tag);
  fill(*value);
  return event.SerializeAsString();
}

}  // namespace

EventFile::EventFile(const fs::path& folder, int64_t first_step) : descriptor_(-1) {
  for (int number = 0; descriptor_ < 0 && number < kMostNames; ++number) {
    path_ = folder / file_name(number);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) break;
  }
  if (descriptor_ < 0) throw_failure(errno, concat(path_.string(), ": cannot be created"));
  auto version = event_of(0);
  version.set_file_version("brain.Event:2");
  append(version.SerializeAsString());
  auto start = event_of(first_step);
  start.mutable_session_log()->set_status(proto::SessionLog::START);
  append(start.SerializeAsString());
}

EventFile::~EventFile() { ::close(descriptor_); }

void EventFile::scalar(int64_t step, const std::string& tag, double number) {
  append(summary(step, tag,
                 [&](proto::Summary::Value& value) { value.set_simple_value(static_cast<float>(number)); }));
}

void EventFile::image(int64_t step, const std::string& tag, const EncodedImage& image) {
  append(summary(step, tag, [&](proto::Summary::Value& value) {
    auto* stored = value.mutable_image();
    stored->set_height(static_cast<int32_t>(image.height));
    stored->set_width(static_cast<int32_t>(image.width));
    stored->set_colorspace(static_cast<int32_t>(image.channels));
    stored->set_encoded_image_string(image.bytes);
  }));
}

void EventFile::histogram(int64_t step, const std::string& tag, const Histogram& histogram) {
  append(summary(step, tag, [&](proto::Summary::Value& value) {
    auto* stored = value.mutable_histo();
    stored->set_min(histogram.min);
    stored->set_max(histogram.max);
    stored->set_num(histogram.count);
    stored->set_sum(histogram.sum);
    stored->set_sum_squares(histogram.sum_of_squares);
    stored->mutable_bucket_limit()->Add(histogram.limits.begin(), histogram.limits.end());
    stored->mutable_bucket()->Add(histogram.counts.begin(), histogram.counts.end());
  }));
}

void EventFile::text(int64_t step, const std::string& tag, const std::string& markdown) {
  append(summary(step, tag, [&](proto::Summary::Value& value) {
    value.mutable_metadata()->mutable_plugin_data()->set_plugin_name("text");
    value.mutable_metadata()->set_data_class(kAnyTensor);
    value.mutable_tensor()->set_dtype(kTexts);
    value.mutable_tensor()->mutable_tensor_shape()->add_dim()->set_size(1);
    value.mutable_tensor()->add_string_val(markdown);
  }));
}

// In one piece, so that a reader beside us finds whole records.
void EventFile::append(const std::string& event) {
  const auto framed = framed_record(event);
  for (size_t done = 0; done < framed.size();) {
    const auto written = ::write(descriptor_, framed.data() + done, framed.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_failure(errno, concat(path_.string(), ": cannot be written"));
    done += static_cast<size_t>(written);
  }
}

void EventFile::flush() {
  if (::fsync(descriptor_) != 0 && errno != EINVAL)
    throw_failure(errno, concat(path_.string(), ": cannot be flushed to the disk"));
}

}  // namespace savp
