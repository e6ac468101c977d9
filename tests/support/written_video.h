// Writes small video files for tests, with any codec libav has.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace savp {

struct WrittenVideo {
  std::string codec = "mpeg4";
  int height = 48;
  int width = 64;
  int frames = 20;
  int fps = 10;
  const char* muxer_option = nullptr;  // "movflags=faststart"
  AVRational pixel_aspect = {1, 1};    // width : height
  AVPixelFormat pixels = AV_PIX_FMT_YUV420P;
  bool quarters = false;                // the quarters differ: see written_quarter()
  std::array<int32_t, 4> display = {};  // a, b, c, d of a display matrix, as 1, 0 or -1; all 0: none
  int sound = 0;                        // seconds of silence beside the frames
};

// The luma of the quarters of a frame: upper left, upper right, lower left, lower right.
inline int written_quarter(int i) { return std::array{50, 95, 150, 205}.at(static_cast<size_t>(i)); }

// The luma of frame i everywhere in the written frame i, before compression: brightness i of about 12 i.
inline int written_luma(int i) { return 16 + 10 * i; }

namespace detail {

inline int must(int code) {
  if (code < 0) throw std::runtime_error("a test video cannot be written");
  return code;
}

inline void fill(AVFrame& frame, int i) {
  must(av_frame_make_writable(&frame));
  for (int plane = 0; plane < 3 && frame.data[plane] != nullptr; ++plane) {
    const int rows = plane == 0 ? frame.height : (frame.height + 1) / 2;
    std::fill_n(frame.data[plane], rows * frame.linesize[plane],
                static_cast<uint8_t>(plane == 0 ? written_luma(i) : 128));
  }
  frame.pts = i;
}

inline void fill_quarters(AVFrame& frame) {
  for (int y = 0; y < frame.height; ++y)
    for (int x = 0; x < frame.width; ++x)
      frame.data[0][y * frame.linesize[0] + x] = static_cast<uint8_t>(
          written_quarter((y < frame.height / 2 ? 0 : 2) + (x < frame.width / 2 ? 0 : 1)));
}

// Q16.16, and Q2.30 in the last of its three columns.
inline void set_display(AVStream& stream, const std::array<int32_t, 4>& display) {
  const auto& [a, b, c, d] = display;
  if (a == 0 && b == 0) return;
  auto* matrix = reinterpret_cast<int32_t*>(
      av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t)));
  const int32_t one = 1 << 16;
  const std::array<int32_t, 9> numbers = {a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30};
  std::copy(numbers.begin(), numbers.end(), matrix);
}

inline void drain(AVCodecContext& encoder, AVFormatContext& muxer, const AVFrame* frame) {
  must(avcodec_send_frame(&encoder, frame));
  AVPacket* packet = av_packet_alloc();
  while (avcodec_receive_packet(&encoder, packet) == 0) {
    packet->duration = 1;
    av_packet_rescale_ts(packet, encoder.time_base, muxer.streams[0]->time_base);
    must(av_interleaved_write_frame(&muxer, packet));
  }
  av_packet_free(&packet);
}

constexpr int kSoundRate = 8000;  // samples a second

inline void add_sound(AVFormatContext& muxer) {
  auto& parameters = *avformat_new_stream(&muxer, nullptr)->codecpar;
  parameters.codec_type = AVMEDIA_TYPE_AUDIO;
  parameters.codec_id = AV_CODEC_ID_PCM_S16LE;
  parameters.format = AV_SAMPLE_FMT_S16;
  parameters.sample_rate = kSoundRate;
  parameters.bits_per_coded_sample = 16;
  parameters.block_align = 2;
  parameters.bit_rate = 16 * kSoundRate;
  av_channel_layout_default(&parameters.ch_layout, 1);
}

inline void write_sound(AVFormatContext& muxer, int seconds) {
  AVPacket* packet = av_packet_alloc();
  for (int second = 0; second < seconds; ++second) {
    must(av_new_packet(packet, 2 * kSoundRate));
    std::fill_n(packet->data, packet->size, uint8_t{0});
    packet->stream_index = 1;
    packet->pts = packet->dts = int64_t{second} * kSoundRate;
    packet->duration = kSoundRate;
    av_packet_rescale_ts(packet, {1, kSoundRate}, muxer.streams[1]->time_base);
    must(av_interleaved_write_frame(&muxer, packet));
  }
  av_packet_free(&packet);
}

}  // namespace detail

// The container follows from the ending of the name.
inline void write_video(const std::filesystem::path& path, const WrittenVideo& video) {
  using detail::must;
  AVFormatContext* muxer = nullptr;
  must(avformat_alloc_output_context2(&muxer, nullptr, nullptr, path.c_str()));
  const AVCodec* codec = avcodec_find_encoder_by_name(video.codec.c_str());
  if (codec == nullptr) throw std::runtime_error("no encoder " + video.codec);
  AVCodecContext* encoder = avcodec_alloc_context3(codec);
  encoder->height = video.height;
  encoder->width = video.width;
  encoder->time_base = {1, video.fps};
  encoder->framerate = {video.fps, 1};
  encoder->pix_fmt = video.pixels;
  encoder->sample_aspect_ratio = video.pixel_aspect;
  encoder->bit_rate = 400000;
  encoder->thread_count = 1;
  if ((muxer->oformat->flags & AVFMT_GLOBALHEADER) != 0) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  must(avcodec_open2(encoder, codec, nullptr));
  AVStream* stream = avformat_new_stream(muxer, nullptr);
  stream->time_base = encoder->time_base;
  stream->avg_frame_rate = encoder->framerate;
  stream->sample_aspect_ratio = video.pixel_aspect;
  must(avcodec_parameters_from_context(stream->codecpar, encoder));
  detail::set_display(*stream, video.display);
  if (video.sound > 0) detail::add_sound(*muxer);
  must(avio_open(&muxer->pb, path.c_str(), AVIO_FLAG_WRITE));
  AVDictionary* options = nullptr;
  if (video.muxer_option != nullptr) must(av_dict_parse_string(&options, video.muxer_option, "=", ",", 0));
  must(avformat_write_header(muxer, &options));
  av_dict_free(&options);

  AVFrame* frame = av_frame_alloc();
  frame->format = encoder->pix_fmt;
  frame->height = video.height;
  frame->width = video.width;
  must(av_frame_get_buffer(frame, 0));
  for (int i = 0; i < video.frames; ++i) {
    detail::fill(*frame, i);
    if (video.quarters) detail::fill_quarters(*frame);
    detail::drain(*encoder, *muxer, frame);
  }
  detail::drain(*encoder, *muxer, nullptr);
  detail::write_sound(*muxer, video.sound);
  must(av_write_trailer(muxer));
  av_frame_free(&frame);
  avcodec_free_context(&encoder);
  avio_closep(&muxer->pb);
  avformat_free_context(muxer);
}

}  // namespace savp
