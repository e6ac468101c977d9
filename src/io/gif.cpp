#include "io/gif.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/imgutils.h>
}

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

// One palette is made from all frames before the first is mapped to it.
constexpr char kOfVideo[] = "split[frames][all];[all]palettegen[palette];[frames][palette]paletteuse";
constexpr char kOfFrame[] =
    "split[frames][all];[all]palettegen=stats_mode=single[palette];[frames][palette]paletteuse=new=1";

const char* filters(GifPalette palette) { return palette == GifPalette::kVideo ? kOfVideo : kOfFrame; }

// Frames in, frames with palettes out.
class PaletteFilter {
 public:
  PaletteFilter(std::filesystem::path path, const Picture& first, AVRational frame_time, GifPalette palette)
      : path_(std::move(path)) {
    const std::string source =
        concat("video_size=", first.width, "x", first.height, ":pix_fmt=", static_cast<int>(AV_PIX_FMT_RGB32),
               ":time_base=", frame_time.num, "/", frame_time.den);
    source_ = add("buffer", source.c_str());
    sink_ = add("buffersink", nullptr);
    connect(filters(palette));
    check(avfilter_graph_config(graph_.get(), nullptr), path_, "the palette cannot be set up");
  }

  // A null frame ends the clip.
  void push(AVFrame* frame) {
    check(av_buffersrc_add_frame(source_, frame), path_, "the palette filter failed");
  }

  // False after the last frame.
  bool pull(AVFrame* frame) {
    const int code = av_buffersink_get_frame(sink_, frame);
    if (code == AVERROR_EOF) return false;
    check(code, path_, "the palette filter failed");
    return true;
  }

 private:
  AVFilterContext* add(const char* filter, const char* options) {
    AVFilterContext* added = nullptr;
    check(avfilter_graph_create_filter(&added, avfilter_get_by_name(filter), filter, options, nullptr,
                                       graph_.get()),
          path_, "the palette cannot be set up");
    return added;
  }

  // From the point of view of the chain in between, the source is an output and the sink an input.
  void connect(const char* filters) {
    AVFilterInOut* from = end("in", source_);
    AVFilterInOut* to = end("out", sink_);
    const int code = avfilter_graph_parse_ptr(graph_.get(), filters, &to, &from, nullptr);
    avfilter_inout_free(&from);
    avfilter_inout_free(&to);
    check(code, path_, "the palette cannot be set up");
  }

  static AVFilterInOut* end(const char* name, AVFilterContext* filter) {
    AVFilterInOut* made = avfilter_inout_alloc();
    made->name = av_strdup(name);
    made->filter_ctx = filter;
    return made;
  }

  std::filesystem::path path_;
  Owned<AVFilterGraph> graph_{avfilter_graph_alloc()};
  AVFilterContext* source_ = nullptr;  // both belong to the graph
  AVFilterContext* sink_ = nullptr;
};

