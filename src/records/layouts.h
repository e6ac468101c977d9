// How each layout finds a sequence in a record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "io/example.h"
#include "records/spec.h"

namespace savp {

// What the first record of a dataset tells about all of them.
struct RecordFormat {
  std::string images;   // name of the frames' features, the camera chosen
  PictureSize picture;  // as stored
  Pixels pixels = Pixels::kRaw;
  int64_t length = 0;           // frames a record; 0: each record has its own
  int64_t state_size = 0;       // numbers a state, 0 where states are not read
  int64_t action_size = 0;      // numbers an action, 0 where actions are not read
  int64_t object_pos_size = 0;  // numbers a step: row and column of each point, 0 where there are none
};

// One record as steps in time. The frames point into the record, and may still be damaged.
struct RecordSteps {
  std::vector<std::string_view> images;  // [L]
  std::vector<float> states;             // [L, state_size]
  std::vector<float> actions;            // [L - 1, action_size]
  std::vector<float> object_pos;         // [L, object_pos_size]
  int64_t length() const { return static_cast<int64_t>(images.size()); }
};

// Both throw DataError with what is wrong with the record.
RecordFormat inspect(const ExampleView& first_record, const DatasetSpec& spec, bool use_state);
RecordSteps split(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format);

// Frames of a record of a data set whose records differ in length, without a look at its steps.
int64_t record_length(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format);

// Throws DataError ("has 3 bytes instead of 12 (2x2x3)") unless a raw frame has all values of the format's
// picture. Encoded ones are checked when they are decoded.
void check_frame(std::string_view frame, const DatasetSpec& spec, const RecordFormat& format);

// What a message calls a frame: "feature 3/image_aux1/encoded", "frame 3 of images/encoded".
std::string frame_name(const RecordFormat& format, int64_t step);

// Runs the body, which reads a part of a record; what it complains of ("is ...") begins with the part's name.
template <class Name, class Body>
void in_part(const Name& name, const Body& body) {
  try {
    body();
  } catch (const DataError& error) {
    throw DataError(concat(name(), " ", error.what()));
  }
}
template <class Body>
void in_frame(const RecordFormat& format, int64_t step, const Body& body) {
  in_part([&] { return frame_name(format, step); }, body);
}

// Calls `use` with a frame that has been checked; it must not be touched otherwise.
template <class Use>
void with_frame(const RecordSteps& steps, int64_t step, const DatasetSpec& spec, const RecordFormat& format,
                const Use& use) {
  const auto frame = steps.images.at(static_cast<size_t>(step));
  in_frame(format, step, [&] {
    check_frame(frame, spec, format);
    use(frame);
  });
}

// The size of an encoded frame, for which memory may be reserved. Throws DataError ("is ...").
PictureSize bounded_size(std::string_view frame);

// "the features %d/action and %d/image/encoded", for messages.
std::string list_of_features(const ExampleView& record);

// Whether the record has the features of such a data set.
bool looks_like(const ExampleView& record, const DatasetSpec& spec);

}  // namespace savp
