#include "evaluation/foreign_predictions.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/text.h"
#include "evaluation/pictures.h"
#include "evaluation/results.h"
#include "evaluation/summary.h"
#include "io/array_file.h"
#include "io/frame_order.h"
#include "io/image.h"
#include "io/video.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// The files of one video: itself, or its frames.
using Files = std::vector<fs::path>;

Tensor read(const Files& files) {
  std::vector<Picture> frames;
  if (files.size() == 1 && (fs::is_directory(files[0]) || !is_picture_name(files[0])))
    frames = read_video(files[0]);
  else
    for (const auto& file : files) frames.push_back(read_image(file));
  SAVP_CHECK(!frames.empty(), DataError, files.at(0).string(), ": has no frames");
  for (const auto& frame : frames)
    SAVP_CHECK(frame.pixels.size() == frames[0].pixels.size() && frame.height == frames[0].height, DataError,
               files.at(0).string(), ": frames differ in size");
  return to_video(frames);
}

// Numbers at the end of a name, "gen_image_00012_03_07.png" -> 12, 3, 7; at most three.
std::vector<int64_t> numbers_of(const fs::path& file) {
  auto stem = file.stem().string();
  std::vector<int64_t> numbers;
  while (numbers.size() < 3) {
    const auto mark = stem.find_last_of('_');
    if (mark == std::string::npos || stem.size() - mark > 10) break;
    const auto digits = stem.substr(mark + 1);
    const bool is_number = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](unsigned char c) {
      return std::isdigit(c) != 0;
    });
    if (!is_number) break;
    numbers.insert(numbers.begin(), std::stoll(digits));
    stem.resize(mark);
  }
  return numbers;
}

std::string ending_of(const fs::path& path) { return lower_case(path.extension().string()); }

// But for descriptions and grids.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto& path = entry.path();
    const auto name = path.filename().string();
    if (!name.starts_with('.') && ending_of(path) != ".json" && name != kGridsFolder) entries.push_back(path);
  }
  sort_names(entries);
  return entries;
}

bool is_video_entry(const fs::path& entry) {
  return fs::is_directory(entry) ? is_frame_folder(entry) : is_video_file(entry);
}

// By sequence, then by sample; and the numbers of the sequences, where all names have one.
struct Sequences {
  std::vector<std::vector<Files>> files;
  std::vector<int64_t> numbers;
};

// Frames by their numbers, of which none may be missing.
Files in_order(const std::map<int64_t, fs::path>& frames) {
  Files files;
  for (const auto& [number, file] : frames) {
    const auto expected = frames.begin()->first + static_cast<int64_t>(files.size());
    SAVP_CHECK(number == expected, DataError, file.string(),
               ": the frame before it is missing: there is none with number ", expected);
    files.push_back(file);
  }
  return files;
}

// Of frames or videos whose names end in numbers; the last of a frame is its own.
Sequences by_numbers(const std::vector<fs::path>& entries, bool frames) {
  std::map<std::pair<int64_t, int64_t>, std::map<int64_t, fs::path>> videos;
  for (const auto& entry : entries) {
    auto numbers = numbers_of(entry);
    const size_t least = frames ? 2 : 1;
    SAVP_CHECK(numbers.size() >= least, DataError, entry.string(),
               ": its name does not end in the numbers of sequence", frames ? " and frame" : "");
    const auto frame = frames ? numbers.back() : 0;
    if (frames) numbers.pop_back();
    const auto sample = numbers.size() > 1 ? numbers.back() : 0;
    const auto sequence = numbers.size() > 1 ? numbers[numbers.size() - 2] : numbers[0];
    const auto [place, is_new] = videos[{sequence, sample}].emplace(frame, entry);
    SAVP_CHECK(is_new, DataError, entry.string(), ": has the numbers of ", place->second.filename().string());
  }
  Sequences sequences;
  const int64_t* last = nullptr;
  for (auto& [key, files] : videos) {
    if (last == nullptr || *last != key.first) {
      sequences.files.emplace_back();
      sequences.numbers.push_back(key.first);
    }
    last = &key.first;
    sequences.files.back().push_back(in_order(files));
  }
  return sequences;
}

