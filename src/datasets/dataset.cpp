#include "datasets/dataset.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/error.h"
#include "core/text.h"
#include "datasets/device_prefetcher.h"
#include "datasets/record_stream.h"
#include "datasets/sequence.h"
#include "datasets/stages.h"
#include "io/example.h"
#include "io/tfrecord.h"
#include "records/record_counts.h"

namespace savp {
namespace {

RecordFormat inspect_record(const RecordPlace& place, const DatasetSpec& spec, bool use_state) {
  std::string record;
  read_record(place, record);
  return in_record(place, [&] {
    const ExampleView example(record);
    auto format = inspect(example, spec, use_state);
    const auto steps = split(example, spec, format);  // all that a sequence may need must be there
    for (int64_t t = 0; t < steps.length(); ++t)      // memory is reserved for such frames
      with_frame(steps, t, spec, format, [](std::string_view) {});
    return format;
  });
}

// The first record decides; where damaged ones are to be skipped, the first sound one.
RecordFormat inspect_first(const std::vector<std::string>& files, const DatasetSpec& spec, bool use_state,
                           const std::shared_ptr<SkippedRecords>& skipped) {
  if (!skipped) {
    const auto place = TfRecordReader(files.front()).locate();
    SAVP_CHECK(place, DataError, files.front(), ": holds no records");
    return inspect_record(*place, spec, use_state);
  }
  RecordStream records({.files = files, .num_epochs = 1, .skipped = skipped});
  while (const auto item = records.next()) {
    try {
      return inspect_record(item->place, spec, use_state);
    } catch (const DataError& error) {
      skipped->add(item->place, error.what());
    }
  }
  throw DataError(
      concat(files.front(), ": this and ", files.size() - 1, " other files hold no sound record"));
}

void check(const BatchOptions& options) {
  SAVP_CHECK(options.batch_size > 0, UsageError, "batch_size=", options.batch_size, " must be at least 1");
  SAVP_CHECK(options.threads >= 0, UsageError, "threads=", options.threads, " must be at least 0");
  const auto& [rank, world] = options.shard;
  SAVP_CHECK(rank >= 0 && rank < world, UsageError, "there is no part ", rank, " of ", world);
}

void check_mode(const std::string& mode) {
  const bool known = mode == "train" || mode == "val" || mode == "test";
  SAVP_CHECK(known, UsageError, "unknown mode ", mode, did_you_mean(mode, {"train", "val", "test"}),
             ": train, val or test");
}

// A record on its way to a sequence; no sequence where the record is too short or was skipped.
struct Decoded {
  std::optional<Sequence> sequence;
  RecordItem item;
};

class RecordDecoder {
 public:
  RecordDecoder(std::shared_ptr<const SequenceDecoder> decoder, std::shared_ptr<SkippedRecords> skipped,
                uint64_t seed)
      : decoder_(std::move(decoder)), skipped_(std::move(skipped)), seed_(seed) {}

  Decoded operator()(const RecordItem& item) const {
    thread_local std::string record;  // keeps its capacity from one record to the next
    auto draws = draws_at(seed_, item.position);
    try {
      return in_record(item.place, [&] {
        read_record(item.place, record);
        return Decoded{decoder_->decode(record, draws), item};
      });
    } catch (const DataError& error) {
      if (!skipped_) throw;
      skipped_->add(item.place, error.what());
      return Decoded{std::nullopt, item};
    }
  }

 private:
  std::shared_ptr<const SequenceDecoder> decoder_;
  std::shared_ptr<SkippedRecords> skipped_;  // null: damage is an error
  uint64_t seed_;
};

// Drops what is no sequence, but does not search for one for ever.
class Usable : public Stream<Placed<Sequence>> {
 public:
  Usable(std::unique_ptr<Stream<Decoded>> source, const BatchOptions& options)
      : source_(std::move(source)),
        last_useful_epoch_(options.start.epoch - (options.start.record == 0 ? 1 : 0)) {}

