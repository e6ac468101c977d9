#include "io/video_file.h"

extern "C" {
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/failure.h"
#include "io/container_end.h"
#include "io/libav.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using libav::Owned;

struct CloseDemuxer {
  void operator()(AVFormatContext* demuxer) const { avformat_close_input(&demuxer); }
};
using Demuxer = std::unique_ptr<AVFormatContext, CloseDemuxer>;

struct CloseFile {
  void operator()(AVIOContext* file) const { avio_close(file); }
};

// What libav recognises besides videos: texts drawn as pictures, lists of other files (which may lie in the
// network), and single pictures.
constexpr std::array<std::string_view, 9> kNoVideos = {"tty", "hls", "concat", "dash", "image2",
                                                       "bin", "adf", "idf",    "xbin"};

// Judges by the content alone: by the name, any .txt would pass for a video of letters. Null: nothing known.
const AVInputFormat* recognise(const fs::path& path) {
  libav::be_quiet();
  AVIOContext* opened = nullptr;
  libav::forget_complaint();
  libav::check(avio_open(&opened, ("file:" + path.string()).c_str(), AVIO_FLAG_READ), path,
               "cannot be opened");
  const std::unique_ptr<AVIOContext, CloseFile> file(opened);
  const AVInputFormat* format = nullptr;
  const int code = av_probe_input_buffer2(file.get(), &format, "", nullptr, 0, 0);
  if (is_of_machine(-file->error)) throw_failure(-file->error, path.string() + ": cannot be read");
  if (code < 0) return nullptr;
  const std::string_view name = format->name;
  const bool refused =
      name.ends_with("_pipe") || std::find(kNoVideos.begin(), kNoVideos.end(), name) != kNoVideos.end();
  return refused ? nullptr : format;
}

void check_sizes(const fs::path& path, const AVFormatContext& demuxer) {
  for (unsigned i = 0; i < demuxer.nb_streams; ++i) {
    const auto& stream = *demuxer.streams[i]->codecpar;
    SAVP_CHECK(int64_t{stream.height} * stream.width <= kMostPixels, DataError, path.string(), ": frames of ",
               stream.height, "x", stream.width, " (height x width) are too large: at most ", kMostPixels,
               " pixels are read");
  }
}

Demuxer open_demuxer(const fs::path& path) {
  std::error_code failure;
  SAVP_CHECK(fs::file_size(path, failure) > 0, DataError, path.string(), ": is an empty file, not a video");
  const AVInputFormat* format = recognise(path);
  SAVP_CHECK(format != nullptr, DataError, path.string(), ": is not a video");
  AVFormatContext* opened = nullptr;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);  // nothing in a file leads to the network
  const int code = avformat_open_input(&opened, ("file:" + path.string()).c_str(), format, &options);
  av_dict_free(&options);
  libav::check(code, path, "cannot be read as a video");
  Demuxer demuxer(opened);
  check_sizes(path, *demuxer);  // what the header says; some formats tell the size only in their frames
  libav::check(avformat_find_stream_info(opened, nullptr), path, "cannot be read as a video");
  check_sizes(path, *demuxer);
  return demuxer;
}

bool is_mp4(const AVFormatContext& demuxer) {
  return std::string_view(demuxer.iformat->name).starts_with("mov");
}

// A display matrix has the rows a b and c d (Q16.16): x' = a x + c y, y' = b x + d y, y downwards. Read by
// its signs, not as an angle, which would take a mirror for a turn; odd angles count as the nearest
// quarter turn.
Orientation orientation_of(const int32_t* matrix) {
  const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  const bool transposed = std::abs(b) + std::abs(c) > std::abs(a) + std::abs(d);
  return {transposed, transposed ? c < 0 : a < 0, transposed ? b < 0 : d < 0};
}

class VideoFile : public FrameSource {
 public:
  VideoFile(const fs::path& path, const VideoOptions& options)
      : path_(path),
        options_(options),
        format_(options.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24),
        demuxer_(open_demuxer(path)) {
    choose_stream();
    open_decoder();
    check_container_end(path_, demuxer_->iformat->name);
    check_index();
  }

  std::optional<TimedPicture> next() override {
    if (!decode()) {
      check_complete();
      return std::nullopt;
    }
    const double seconds = time_of(*frame_);
    TimedPicture timed{convert(*frame_), seconds};
    ++frames_;
    last_ = seconds;
    return timed;
  }

  double fps() const override { return fps_; }