// A folder of videos, one a sample, or one video.
std::vector<Files> samples_in(const fs::path& entry) {
  if (is_video_entry(entry)) return {{entry}};
  SAVP_CHECK(fs::is_directory(entry), DataError, entry.string(),
             ": is neither a video nor a folder of frames");
  std::vector<Files> samples;
  for (const auto& sample : entries_of(entry)) {
    SAVP_CHECK(is_video_entry(sample), DataError, sample.string(),
               ": is neither a video nor a folder of frames");
    samples.push_back({sample});
  }
  SAVP_CHECK(!samples.empty(), DataError, entry.string(), ": is empty");
  return samples;
}

// Of single frames and whole videos in one folder, the frames, which have lost nothing.
Sequences frames_among(const std::vector<fs::path>& entries) {
  std::vector<fs::path> frames, videos;
  for (const auto& entry : entries) (is_picture_name(entry) ? frames : videos).push_back(entry);
  auto sequences = by_numbers(frames, /*frames=*/true);
  if (!videos.empty())
    SAVP_CHECK(by_numbers(videos, /*frames=*/false).numbers == sequences.numbers, DataError,
               videos[0].string(),
               ": lies among frames of other sequences: a folder may hold either, or both of the same ones");
  return sequences;
}

Sequences sequences_in(const fs::path& folder) {
  const auto entries = entries_of(folder);
  SAVP_CHECK(!entries.empty(), DataError, folder.string(), ": is empty");
  SAVP_CHECK(folder.filename() != kGridsFolder, DataError, folder.string(),
             ": grids are labelled for the eye and are no predictions: give the folder above it, or let "
             "savp_generate write arrays (--format npz)");
  const auto is_frame = [](const fs::path& entry) {
    return !fs::is_directory(entry) && is_picture_name(entry) && !is_video_file(entry);
  };
  if (std::any_of(entries.begin(), entries.end(), is_frame)) return frames_among(entries);
  const auto has_two = [](const fs::path& entry) {
    return !fs::is_directory(entry) && numbers_of(entry).size() >= 2;
  };
  if (std::all_of(entries.begin(), entries.end(), has_two)) return by_numbers(entries, /*frames=*/false);
  Sequences sequences;
  for (const auto& entry : entries) {
    sequences.files.push_back(samples_in(entry));
    if (const auto numbers = numbers_of(entry); !numbers.empty()) sequences.numbers.push_back(numbers.back());
  }
  if (sequences.numbers.size() != sequences.files.size()) sequences.numbers.clear();
  return sequences;
}

std::string quantization_of(const fs::path& video) {
  if (fs::is_directory(video)) return quantization_of(entries_of(video).at(0));
  const auto ending = ending_of(video);
  if (ending == ".gif") return "palette of a GIF";
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".webp") return "JPEG or WebP";
  return is_picture_name(video) ? "bytes" : "video codec";
}

// Videos as files.
class FileSource : public VideoSource {
 public:
  explicit FileSource(const fs::path& folder) : FileSource(sequences_in(folder)) {}
  explicit FileSource(Sequences found)
      : sequences_(std::move(found.files)), numbers_(std::move(found.numbers)) {
    for (const auto& sequence : sequences_)
      SAVP_CHECK(sequence.size() == sequences_[0].size(), DataError, sequence[0][0].string(), ": there are ",
                 counted(static_cast<int64_t>(sequence.size()), "sample"), " of this sequence, of others ",
                 sequences_[0].size());
  }
  int64_t sequences() const override { return static_cast<int64_t>(sequences_.size()); }
  int64_t samples() const override { return static_cast<int64_t>(sequences_[0].size()); }
  std::string quantization() const override {
    std::set<std::string> found;
    for (const auto& sequence : sequences_) found.insert(quantization_of(sequence[0][0]));
    return join_words({found.begin(), found.end()});
  }
  const std::vector<int64_t>& numbers() const override { return numbers_; }
  std::vector<std::function<Tensor()>> next() override {
    std::vector<std::function<Tensor()>> samples;
    for (const auto& files : sequences_.at(at_++)) samples.emplace_back([files] { return read(files); });
    return samples;
  }
  std::string where() const override { return sequences_.at(at_ - 1)[0][0].string(); }

