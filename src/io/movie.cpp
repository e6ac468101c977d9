#include "io/movie.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"
#include "io/libav.h"
#include "io/whole_file.h"

namespace savp {
namespace {

using libav::check;
using libav::Owned;

constexpr char kCannot[] = "the film cannot be written";

struct Format {
  const char* muxer;
  std::vector<const char*> encoders;  // the first that is there
};
const std::map<std::string, Format> kFormats = {{".mp4", {"mp4", {"libx264", "libopenh264", "mpeg4"}}},
                                                {".webm", {"webm", {"libvpx-vp9", "libvpx"}}}};

const AVCodec* encoder_of(const std::filesystem::path& path, const Format& format) {
  for (const char* name : format.encoders)
    if (const AVCodec* found = avcodec_find_encoder_by_name(name)) return found;
  throw DataError(concat(path.string(), ": this libavcodec has no encoder for ", format.muxer,
                         ": choose another --format"));
}

struct FreeMuxer {
  void operator()(AVFormatContext* muxer) const {
    if (muxer->pb != nullptr) {
      uint8_t* bytes = nullptr;
      avio_close_dyn_buf(muxer->pb, &bytes);
      av_free(bytes);
    }
    avformat_free_context(muxer);
  }
};

// A film written to memory.
class Movie {
 public:
  Movie(const std::filesystem::path& path, const Format& format, const Picture& first, double fps)
      : path_(path), height_(even(first.height)), width_(even(first.width)) {
    AVFormatContext* muxer = nullptr;
    check(avformat_alloc_output_context2(&muxer, nullptr, format.muxer, nullptr), path_, kCannot);
    muxer_.reset(muxer);
    open_encoder(encoder_of(path, format), av_inv_q(av_d2q(fps, 100000)));
    stream_ = avformat_new_stream(muxer_.get(), nullptr);
    stream_->time_base = encoder_->time_base;
    check(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()), path_, kCannot);
    check(avio_open_dyn_buf(&muxer_->pb), path_, kCannot);
    check(avformat_write_header(muxer_.get(), nullptr), path_, kCannot);
    scaler_.reset(sws_getContext(width_, height_, AV_PIX_FMT_RGB24, width_, height_, encoder_->pix_fmt,
                                 SWS_BICUBIC | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
    if (!scaler_) throw std::bad_alloc();
  }

  void add(const Picture& picture, int64_t index) {
    auto frame = libav::make_frame();
    frame->format = encoder_->pix_fmt;
    frame->width = width_;
    frame->height = height_;
    frame->pts = index;
    if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
    const auto rgb = padded(picture);
    const uint8_t* from[] = {rgb.data()};
    const int stride[] = {width_ * 3};
    sws_scale(scaler_.get(), from, stride, 0, height_, frame->data, frame->linesize);
    encode(frame.get());
  }

  std::string finish() {
    encode(nullptr);
    check(av_write_trailer(muxer_.get()), path_, kCannot);
    uint8_t* bytes = nullptr;
    const int size = avio_close_dyn_buf(std::exchange(muxer_->pb, nullptr), &bytes);
    std::string all(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    av_free(bytes);
    return all;
  }

 private:
  static int even(int64_t size) { return static_cast<int>(size + size % 2); }

  void open_encoder(const AVCodec* codec, AVRational frame_time) {
    encoder_.reset(avcodec_alloc_context3(codec));
    encoder_->width = width_;
    encoder_->height = height_;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->time_base = frame_time;
    encoder_->framerate = av_inv_q(frame_time);
    encoder_->thread_count = 1;
    encoder_->bit_rate = 0;
    if (muxer_->oformat->flags & AVFMT_GLOBALHEADER) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    // Sharp edges of enlarged pixels; encoders that do not know it go by their default.
    av_opt_set(encoder_->priv_data, "crf", "18", 0);
    check(avcodec_open2(encoder_.get(), codec, nullptr), path_, kCannot);
  }

  // The last column and row again, where the size is odd.
  std::vector<uint8_t> padded(const Picture& picture) const {
    const auto rgb = with_channels(picture, 3);
    std::vector<uint8_t> all(static_cast<size_t>(width_) * height_ * 3);
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < width_; ++x) {
        const auto from = (std::min(y, rgb.height - 1) * rgb.width + std::min(x, rgb.width - 1)) * 3;
        std::copy_n(rgb.pixels.begin() + from, 3, all.begin() + (y * width_ + x) * 3);
      }
    return all;
  }

  // A null frame ends the film.
  void encode(const AVFrame* frame) {
    check(avcodec_send_frame(encoder_.get(), frame), path_, kCannot);
    const auto packet = libav::make_packet();
    while (avcodec_receive_packet(encoder_.get(), packet.get()) == 0) {
      packet->duration = 1;
      packet->stream_index = stream_->index;
      av_packet_rescale_ts(packet.get(), encoder_->time_base, stream_->time_base);
      check(av_interleaved_write_frame(muxer_.get(), packet.get()), path_, kCannot);
    }
  }

  std::filesystem::path path_;
  int height_, width_;
  std::unique_ptr<AVFormatContext, FreeMuxer> muxer_;
  Owned<AVCodecContext> encoder_;
  Owned<SwsContext> scaler_;
  AVStream* stream_ = nullptr;  // belongs to the muxer
};

}  // namespace

void write_movie(const std::filesystem::path& path, const std::vector<Picture>& pictures, double fps) {
  SAVP_CHECK(!pictures.empty(), DataError, path.string(), ": a film needs at least one frame");
  const auto format = kFormats.find(path.extension().string());
  SAVP_CHECK(format != kFormats.end(), UsageError, path.string(), ": a film's name ends in .mp4 or .webm");
  libav::be_quiet();
  libav::forget_complaint();
  Movie movie(path, format->second, pictures.front(), fps);
  for (size_t i = 0; i < pictures.size(); ++i) {
    SAVP_CHECK(pictures[i].height == pictures[0].height && pictures[i].width == pictures[0].width, DataError,
               path.string(), ": frame ", i, " has another size than the first");
    movie.add(pictures[i], static_cast<int64_t>(i));
  }
  write_whole_file(path, movie.finish());
}

}  // namespace savp
