// Record -> sequence -> batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/draws.h"
#include "core/video.h"
#include "datasets/augmentation.h"
#include "datasets/stream.h"
#include "records/layouts.h"
#include "records/picture.h"

namespace savp {

// As many frames as a batch wants, of one record. Undefined tensors are not there.
struct Sequence {
  Tensor images;        // [T, C, H, W] from 0 to 1, or as bytes [T, H, W, C]
  Tensor actions;       // [T - 1, A], A counts the actions of skipped frames, too
  Tensor states;        // [T, S]
  Tensor pix_distribs;  // [T, P, H, W], at the size the frames are stored in
};

class SequenceDecoder {
 public:
  // varied: by what the hyperparameters say of augmentation. Throws UsageError where the records hold what
  // would then no longer fit the frames.
  SequenceDecoder(DatasetSpec spec, RecordFormat format, const RandomCropHparams& hparams, bool random_start,
                  bool varied = false);

  const RecordFormat& format() const { return format_; }
  VideoShape shape() const;

  // Frames of a record that a sequence spans, those skipped included.
  int64_t span() const;

  // Nothing where the record is too short and may be. Throws DataError with what is wrong with the record.
  std::optional<Sequence> decode(std::string_view record, Draws& draws) const;

 private:
  int64_t start(int64_t length, Draws& draws) const;
  Tensor decode_images(const RecordSteps& steps, int64_t first, Draws& draws) const;
  Tensor draw_pix_distribs(const RecordSteps& steps, int64_t first) const;
  int64_t stride() const { return hparams_.frame_skip + 1; }

  DatasetSpec spec_;
  RecordFormat format_;
  RandomCropHparams hparams_;
  bool random_start_;
  PictureDecoder pictures_;
  std::optional<Augmentation> augmentation_;  // where there is any
};

// For each point (row, column) a map [points, height, width] whose four pixels around it share the weight 1
// bilinearly. Pixels are addressed by row * width + column: what lies right of the last column lands in the
// next row, what has no address is lost.
void draw_points(const float* points, int64_t count, int64_t height, int64_t width, float* maps);

// Sequences side by side: [T, ...] each -> [T, B, ...]; images [T, B, C, H, W] from 0 to 1.
Batch collate(const std::vector<Sequence>& sequences);

// Something made of records, and where the stream stands after the last of them.
template <class T>
struct Placed {
  T value;
  StreamPosition after;
};

// Batches of so many sequences; an incomplete last one is dropped.
class Batched : public Stream<Placed<Batch>> {
 public:
  Batched(std::unique_ptr<Stream<Placed<Sequence>>> source, int64_t batch_size)
      : source_(std::move(source)), batch_size_(batch_size) {}
  std::optional<Placed<Batch>> next() override;

 private:
  std::unique_ptr<Stream<Placed<Sequence>>> source_;
  int64_t batch_size_;
};

}  // namespace savp