 private:
  std::vector<std::vector<Files>> sequences_;
  std::vector<int64_t> numbers_;
  size_t at_ = 0;
};

constexpr float kRounding = 1e-3F;  // of floats that another program has clipped or scaled

// What is in a file of arrays.
enum class ArrayContent { kSequences, kOneSequence };

// Arrays that cannot be read have 0, and add what is said of them to `why`; damaged ones throw DataError.
size_t axes_of(const ArrayFile& file, const std::string& name, std::string& why) try {
  return file.open(name).header().shape.size();
} catch (const OtherArrayError& error) {
  why += concat("; ", error.what());
  return 0;
}

// The arrays of a file that make up its videos: one, or what was given and what followed.
std::vector<std::string> arrays_of_videos(const ArrayFile& file, const std::string& path, VideoRole role,
                                          size_t least_axes) {
  const auto named = role == VideoRole::kTruth ? "truth" : "futures";
  if (file.has(named) && role == VideoRole::kTruth && file.has("context")) return {"context", named};
  if (file.has(named)) return {named};
  if (file.names().size() == 1) return file.names();
  std::vector<std::string> found;
  std::string not_read;
  for (const auto& name : file.names()) {
    const auto axes = axes_of(file, name, not_read);
    if (axes == least_axes || axes == least_axes + 1) found.push_back(name);
  }
  SAVP_CHECK(found.size() == 1, DataError, path, ": holds ", file.names().size(), " arrays (",
             join_words(file.names()), "), of which ", found.empty() ? "none" : join_words(found),
             " may be videos: name the right one ", named, found.empty() ? not_read : "");
  return found;
}

// One array of videos, read from front to back.
class VideoArray {
 public:
  VideoArray(const ArrayFile& file, const std::string& name, std::string path, ArrayContent content)
      : path_(std::move(path)), reader_(file.open(name)), shape_(reader_.header().shape) {
    const bool one = content == ArrayContent::kOneSequence;
    if (one) shape_.insert(shape_.begin(), 1);
    SAVP_CHECK(shape_.size() == 5 || shape_.size() == 6, DataError, path_, ": has shape ",
               shape_text(reader_.header().shape), ", not [", one ? "" : "sequences, ",
               "(samples,) frames, height, width, channels]");
    if (shape_.size() == 5) shape_.insert(shape_.begin() + 1, 1);
    SAVP_CHECK(reader_.header().values() > 0, DataError, path_, ": is empty");
  }
  int64_t sequences() const { return shape_[0]; }
  int64_t samples() const { return shape_[1]; }
  bool of_bytes() const { return reader_.header().type == NumberType::kUint8; }

  // The video of that number, counted over sequences and samples; of an archive in rising order.
  Tensor read(int64_t number) {
    const auto values = shape_[2] * shape_[3] * shape_[4] * shape_[5];
    if (number != read_ && !reader_.seek(number * values)) pass_over(number, values);
    read_ = number + 1;
    auto video = at::tensor(reader_.read_floats(values), at::kFloat)
                     .view({shape_[2], 1, shape_[3], shape_[4], shape_[5]});
    if (read_ == sequences() * samples()) reader_.finish();
    if (of_bytes()) video *= 1.0F / 255.0F;
    check_range(video, number);
    return video.permute({0, 1, 4, 2, 3}).contiguous();
  }

