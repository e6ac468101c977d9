#include "io/jpeg.h"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>

#include "savp/core/error.h"

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
  [[noreturn]] void fail() const { throw DataError(concat("is a damaged JPEG picture: ", errors_.message)); }

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

}  // namespace

PictureSize jpeg_size(std::string_view encoded) { return Decompressor().read_header(encoded); }

void decode_jpeg(std::string_view encoded, const PictureSize& size, uint8_t* pixels) {
  SAVP_CHECK(size.channels == 1 || size.channels == 3, DataError, "is a JPEG picture of ", size.channels,
             " channels; 1 and 3 are read");
  Decompressor decompressor;
  const auto found = decompressor.read_header(encoded);
  SAVP_CHECK(found == size, DataError, "is a picture of ", text(found), " instead of ", text(size));
  decompressor.read_pixels(pixels);
}

}  // namespace savp
