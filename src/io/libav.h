// What gif.cpp and video.cpp share of FFmpeg's libraries: ownership and errors.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <filesystem>
#include <memory>
#include <string>

namespace savp::libav {

struct Free {
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVFilterGraph* p) const { avfilter_graph_free(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

inline Owned<AVFrame> make_frame() { return Owned<AVFrame>(av_frame_alloc()); }
inline Owned<AVPacket> make_packet() { return Owned<AVPacket>(av_packet_alloc()); }

// Keeps the libraries from writing to standard error; the last complaint of this thread is kept for
// messages instead.
void be_quiet();

// Forgets the last complaint.
void forget_complaint();

// The libraries' own last words in this thread, else the meaning of the error code.
std::string cause(int code);

// Throws DataError "path: what: cause" for a negative code; hands others on.
int check(int code, const std::filesystem::path& path, const char* what);

}  // namespace savp::libav