 private:
  void pass_over(int64_t number, int64_t values) {
    if (number < read_) throw std::logic_error("the videos of an archive are read in their order");
    for (; read_ < number; ++read_) reader_.read_floats(values);
  }
  void check_range(const Tensor& video, int64_t number) const {
    const auto low = video.min().item<float>(), high = video.max().item<float>();
    SAVP_CHECK(low >= -kRounding && high <= 1 + kRounding, DataError, path_, ": sequence ",
               number / shape_[1], shape_[1] > 1 ? concat(", sample ", number % shape_[1]) : "",
               " has values from ", low, " to ", high, ": bytes (uint8), or floats from 0 to 1 are needed");
  }

  std::string path_;
  ArrayReader reader_;
  std::vector<int64_t> shape_;  // [sequences, samples, frames, height, width, channels]
  int64_t read_ = 0;            // videos
};

// Videos as one file of arrays.
class ArraySource : public VideoSource {
 public:
  ArraySource(const fs::path& path, VideoRole role, ArrayContent content = ArrayContent::kSequences)
      : path_(path.string()), file_(path) {
    const size_t least_axes = content == ArrayContent::kSequences ? 5 : 4;
    for (const auto& name : arrays_of_videos(file_, path.string(), role, least_axes))
      parts_.emplace_back(file_, name, path.string(), content);
    for (const auto& part : parts_)
      SAVP_CHECK(part.sequences() == sequences() && part.samples() == samples(), DataError, path.string(),
                 ": context and truth are not of the same number of sequences");
  }
  int64_t sequences() const override { return parts_[0].sequences(); }
  int64_t samples() const override { return parts_[0].samples(); }
  std::string quantization() const override { return parts_.back().of_bytes() ? "bytes" : kNotQuantized; }
  std::vector<std::function<Tensor()>> next() override {
    std::vector<std::function<Tensor()>> videos;
    for (int64_t sample = 0; sample < samples(); ++sample)
      videos.emplace_back([this, number = at_ * samples() + sample] { return read(number); });
    ++at_;
    return videos;
  }
  std::string where() const override { return concat(path_, ": sequence ", at_ - 1); }

 private:
  Tensor read(int64_t number) {
    std::vector<Tensor> frames;
    for (auto& part : parts_) frames.push_back(part.read(number));
    return at::cat(frames);
  }

  std::string path_;
  ArrayFile file_;
  std::vector<VideoArray> parts_;  // by time
  int64_t at_ = 0;                 // sequences given out
};

// Videos as a file of arrays for each sequence.
class ArrayFolder : public VideoSource {
 public:
  ArrayFolder(std::vector<fs::path> files, VideoRole role)
      : files_(std::move(files)), role_(role), now_(open(0)), samples_(now_->samples()) {
    for (const auto& file : files_)
      if (const auto numbers = numbers_of(file); !numbers.empty()) numbers_.push_back(numbers.back());
    if (numbers_.size() != files_.size()) numbers_.clear();
  }
  int64_t sequences() const override { return static_cast<int64_t>(files_.size()); }
  int64_t samples() const override { return samples_; }
  std::string quantization() const override { return now_->quantization(); }
  const std::vector<int64_t>& numbers() const override { return numbers_; }
  std::vector<std::function<Tensor()>> next() override {
    if (at_ > 0) now_ = open(at_);
    SAVP_CHECK(now_->samples() == samples_, DataError, files_[at_].string(), ": there are ",
               counted(now_->samples(), "sample"), " of this sequence, of others ", samples_);
    ++at_;
    return now_->next();
  }
  std::string where() const override { return files_.at(at_ - 1).string(); }

 private:
  std::unique_ptr<ArraySource> open(size_t number) const {
    return std::make_unique<ArraySource>(files_.at(number), role_, ArrayContent::kOneSequence);
  }

  std::vector<fs::path> files_;
  VideoRole role_;
  std::unique_ptr<ArraySource> now_;
  int64_t samples_;
  std::vector<int64_t> numbers_;
  size_t at_ = 0;
};

std::vector<fs::path> arrays_in(const fs::path& folder) {
  auto files = entries_of(folder);
  std::erase_if(files, [](const fs::path& file) { return !is_array_name(file); });
  return files;
}

