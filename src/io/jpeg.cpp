#include "io/jpeg.h"

#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <string>

#include "core/error.h"

namespace savp {
namespace {

// What libjpeg only warns of, but what leaves every pixel as it was written.
bool is_harmless(int message) {
  return message == JWRN_EXTRANEOUS_DATA || message == JWRN_ADOBE_XFORM || message == JWRN_JFIF_MAJOR;
}

// libjpeg reports errors through callbacks that must not return, and C code cannot be unwound: each call of
// it that may fail stands in a function of its own, without locals to destroy, which longjmp leaves.
class Decompressor {
 public:
  Decompressor() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = give_up;
    errors_.base.emit_message = [](j_common_ptr info, int level) {
      if (level < 0 && !is_harmless(info->err->msg_code)) give_up(info);
    };
  }
  ~Decompressor() { jpeg_destroy_decompress(&info_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  PictureSize read_header(std::string_view encoded) {
    if (!try_header(encoded)) fail();
    return {info_.image_height, info_.image_width, info_.num_components};
  }
  void read_pixels(uint8_t* pixels) {
    if (!try_pixels(pixels)) fail();
  }

 private:
  struct Errors {
    jpeg_error_mgr base;  // the first member, so that its address is that of the whole
    std::jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
  };

  [[noreturn]] static void give_up(j_common_ptr info) {
    auto* errors = reinterpret_cast<Errors*>(info->err);
    errors->base.format_message(info, errors->message);
    std::longjmp(errors->escape, 1);
  }
  [[noreturn]] void fail() const { throw DataError(concat("is a damaged JPEG image: ", errors_.message)); }

  bool try_header(std::string_view encoded) {
    if (setjmp(errors_.escape) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size());
    jpeg_read_header(&info_, /*require_image=*/TRUE);
    return true;
  }
  bool try_pixels(uint8_t* pixels) {
    if (setjmp(errors_.escape) != 0) return false;
    info_.out_color_space = info_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info_.dct_method = JDCT_IFAST;
    info_.do_fancy_upsampling = TRUE;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row =
          pixels + static_cast<size_t>(info_.output_scanline) * info_.output_width * info_.output_components;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  jpeg_decompress_struct info_{};
  Errors errors_{};
};

// As libjpeg writes by default: 4:2:0, the exact transform.
class Compressor {
 public:
  Compressor() {
    info_.err = jpeg_std_error(&errors_);
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &bytes_, &size_);
  }
  ~Compressor() {
    jpeg_destroy_compress(&info_);
    std::free(bytes_);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  std::string write(const Picture& picture, int quality) {
    info_.image_width = static_cast<JDIMENSION>(picture.width);
    info_.image_height = static_cast<JDIMENSION>(picture.height);
    info_.input_components = static_cast<int>(picture.channels);
    info_.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, /*force_baseline=*/TRUE);
    jpeg_start_compress(&info_, /*write_all_tables=*/TRUE);
    const int64_t line = picture.width * picture.channels;
    while (info_.next_scanline < info_.image_height) {
      auto* row = const_cast<JSAMPLE*>(picture.pixels.data() + info_.next_scanline * line);  // only read
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return {reinterpret_cast<const char*>(bytes_), size_};
  }

 private:
  jpeg_compress_struct info_{};
  jpeg_error_mgr errors_{};
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;  // NOLINT(google-runtime-int): libjpeg's type
};

}  // namespace

bool is_jpeg(std::string_view encoded) { return encoded.starts_with("\xFF\xD8\xFF"); }

std::string encode_jpeg(const Picture& picture, int quality) {
  const bool known = (picture.channels == 1 || picture.channels == 3) && picture.height > 0 &&
                     picture.width > 0 && std::max(picture.height, picture.width) <= JPEG_MAX_DIMENSION;
  SAVP_CHECK(known, DataError, "an image of ", picture.height, "x", picture.width, "x", picture.channels,
             " cannot be a JPEG image");
  return Compressor().write(picture, quality);
}

PictureSize jpeg_size(std::string_view encoded) { return Decompressor().read_header(encoded); }

void decode_jpeg(std::string_view encoded, const PictureSize& size, uint8_t* pixels) {
  SAVP_CHECK(size.channels == 1 || size.channels == 3, DataError, "is a JPEG image of ", size.channels,
             " channels; 1 and 3 are read");
  Decompressor decompressor;
  const auto found = decompressor.read_header(encoded);
  SAVP_CHECK(found == size, DataError, "is an image of ", text(found), " instead of ", text(size));
  decompressor.read_pixels(pixels);
}

}  // namespace savp
