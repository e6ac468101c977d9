// Examples and SequenceExamples: whatever a record holds, every data set reads or refuses it, down to
// the pixels.
#include "core/error.h"
#include "io/example.h"
#include "records/layouts.h"
#include "records/picture.h"
#include "records/spec.h"

namespace savp {
namespace {

void read_features(const ExampleView& record) {
  for (const auto& [name, feature] : record.features()) {
    feature.bytes();
    feature.floats();
    feature.ints();
  }
}

void decode_frames(const RecordSteps& steps, const DatasetSpec& spec, const RecordFormat& format) {
  constexpr int64_t kMost = 1 << 16;  // values of a picture; larger ones take too long
  if (format.picture.values() > kMost) return;
  RandomCropHparams hparams;
  hparams.scale_size = format.picture.height > 4 ? 3 : 0;
  const PictureDecoder decoder(format.picture, format.pixels, hparams);
  std::vector<float> picture(static_cast<size_t>(decoder.size().values()));
  for (int64_t t = 0; t < steps.length(); ++t) {
    try {
      with_frame(steps, t, spec, format,
                 [&](std::string_view frame) { decoder.decode(frame, {}, picture.data()); });
    } catch (const DataError&) {
    }
  }
}

void read_as(const DatasetSpec& spec, const ExampleView& record, bool use_state) {
  try {
    looks_like(record, spec);
    const auto format = inspect(record, spec, use_state);
    decode_frames(split(record, spec, format), spec, format);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  try {
    const ExampleView record({reinterpret_cast<const char*>(bytes), size});
    read_features(record);
    for (const auto& spec : datasets())
      for (const bool use_state : {false, true}) read_as(spec, record, use_state);
  } catch (const DataError&) {
  }
  return 0;
}