// The grids' arrays are the predictions where savp_generate has written nothing else.
fs::path without_grids(const fs::path& folder) {
  return entries_of(folder).empty() && fs::is_directory(folder / kGridsFolder) ? folder / kGridsFolder
                                                                               : folder;
}

std::string size_text(const Tensor& video) {
  return concat(video.size(4), "x", video.size(3), " pixels of ", counted(video.size(2), "channel"));
}

}  // namespace

std::unique_ptr<VideoSource> open_videos(const fs::path& path, VideoRole role) {
  SAVP_CHECK(fs::exists(path), DataError, path.string(), ": there is no such file or folder");
  if (is_array_name(path)) return std::make_unique<ArraySource>(path, role);
  SAVP_CHECK(fs::is_directory(path), DataError, path.string(),
             ": is neither a folder nor a file of arrays (.npz, .npy)");
  const auto folder = without_grids(path.filename().empty() ? path.parent_path() : path);
  if (auto arrays = arrays_in(folder); !arrays.empty())
    return std::make_unique<ArrayFolder>(std::move(arrays), role);
  return std::make_unique<FileSource>(folder);
}

ForeignPredictions::ForeignPredictions(ForeignOptions options)
    : options_(std::move(options)),
      truth_(open_videos(options_.truth, VideoRole::kTruth)),
      predictions_(open_videos(options_.predictions, VideoRole::kPredictions)) {
  SAVP_CHECK(truth_->sequences() == predictions_->sequences(), DataError, options_.predictions.string(),
             ": has ", counted(predictions_->sequences(), "sequence"), ", ", options_.truth.string(), " ",
             truth_->sequences());
  SAVP_CHECK(truth_->samples() == 1, DataError, options_.truth.string(), ": has ", truth_->samples(),
             " samples of each sequence, but only one thing happened");
  const auto &true_numbers = truth_->numbers(), &numbers = predictions_->numbers();
  if (!true_numbers.empty() && !numbers.empty() && true_numbers != numbers)
    log::warn(concat(options_.predictions.string(), ": its sequences have other numbers (", numbers.front(),
                     " to ", numbers.back(), ") than those of ", options_.truth.string(), " (",
                     true_numbers.front(), " to ", true_numbers.back(),
                     "): they are compared in their order"));
  first_ = truth_->next()[0]();
  SAVP_CHECK(options_.context_frames < first_.size(0), UsageError, "--context_frames ",
             options_.context_frames, ": the true sequences have ", counted(first_.size(0), "frame"),
             ", so none is left to predict");
}

VideoShape ForeignPredictions::shape() const {
  return {.channels = first_.size(2), .height = first_.size(3), .width = first_.size(4)};
}

Tensor ForeignPredictions::next() {
  truth_now_ = at_++ == 0 ? first_ : truth_->next()[0]();
  SAVP_CHECK(truth_now_.sizes() == first_.sizes(), DataError, truth_->where(), ": has ",
             counted(truth_now_.size(0), "frame"), " of ", size_text(truth_now_), ", the first sequence ",
             first_.size(0), " of ", size_text(first_), ": all true sequences must have the same");
  samples_now_ = predictions_->next();
  return truth_now_;
}

void ForeignPredictions::sample(const std::function<void(const Tensor&)>& take) const {
  const auto future = first_.size(0) - options_.context_frames;
  for (const auto& read_sample : samples_now_) {
    const auto video = read_sample();
    SAVP_CHECK(video.sizes().slice(2) == first_.sizes().slice(2), DataError, predictions_->where(),
               ": is of ", size_text(video), ", the truth of ", size_text(first_),
               ": give both in the same size");
    SAVP_CHECK(video.size(0) >= future, DataError, predictions_->where(), ": has ",
               counted(video.size(0), "frame"), ", but ", future,
               " are to be compared: see --context_frames");
    take(video.slice(0, video.size(0) - future));
  }
}

}  // namespace savp