// Takes what was written so far out of memory.
std::string take_buffer(AVFormatContext* muxer) {
  uint8_t* bytes = nullptr;
  const int size = avio_close_dyn_buf(std::exchange(muxer->pb, nullptr), &bytes);
  std::string all(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  av_free(bytes);
  return all;
}

struct FreeMuxer {
  void operator()(AVFormatContext* muxer) const {
    if (muxer->pb != nullptr) take_buffer(muxer);
    avformat_free_context(muxer);
  }
};

std::unique_ptr<AVFormatContext, FreeMuxer> make_muxer(const std::filesystem::path& path) {
  AVFormatContext* muxer = nullptr;
  check(avformat_alloc_output_context2(&muxer, nullptr, "gif", nullptr), path, "GIF cannot be written");
  return std::unique_ptr<AVFormatContext, FreeMuxer>(muxer);
}

// A GIF written to memory.
class GifMuxer {
 public:
  GifMuxer(const std::filesystem::path& path, const Picture& first, AVRational frame_time)
      : path_(path), muxer_(make_muxer(path)) {
    const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_GIF);
    SAVP_CHECK(codec != nullptr, DataError, path_.string(), ": this libavcodec has no GIF encoder");
    encoder_.reset(avcodec_alloc_context3(codec));
    encoder_->width = static_cast<int>(first.width);
    encoder_->height = static_cast<int>(first.height);
    encoder_->pix_fmt = AV_PIX_FMT_PAL8;
    encoder_->time_base = frame_time;
    encoder_->thread_count = 1;
    check(avcodec_open2(encoder_.get(), codec, nullptr), path_, "the GIF encoder cannot be opened");
    stream_ = avformat_new_stream(muxer_.get(), nullptr);
    stream_->time_base = frame_time;
    check(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()), path_, "GIF cannot be written");
    check(avio_open_dyn_buf(&muxer_->pb), path_, "GIF cannot be written");
    check(avformat_write_header(muxer_.get(), nullptr), path_, "GIF cannot be written");
  }

  // A null frame ends the clip.
  void encode(const AVFrame* frame) {
    check(avcodec_send_frame(encoder_.get(), frame), path_, "the GIF encoder failed");
    const auto packet = libav::make_packet();
    while (avcodec_receive_packet(encoder_.get(), packet.get()) == 0) {
      packet->duration = 1;
      av_packet_rescale_ts(packet.get(), encoder_->time_base, stream_->time_base);
      check(av_write_frame(muxer_.get(), packet.get()), path_, "GIF cannot be written");
    }
  }

  std::string finish() {
    check(av_write_trailer(muxer_.get()), path_, "GIF cannot be written");
    return take_buffer(muxer_.get());
  }

 private:
  std::filesystem::path path_;
  Owned<AVCodecContext> encoder_;
  std::unique_ptr<AVFormatContext, FreeMuxer> muxer_;
  AVStream* stream_ = nullptr;  // belongs to the muxer
};

// libav's RGB32 is a 32-bit word of opaque alpha, red, green, blue.
Owned<AVFrame> make_frame(const Picture& picture, int64_t index) {
  auto frame = libav::make_frame();
  frame->format = AV_PIX_FMT_RGB32;
  frame->width = static_cast<int>(picture.width);
  frame->height = static_cast<int>(picture.height);
  frame->pts = index;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  const uint8_t* pixel = picture.pixels.data();
  const int64_t green = picture.channels == 3 ? 1 : 0;
  const int64_t blue = picture.channels == 3 ? 2 : 0;
  for (int64_t y = 0; y < picture.height; ++y) {
    auto* row = reinterpret_cast<uint32_t*>(frame->data[0] + y * frame->linesize[0]);
    for (int64_t x = 0; x < picture.width; ++x, pixel += picture.channels)
      row[x] = 0xFF000000U | uint32_t{pixel[0]} << 16 | uint32_t{pixel[green]} << 8 | pixel[blue];
  }
  return frame;
}

}  // namespace

std::string encode_gif(const std::filesystem::path& path, const std::vector<Picture>& pictures, double fps,
                       GifPalette colours) {
  SAVP_CHECK(!pictures.empty(), DataError, path.string(), ": a GIF needs at least one frame");
  SAVP_CHECK(fps > 0 && fps <= 100, UsageError, path.string(),
             ": a GIF shows up to 100 frames a second, not ", fps);
  libav::be_quiet();
  libav::forget_complaint();
  const AVRational frame_time = av_inv_q(av_d2q(fps, 100000));  // seconds
  const Picture& first = pictures.front();
  PaletteFilter palette(path, first, frame_time, colours);
  for (size_t i = 0; i < pictures.size(); ++i) {
    SAVP_CHECK(pictures[i].height == first.height && pictures[i].width == first.width, DataError,
               path.string(), ": frame ", i, " is ", pictures[i].height, "x", pictures[i].width,
               ", the first is ", first.height, "x", first.width);
    palette.push(make_frame(pictures[i], static_cast<int64_t>(i)).get());
  }
  palette.push(nullptr);

  GifMuxer gif(path, first, frame_time);
  for (auto frame = libav::make_frame(); palette.pull(frame.get()); av_frame_unref(frame.get()))
    gif.encode(frame.get());
  gif.encode(nullptr);
  return gif.finish();
}

void write_gif(const std::filesystem::path& path, const std::vector<Picture>& pictures, double fps,
               GifPalette palette) {
  write_whole_file(path, encode_gif(path, pictures, fps, palette));
}

}  // namespace savp
