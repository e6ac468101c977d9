#include "datasets/sequence.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "records/planes.h"

namespace savp {
namespace {

// Rows first, first + stride ... of [rows, size].
Tensor every(const std::vector<float>& values, int64_t size, int64_t first, int64_t stride, int64_t count) {
  auto rows = at::empty({count, size});
  for (int64_t i = 0; i < count; ++i)
    std::copy_n(values.data() + (first + i * stride) * size, size, rows.data_ptr<float>() + i * size);
  return rows;
}

// A picture to its place in a batch: planes as they are, bytes side by side as planes.
void put(const float* source, float* target, at::IntArrayRef sizes) {
  std::memcpy(target, source, c10::multiply_integers(sizes) * sizeof(float));
}
void put(const uint8_t* source, float* target, at::IntArrayRef sizes) {
  to_planes(source, target, sizes[0] * sizes[1], sizes[2], kToUnit);
}

// Item t of sequence b goes to (t, b) of a tensor that is to be. By hand: ATen would start a team of OpenMP
// threads beside those of the model.
template <class T>
Tensor interleave(const std::vector<Tensor>& sequences, at::IntArrayRef item) {
  const auto length = sequences.front().size(0), batch = static_cast<int64_t>(sequences.size());
  std::vector<int64_t> shape = {length, batch};
  shape.insert(shape.end(), item.begin(), item.end());
  auto together = at::empty(shape, at::kFloat);
  const auto values = c10::multiply_integers(item);
  for (int64_t b = 0; b < batch; ++b) {
    const auto stored = sequences[b].sizes().slice(1);
    const auto* source = sequences[b].const_data_ptr<T>();
    auto* target = together.data_ptr<float>() + b * values;
    for (int64_t t = 0; t < length; ++t) put(source + t * values, target + t * batch * values, stored);
  }
  return together;
}

// Frames [T, C, H, W] from 0 to 1, whichever way they came.
Tensor as_planes(const Tensor& images) {
  if (images.scalar_type() != at::kByte) return images;
  auto planes = at::empty({images.size(0), images.size(3), images.size(1), images.size(2)});
  const auto values = images[0].numel();
  for (int64_t t = 0; t < images.size(0); ++t)
    put(images.const_data_ptr<uint8_t>() + t * values, planes.data_ptr<float>() + t * values,
        images.sizes().slice(1));
  return planes;
}

Tensor side_by_side(const std::vector<Sequence>& sequences, Tensor Sequence::*member) {
  std::vector<Tensor> items;
  for (const auto& sequence : sequences) items.push_back(sequence.*member);
  const auto& first = items.front();
  if (!first.defined()) return {};
  if (first.scalar_type() == at::kByte)
    return interleave<uint8_t>(items, {first.size(3), first.size(1), first.size(2)});
  return interleave<float>(items, first.sizes().slice(1));
}

}  // namespace

SequenceDecoder::SequenceDecoder(DatasetSpec spec, RecordFormat format, const RandomCropHparams& hparams,
                                 bool random_start, bool varied)
    : spec_(std::move(spec)),
      format_(std::move(format)),
      hparams_(hparams),
      random_start_(random_start),
      pictures_(format_.picture, format_.pixels, hparams) {
  const Augmentation augmentation(hparams);
  if (!varied || !augmentation.active()) return;
  const bool bound = format_.state_size > 0 || format_.action_size > 0 || format_.object_pos_size > 0;
  SAVP_CHECK(!bound || !augmentation.moves_pixels(), UsageError,
             "augment_flip and augment_crop move pixels, ", "which actions, states and designated pixels of ",
             spec_.name, " would not follow: use augment_color alone, or leave use_state=false");
  augmentation_ = augmentation;
}

VideoShape SequenceDecoder::shape() const {
  const auto size = pictures_.size();
  return {size.channels,      size.height,
          size.width,         format_.action_size * stride(),
          format_.state_size, format_.object_pos_size / 2};
}

int64_t SequenceDecoder::span() const { return (hparams_.sequence_length - 1) * stride() + 1; }

int64_t SequenceDecoder::start(int64_t length, Draws& draws) const {
  return random_start_ ? hparams_.time_shift * draws.below((length - span()) / hparams_.time_shift + 1) : 0;
}

std::optional<Sequence> SequenceDecoder::decode(std::string_view record, Draws& draws) const {
  const auto steps = split(ExampleView(record), spec_, format_);
  if (steps.length() < span()) {
    SAVP_CHECK(spec_.lengths_differ(), DataError, "has ", steps.length(), " frames, ", span(),
               " are needed for sequence_length=", hparams_.sequence_length,
               " and frame_skip=", hparams_.frame_skip);
    return std::nullopt;
  }
  const auto frames = hparams_.sequence_length;
  const auto first = start(steps.length(), draws);
  Sequence sequence;
  sequence.images = decode_images(steps, first, draws);
  if (augmentation_) {
    sequence.images = as_planes(sequence.images);
    augmentation_->apply(sequence.images, draws);
  }
  if (format_.state_size > 0)
    sequence.states = every(steps.states, format_.state_size, first, stride(), frames);
  if (format_.action_size > 0)  // all actions between two frames, as one
    sequence.actions =
        every(steps.actions, format_.action_size, first, 1, (frames - 1) * stride()).view({frames - 1, -1});
  if (format_.object_pos_size > 0) sequence.pix_distribs = draw_pix_distribs(steps, first);
  return sequence;
}

Tensor SequenceDecoder::decode_images(const RecordSteps& steps, int64_t first, Draws& draws) const {
  const auto size = pictures_.size();
  const auto corner = pictures_.corner(draws);
  const auto each = [&](const auto& decode) {
    for (int64_t t = 0; t < hparams_.sequence_length; ++t) {
      const auto step = first + t * stride();
      with_frame(steps, step, spec_, format_,
                 [&](std::string_view frame) { decode(frame, t * size.values()); });
    }
  };
  const auto frames = hparams_.sequence_length;
  if (pictures_.keeps_bytes()) {
    auto images = at::empty({frames, size.height, size.width, size.channels}, at::kByte);
    auto* bytes = images.data_ptr<uint8_t>();
    each([&](std::string_view frame, int64_t at) { pictures_.decode_bytes(frame, bytes + at); });
    return images;
  }
  auto images = at::empty({frames, size.channels, size.height, size.width});
  auto* values = images.data_ptr<float>();
  each([&](std::string_view frame, int64_t at) { pictures_.decode(frame, corner, values + at); });
  return images;
}

Tensor SequenceDecoder::draw_pix_distribs(const RecordSteps& steps, int64_t first) const {
  const auto [height, width, channels] = format_.picture;
  const auto points = format_.object_pos_size / 2;
  auto maps = at::zeros({hparams_.sequence_length, points, height, width});
  for (int64_t t = 0; t < hparams_.sequence_length; ++t)
    draw_points(steps.object_pos.data() + (first + t * stride()) * 2 * points, points, height, width,
                maps.data_ptr<float>() + t * points * height * width);
  return maps;
}

void draw_points(const float* points, int64_t count, int64_t height, int64_t width, float* maps) {
  for (int64_t p = 0; p < count; ++p, points += 2, maps += height * width) {
    const float y = points[0], x = points[1];
    const bool sane = std::abs(y) < 1e6F && std::abs(x) < 1e6F;  // false for NaN, too
    SAVP_CHECK(sane, DataError, "the position of a designated pixel is (", y, ", ", x, ")");
    const float y0 = std::floor(y), x0 = std::floor(x);
    const float row_share[] = {y0 + 1 - y, y - y0};
    const float column_share[] = {x0 + 1 - x, x - x0};
    for (int64_t i = 0; i < 2; ++i)
      for (int64_t j = 0; j < 2; ++j) {
        const auto pixel = (static_cast<int64_t>(y0) + i) * width + static_cast<int64_t>(x0) + j;
        if (pixel >= 0 && pixel < height * width) maps[pixel] += row_share[i] * column_share[j];
      }
  }
}

Batch collate(const std::vector<Sequence>& sequences) {
  return {side_by_side(sequences, &Sequence::images), side_by_side(sequences, &Sequence::actions),
          side_by_side(sequences, &Sequence::states), side_by_side(sequences, &Sequence::pix_distribs)};
}

std::optional<Placed<Batch>> Batched::next() {
  std::vector<Sequence> sequences;
  StreamPosition after;
  while (static_cast<int64_t>(sequences.size()) < batch_size_) {
    auto sequence = source_->next();
    if (!sequence) return std::nullopt;
    sequences.push_back(std::move(sequence->value));
    after = sequence->after;
  }
  return Placed<Batch>{collate(sequences), after};
}

}  // namespace savp
