// A dataset as data. A new one of a known layout is a file with such a description and a row in datasets.cpp.
#pragma once

#include <string>
#include <vector>

#include "core/hparams.h"
#include "core/limits.h"
#include "io/image.h"

namespace savp {

// With the names of the published implementation.
struct DatasetHparams {
  using Self = DatasetHparams;
  HPARAM(int64_t, crop_size, 0, "side of the square cropped from the centre (pixels); 0: whole frame",
         (Between{0, limits::kPixels}));
  HPARAM(int64_t, scale_size, 0, "side that the square is then resized to (pixels); 0: not resized",
         (Between{0, limits::kPixels}));
  HPARAM(int64_t, context_frames, 1, "frames given to the model at the start", (Between{1, limits::kFrames}));
  HPARAM(int64_t, sequence_length, 0,
         "frames of a sequence, context included; 0: as many as the records hold",
         (Between{0, limits::kFrames}));
  HPARAM(int64_t, long_sequence_length, 0,
         "frames of a sequence in the longer validation; 0: sequence_length", (Between{0, limits::kFrames}));
  HPARAM(int64_t, frame_skip, 0, "frames skipped between two frames of a sequence; their actions are joined",
         (Between{0, limits::kFrames}));
  HPARAM(int64_t, time_shift, 1,
         "training sequences start at a random multiple of this (steps); 0: at the first frame",
         (Between{0, limits::kFrames}));
  HPARAM(bool, force_time_shift, false, "start at random in validation and testing, too");
  HPARAM(bool, shuffle_on_val, false, "shuffle in validation, too");
  HPARAM(bool, use_state, false, "read states and actions");
  HPARAM(bool, augment_flip, false, "mirror half of the training sequences left to right", Added{AnyValue{}});
  HPARAM(double, augment_crop, 0.0,
         "training sequences are seen through a window at a random place, whose sides are shorter by up to "
         "this share, and which is then enlarged to full size; 0: never",
         (Added{Between{0, 0.9}}));
  HPARAM(double, augment_color, 0.0,
         "brightness, contrast and saturation of training sequences change by up to this share; 0: never",
         (Added{Between{0, 1}}));
};

// Of data sets whose frames are cut at random, the same window for all frames of a sequence.
struct RandomCropHparams : DatasetHparams {
  using Self = RandomCropHparams;
  HPARAM(int64_t, random_crop_size, 0,
         "side of the square cropped at a random place (pixels); 0: whole frame",
         (Between{0, limits::kPixels}));
};

// Of data sets of recorded robots, where frames, actions and states have names of their own.
struct KeyedHparams : RandomCropHparams {
  using Self = KeyedHparams;
  HPARAM(std::string, image_key, "",
         "name of the frames, where there are several cameras or arrays: a feature of rlds, an array of an "
         ".npz file, a data set of an HDF5 file; empty: the usual one, or the only one that can be");
  HPARAM(std::string, action_key, "",
         "name of the actions; several, joined by +, stand side by side; empty: action or actions");
  HPARAM(std::string, state_key, "",
         "name of the states; several, joined by +, stand side by side; empty: state or states");
};

// Of data sets that may be read from videos, folders of frames, arrays or HDF5 files directly.
struct VideoHparams : KeyedHparams {
  using Self = VideoHparams;
  HPARAM(Size2, frame_size, (Size2{0, 0}),
         "height and width of frames from videos (pixels): the centre of each frame is cropped to this "
         "aspect ratio, then resized; [0,0]: as stored",
         (Between{0, limits::kPixels}));
  HPARAM(double, fps, 0, "frames per second taken from videos; 0: every frame", (Between{0, 1000}));
  HPARAM(std::string, array_axes, "",
         "axes of arrays: N sequences, T frames, H height, W width, C channels, as in NTHWC or TNHW; empty: "
         "detected from the shape");
  HPARAM(bool, split_within_videos, false,
         "with too few files for train, val and test, divide each video by time");
};

// How a record holds its sequence.
enum class Layout {
  kPerStep,          // one feature for each quantity and time step, the step in the feature's name
  kVarLen,           // one list of frames, with "sequence_length", "height", "width" and "channels"
  kSequenceExample,  // a SequenceExample with a feature list for each quantity
  kEpisode,          // an episode of any length: for each quantity one list of all its steps
};

// How a frame's bytes hold its pixels.
enum class Pixels {
  kRaw,      // uint8, height x width x channels
  kEncoded,  // a JPEG or PNG picture
  kFloat,    // float32 from 0 to 1, little-endian, height x width x channels
};

// How the sequences of a folder are counted without reading them; the records are counted where this fails.
enum class Count {
  kFileNames,    // each name says "..._<first>_to_<last>.tfrecords"
  kLengthsFile,  // sequence_lengths.txt has a line for each record
};

struct DatasetSpec {
  std::string name;                       // --dataset
  std::vector<std::string> aliases = {};  // other names for it
  std::string about;                      // one line for --help
  // Data sets that go by this name together. Which of them a folder holds is said by its own name, else by
  // the first record.
  std::vector<std::string> variants = {};
  Layout layout = Layout::kPerStep;
  Pixels pixels = Pixels::kRaw;
  Count count = Count::kFileNames;
  // Names of features; "%d" stands for the time step and "{view}" for one of several cameras. Empty:
  // not there.
  std::string images;
  std::vector<std::string> views =
      {};  // cameras, the preferred one first; another is taken if it is the only one
  std::string states = "";
  std::string actions = "";
  std::string object_pos =
      "";                   // row and column (pixels) of designated points; used where the records hold it
  PictureSize frame = {};   // 0x0x0: as the records say; where they cannot, square with three channels
  int64_t state_size = 0;   // numbers a state; 0: as in the first record
  int64_t action_size = 0;  // numbers an action; 0: as in the first record
  bool random_crop =
      false;              // has the hyperparameter random_crop_size, and no use for crop_size and scale_size
  bool keyed = false;     // features are chosen by image_key, action_key and state_key
  bool own_data = false;  // may be read from videos, folders of frames or arrays: has all hyperparameters
  VideoHparams hparams = {};  // defaults