  std::optional<Placed<Sequence>> next() override {
    while (auto decoded = source_->next()) {
      const auto epoch = decoded->item.position.epoch;
      if (decoded->sequence) {
        last_useful_epoch_ = epoch;
        return Placed<Sequence>{std::move(*decoded->sequence), decoded->item.after};
      }
      SAVP_CHECK(epoch < last_useful_epoch_ + 2, DataError, *decoded->item.place.file,
                 ": in a whole epoch no record of this and the other files was sound and long enough: "
                 "choose a smaller sequence_length or frame_skip");
    }
    return std::nullopt;
  }

 private:
  std::unique_ptr<Stream<Decoded>> source_;
  int64_t last_useful_epoch_;
};

// The end of the way: tells where it is.
class Positioned : public BatchStream {
 public:
  Positioned(std::unique_ptr<Stream<Placed<Batch>>> source, StreamPosition start)
      : source_(std::move(source)), position_(start) {}

  std::optional<Batch> next() override {
    auto batch = source_->next();
    if (!batch) return std::nullopt;
    position_ = batch->after;
    return std::move(batch->value);
  }
  StreamPosition position() const override { return position_; }

 private:
  std::unique_ptr<Stream<Placed<Batch>>> source_;
  StreamPosition position_;
};

// Reads the records themselves.
int64_t count_long_records(const std::vector<std::string>& files, int64_t span, const DatasetSpec& spec,
                           const RecordFormat& format) {
  int64_t count = 0;
  for (const auto& file : files) {
    TfRecordReader reader(file);
    for (auto place = reader.position(); const auto record = reader.next(); place = reader.position())
      if (in_record(place, [&] { return record_length(ExampleView(*record), spec, format); }) >= span)
        ++count;
  }
  return count;
}

// By their length fields, since the names of files may say otherwise; where damage is to be skipped, up
// to there.
int64_t count_all_records(const std::vector<std::string>& files, bool skips_damage) {
  int64_t count = 0;
  for (const auto& file : files) {
    TfRecordReader reader(file);
    try {
      while (reader.locate()) ++count;
    } catch (const DataError&) {
      if (!skips_damage) throw;
    }
  }
  return count;
}

// Records of at least `span` frames; nothing where no file tells the lengths of as many records as there are.
std::optional<int64_t> count_by_lengths(const std::vector<std::string>& files, int64_t span,
                                        bool skips_damage) {
  const auto lengths = read_sequence_lengths(std::filesystem::path(files.front()).parent_path());
  if (!lengths || static_cast<int64_t>(lengths->size()) != count_all_records(files, skips_damage))
    return std::nullopt;
  return std::count_if(lengths->begin(), lengths->end(), [&](int64_t length) { return length >= span; });
}

}  // namespace

VideoHparams settle_hparams(const DatasetSpec& spec, const HparamsDicts& dicts,
                            const std::vector<std::string>& texts) {
  auto hparams = spec.hparams;
  resolve_hparams(spec.view(hparams), {.dicts = dicts, .texts = texts, .flag = "dataset_hparams"});
  if (hparams.long_sequence_length == 0) hparams.long_sequence_length = hparams.sequence_length;
  SAVP_CHECK(!hparams.force_time_shift || hparams.time_shift > 0, UsageError,
             "force_time_shift=true needs a time_shift of at least 1");
  SAVP_CHECK(!spec.random_crop || (hparams.crop_size == 0 && hparams.scale_size == 0), UsageError, spec.name,
             " has no use for crop_size and scale_size: leave them 0 and set random_crop_size");
  return hparams;
}

std::unique_ptr<Dataset> Dataset::open_records(const std::string& name, const std::string& input_dir,
                                               const std::string& mode, const HparamsDicts& hparams_dicts,
                                               const std::string& hparams_text, bool skip_bad_records) {
  check_mode(mode);
  const auto& named = find_dataset(name);
  auto files = find_record_files(input_dir, mode);
  const auto& spec = choose_variant(named, files.front());
  const auto hparams = settle_hparams(spec, hparams_dicts, {hparams_text});
  return std::unique_ptr<Dataset>(
      new Dataset(spec.with_keys(hparams), std::move(files), mode, hparams, skip_bad_records));
}

Dataset::Dataset(DatasetSpec spec, std::vector<std::string> files, std::string mode, VideoHparams hparams,
                 bool skip_bad_records)
    : spec_(std::move(spec)),
      files_(std::move(files)),
      mode_(std::move(mode)),
      hparams_(hparams),
      skipped_(skip_bad_records ? std::make_shared<SkippedRecords>() : nullptr) {
  set_sequence_length(hparams_.sequence_length);
}

Dataset::~Dataset() = default;

void Dataset::set_sequence_length(int64_t frames) {
  const auto format =
      decoder_ ? decoder_->format() : inspect_first(files_, spec_, hparams_.use_state, skipped_);
  const bool known = frames > 0 || format.length > 0;
  SAVP_CHECK(known, UsageError, "records of ", spec_.name,
             " differ in length: sequence_length must be given");
  hparams_.sequence_length = frames > 0 ? frames : (format.length - 1) / (hparams_.frame_skip + 1) + 1;
  const bool random_start = hparams_.force_time_shift || (mode_ == "train" && hparams_.time_shift > 0);
  decoder_ = std::make_shared<const SequenceDecoder>(spec_, format, hparams_, random_start,
                                                     /*varied=*/mode_ == "train");
}

int64_t Dataset::num_examples_per_epoch() const {
  const auto span = decoder_->span();
  if (spec_.count == Count::kLengthsFile)
    if (const auto known = count_by_lengths(files_, span, skipped_ != nullptr)) return *known;
  const bool counts_all =
      !spec_.lengths_differ() ||
      (spec_.count == Count::kFileNames &&
       std::all_of(files_.begin(), files_.end(), [](const auto& f) { return range_in_name(f); }));
  return counts_all ? count_all_records(files_, skipped_ != nullptr)
                    : count_long_records(files_, span, spec_, decoder_->format());
}

VideoShape Dataset::shape() const { return decoder_->shape(); }

std::unique_ptr<BatchStream> Dataset::batches(const BatchOptions& options) const {
  check(options);
  const auto length = decoder_->format().length;
  SAVP_CHECK(length == 0 || decoder_->span() <= length, UsageError,
             "sequence_length=", hparams_.sequence_length, " with frame_skip=", hparams_.frame_skip,
             " needs ", decoder_->span(), " frames, but the records of ", files_.front(), " hold ", length);
  const bool shuffle = mode_ == "train" || (mode_ == "val" && hparams_.shuffle_on_val);
  auto records = std::make_unique<RecordStream>(RecordStreamOptions{
      files_, shuffle, options.num_epochs, options.seed, options.start, options.shard, skipped_});
  auto decoded = map_stream<RecordItem, Decoded>(
      std::move(records), RecordDecoder(decoder_, skipped_, options.seed), options.threads,
      /*wanted=*/options.batch_size);
  std::unique_ptr<Stream<Placed<Batch>>> batches =
      std::make_unique<Batched>(std::make_unique<Usable>(std::move(decoded), options), options.batch_size);
  if (options.threads > 0) batches = made_ahead(std::move(batches), /*ahead=*/2);
  if (!options.device.is_cpu())
    batches = std::make_unique<DevicePrefetcher>(std::move(batches), options.device);
  return std::make_unique<Positioned>(std::move(batches), options.start);
}

int64_t Dataset::skipped_records() const { return skipped_ ? skipped_->count() : 0; }

std::string Dataset::skipped_summary() const {
  const auto count = skipped_records();
  if (count == 0) return "";
  return concat("; ", count, count == 1 ? " damaged record was" : " damaged records were", " left out");
}

}  // namespace savp