 private:
  void choose_stream() {
    const AVCodec* codec = nullptr;
    const int index = av_find_best_stream(demuxer_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    SAVP_CHECK(index != AVERROR_DECODER_NOT_FOUND, DataError, path_.string(),
               ": there is no decoder for its frames");
    SAVP_CHECK(index >= 0, DataError, path_.string(), ": holds no video frames");
    stream_ = demuxer_->streams[index];
    SAVP_CHECK((stream_->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0, DataError, path_.string(),
               ": holds audio with a cover image, not a video");
    for (unsigned i = 0; i < demuxer_->nb_streams; ++i)
      demuxer_->streams[i]->discard = static_cast<int>(i) == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    const AVRational rate = av_guess_frame_rate(demuxer_.get(), stream_, nullptr);
    fps_ = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 25;
    decoder_.reset(avcodec_alloc_context3(codec));
    codec_ = codec;
  }

  // One thread: errors then belong to the packet just fed, and callers read several files at once.
  void open_decoder() {
    libav::check(avcodec_parameters_to_context(decoder_.get(), stream_->codecpar), path_,
                 "cannot be decoded");
    decoder_->pkt_timebase = stream_->time_base;
    decoder_->thread_count = 1;
    decoder_->max_pixels = kMostPixels;
    libav::check(avcodec_open2(decoder_.get(), codec_, nullptr), path_, "cannot be decoded");
  }

  // The index of an MP4 may come first, and then lists frames that a truncated file no longer has.
  void check_index() const {
    if (!is_mp4(*demuxer_)) return;
    const auto size = static_cast<int64_t>(fs::file_size(path_));
    for (int i = 0; i < avformat_index_get_entries_count(stream_); ++i) {
      const AVIndexEntry* entry = avformat_index_get_entry(stream_, i);
      SAVP_CHECK(entry->pos + entry->size <= size, DataError, path_.string(), ": is truncated: frame ", i,
                 " of ", avformat_index_get_entries_count(stream_), " should end at byte ",
                 entry->pos + entry->size, ", the file has ", size);
    }
  }

  // The next whole frame is in frame_; false: there are no more.
  bool decode() {
    while (true) {
      const int code = avcodec_receive_frame(decoder_.get(), frame_.get());
      if (code == AVERROR_EOF) return false;
      if (code == AVERROR(EAGAIN))
        feed();
      else if (code == 0 && !is_patched(*frame_))
        return true;
      else if (code < 0 || frames_ > 0)
        refuse_damage(AVERROR_INVALIDDATA);
    }
  }

  // Whether the decoder had to guess parts of the frame.
  static bool is_patched(const AVFrame& frame) {
    return frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
  }

  void feed() {
    libav::forget_complaint();
    const int code = av_read_frame(demuxer_.get(), packet_.get());
    if (code == AVERROR_EOF) {
      avcodec_send_packet(decoder_.get(), nullptr);
      return;
    }
    if (code < 0) refuse_damage(code);
    if (packet_->stream_index == stream_->index) decode_packet();
    av_packet_unref(packet_.get());
  }

  // A recording may begin in the middle of a group of pictures: what comes before its first key frame cannot
  // be decoded and is not missed. Once there are frames, none may be lost.
  void decode_packet() {
    if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) refuse_damage(AVERROR_INVALIDDATA);
    const int code = avcodec_send_packet(decoder_.get(), packet_.get());
    if (code < 0 && frames_ > 0) refuse_damage(code);
  }

  // libav takes a file that cannot be read on for one that ends.
  void check_reading() const {
    const int code = demuxer_->pb != nullptr ? -demuxer_->pb->error : 0;
    if (is_of_machine(code))
      throw_failure(code, concat(path_.string(), ": cannot be read after frame ", frames_));
  }

  [[noreturn]] void refuse_damage(int code) const {
    check_reading();
    throw DataError(concat(path_.string(), ": is truncated or damaged after frame ", frames_, " (", last_,
                           " s): ", libav::cause(code)));
  }

  void check_complete() const {
    check_reading();
    SAVP_CHECK(frames_ > 0, DataError, path_.string(),
               ": no frame could be decoded: ", libav::cause(AVERROR_INVALIDDATA));
  }

  // Seconds since the first frame.
  double time_of(const AVFrame& frame) {
    if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return frames_ == 0 ? 0 : last_ + 1 / fps_;
    const double seconds = static_cast<double>(frame.best_effort_timestamp) * av_q2d(stream_->time_base);
    if (frames_ == 0) first_ = seconds;
    return seconds - first_;
  }

  Picture convert(AVFrame& frame) {
    if (!scaler_) open_scaler(frame);
    SAVP_CHECK(frame.width == width_ && frame.height == height_ && frame.format == source_format_, DataError,
               path_.string(), ": frame ", frames_, " is ", frame.height, "x", frame.width,
               " (height x width), but the first is ", height_, "x", width_, ": convert the file first");
    sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, converted_->data,
              converted_->linesize);
    Picture picture{converted_->height, converted_->width, format_ == AV_PIX_FMT_GRAY8 ? 1 : 3, {}};
    picture.pixels.resize(static_cast<size_t>(picture.height * picture.width * picture.channels));
    av_image_copy_to_buffer(picture.pixels.data(), static_cast<int>(picture.pixels.size()), converted_->data,
                            converted_->linesize, format_, converted_->width, converted_->height, 1);
    return oriented(picture, orientation(frame));
  }