  // As it is, or with the features that are chosen.
  DatasetSpec with_keys(const KeyedHparams& keys) const {
    auto spec = *this;
    if (keyed) spec.images = keys.image_key, spec.actions = keys.action_key, spec.states = keys.state_key;
    return spec;
  }

  // Whether each record has a length of its own.
  bool lengths_differ() const { return layout == Layout::kVarLen || layout == Layout::kEpisode; }

  // Those hyperparameters of a struct that this data set has.
  HparamsView view(VideoHparams& values) const {
    if (own_data) return values;
    if (keyed) return static_cast<KeyedHparams&>(values);
    if (random_crop) return static_cast<RandomCropHparams&>(values);
    return static_cast<DatasetHparams&>(values);
  }
};

const std::vector<DatasetSpec>& datasets();

// By name or alias. Throws UsageError for an unknown name, naming near misses.
const DatasetSpec& find_dataset(const std::string& name);

// The variant that a record file belongs to; `spec` itself where it has none.
const DatasetSpec& choose_variant(const DatasetSpec& spec, const std::string& record_file);

// The dataset of a folder of records: what "dataset.json" in it ({"dataset": "bair"}) says, else what the
// folder is called ("data/kth_128" is kth), else what the first record looks like. Throws DataError where
// none of it tells.
std::string infer_record_dataset(const std::string& input_dir, const std::string& mode);

// There are records, or other data, but none for the mode.
class MissingSplitError : public DataError {
 public:
  using DataError::DataError;
};

// Whether find_record_files() finds some for any mode.
bool holds_records(const std::string& input_dir);

// The record files of a mode, sorted as text: "*.tfrecord*" directly in the folder, else in its subfolder
// named after the mode. Of files whose names tell a split ("bridge-train.tfrecord-00000-of-00005"), those of
// the mode; a tenth of those for train is kept for val, and one for test, where there are none. Throws
// DataError where there are none, MissingSplitError where other modes have some.
std::vector<std::string> find_record_files(const std::string& input_dir, const std::string& mode);

// Whether the names of the folder's own record files tell splits.
bool is_split_by_names(const std::string& input_dir);

}  // namespace savp