  // From the stored format to bytes.
  void open_scaler(AVFrame& frame) {
    width_ = frame.width;
    height_ = frame.height;
    source_format_ = frame.format;
    converted_->format = format_;
    converted_->height = options_.plain && options_.height > 0 ? static_cast<int>(options_.height) : height_;
    converted_->width = options_.plain ? (options_.width > 0 ? static_cast<int>(options_.width) : width_)
                                       : square_width(frame);
    SAVP_CHECK(av_image_check_size(static_cast<unsigned>(converted_->width),
                                   static_cast<unsigned>(converted_->height), 0, nullptr) >= 0 &&
                   av_frame_get_buffer(converted_.get(), 0) >= 0,
               DataError, path_.string(), ": frames of ", converted_->height, "x", converted_->width,
               " cannot be held");
    constexpr int kCareful = SWS_BILINEAR | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND | SWS_BITEXACT;
    scaler_.reset(sws_getContext(width_, height_, static_cast<AVPixelFormat>(frame.format), converted_->width,
                                 converted_->height, format_, options_.plain ? SWS_BICUBIC : kCareful,
                                 nullptr, nullptr, nullptr));
    SAVP_CHECK(scaler_, DataError, path_.string(), ": its pixel format cannot be converted");
    set_colours(frame);
  }

  // Of the frame with square pixels.
  int square_width(AVFrame& frame) const {
    const AVRational aspect =
        av_guess_sample_aspect_ratio(demuxer_.get(), stream_, &frame);  // width : height
    const bool known = aspect.num > 0 && aspect.den > 0;
    return known ? static_cast<int>(std::lround(width_ * av_q2d(aspect))) : width_;
  }

  // Files that do not name their colour matrix mean Rec. 709 in high definition, Rec. 601 below.
  void set_colours(const AVFrame& frame) {
    const int unnamed = frame.height >= 720 && !options_.plain ? SWS_CS_ITU709 : SWS_CS_ITU601;
    const int matrix = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? unnamed : frame.colorspace;
    sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(matrix),
                             frame.color_range == AVCOL_RANGE_JPEG ? 1 : 0,
                             sws_getCoefficients(SWS_CS_DEFAULT), /*dstRange=*/1, 0, 1 << 16, 1 << 16);
  }

  // As a phone notes how it was held; what a frame says of itself comes before what the file says.
  Orientation orientation(const AVFrame& frame) const {
    const AVFrameSideData* own = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
    const uint8_t* matrix =
        own != nullptr ? own->data : av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
    return matrix == nullptr ? Orientation{} : orientation_of(reinterpret_cast<const int32_t*>(matrix));
  }

  fs::path path_;
  VideoOptions options_;
  AVPixelFormat format_;  // of the pictures delivered
  Demuxer demuxer_;
  AVStream* stream_ = nullptr;  // belongs to the demuxer
  const AVCodec* codec_ = nullptr;
  Owned<AVCodecContext> decoder_;
  Owned<SwsContext> scaler_;
  Owned<AVPacket> packet_ = libav::make_packet();
  Owned<AVFrame> frame_ = libav::make_frame();
  Owned<AVFrame> converted_ = libav::make_frame();
  int width_ = 0, height_ = 0, source_format_ = 0;  // of the stored frames
  double fps_ = 0;
  int64_t frames_ = 0;  // delivered so far
  double first_ = 0;    // seconds, in the file's own time
  double last_ = 0;     // seconds since the first frame
};

// Containers that begin with a mark of their own: noise is not taken for one.
bool is_marked(std::string_view format) {
  constexpr std::array<std::string_view, 10> kMarked = {"mov", "matroska", "avi", "gif", "flv",
                                                        "asf", "ogg",      "nut", "mxf", "yuv4mpegpipe"};
  return std::any_of(kMarked.begin(), kMarked.end(), [&](auto name) { return format.starts_with(name); });
}

bool shows_frames(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
}

}  // namespace

std::unique_ptr<FrameSource> open_video_file(const fs::path& path, const VideoOptions& options) {
  return std::make_unique<VideoFile>(path, options);
}

bool is_video_file(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure) || fs::file_size(path, failure) == 0) return false;
  return recognise(path) != nullptr;
}

bool surely_is_video_file(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure) || fs::file_size(path, failure) == 0) return false;
  const auto* format = recognise(path);
  if (format == nullptr || !is_marked(format->name)) return false;
  try {
    const auto demuxer = open_demuxer(path);
    for (unsigned i = 0; i < demuxer->nb_streams; ++i)
      if (shows_frames(*demuxer->streams[i])) return true;
  } catch (const DataError&) {
    return false;
  }
  return false;
}

}  // namespace savp
