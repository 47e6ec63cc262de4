// SPDX-License-Identifier: Apache-2.0
#include "golden/data/jpeg.h"

#include <csetjmp>
#include <cstdio>

// jpeglib.h wants stdio's names before it.
#include <jpeglib.h>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::uint64_t kJpegSamples = std::uint64_t{1} << 26;

/// libjpeg reports errors by a call that must not return, so nothing between a setjmp and a call of
/// libjpeg may own memory.
struct Faults {
  jpeg_error_mgr manager = {};
  std::jmp_buf back = {};
  char error[JMSG_LENGTH_MAX] = {};
};

[[noreturn]] void on_jpeg_error(j_common_ptr info) {
  auto* faults = reinterpret_cast<Faults*>(info->err);
  info->err->format_message(info, faults->error);
  std::longjmp(faults->back, 1);
}

/// Warnings are about data that are damaged or cut short: pixels would be made up.
void on_message(j_common_ptr info, int level) {
  if (level < 0) on_jpeg_error(info);
}

struct JpegSession {
  JpegSession() {
    info.err = jpeg_std_error(&faults.manager);
    faults.manager.error_exit = on_jpeg_error;
    faults.manager.emit_message = on_message;
  }
  JpegSession(const JpegSession&) = delete;
  JpegSession& operator=(const JpegSession&) = delete;
  ~JpegSession() { jpeg_destroy_decompress(&info); }
  Faults faults;
  jpeg_decompress_struct info = {};
};

bool read_header(JpegSession& reader, std::string_view bytes) {
  if (setjmp(reader.faults.back) != 0) return false;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&reader.info, TRUE);
  return true;
}

/// Interleaved samples into `out`, which holds all of them.
bool read_rows(JpegSession& reader, unsigned char* out) {
  if (setjmp(reader.faults.back) != 0) return false;
  reader.info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&reader.info);
  while (reader.info.output_scanline < reader.info.output_height) {
    const std::size_t row = std::size_t{reader.info.output_scanline} * reader.info.output_width *
                            static_cast<std::size_t>(reader.info.output_components);
    JSAMPROW rows[] = {out + row};
    jpeg_read_scanlines(&reader.info, rows, 1);
  }
  jpeg_finish_decompress(&reader.info);
  return true;
}

[[noreturn]] void no_picture(const JpegSession& reader, const std::string& name) {
  user_error("'{}' is no JPEG file or is damaged: {}; save it again as JPEG or PNG", name,
             printable(reader.faults.error));
}

void choose_colours(jpeg_decompress_struct& info, const std::string& name) {
  const std::uint64_t channels = info.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  if (info.jpeg_color_space != JCS_GRAYSCALE && info.jpeg_color_space != JCS_YCbCr &&
      info.jpeg_color_space != JCS_RGB)
    user_error("'{}' is neither grey nor RGB; save it again as one of them", name);
  if (std::uint64_t{info.image_width} * info.image_height > kJpegSamples / channels)
    user_error("'{}' is {} x {} pixels; at most {} samples are read", name, info.image_width,
               info.image_height, kJpegSamples);
  info.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
}

}  // namespace

PngImage decode_jpeg(std::string_view bytes, const std::string& file) {
  const std::string name = printable(file, 4096);
  JpegSession reader;
  if (!read_header(reader, bytes)) no_picture(reader, name);
  choose_colours(reader.info, name);
  PngImage image;
  image.channels = reader.info.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  image.height = reader.info.image_height;
  image.width = reader.info.image_width;
  const auto places = static_cast<std::size_t>(image.height * image.width);
  const auto channels = static_cast<std::size_t>(image.channels);
  std::vector<unsigned char> samples(places * channels);
  if (!read_rows(reader, samples.data())) no_picture(reader, name);
  image.pixels.resize(samples.size());
  for (std::size_t place = 0; place < places; ++place)
    for (std::size_t channel = 0; channel < channels; ++channel)
      image.pixels[channel * places + place] = samples[place * channels + channel];
  return image;
}

PngImage read_jpeg(const std::filesystem::path& path) {
  return decode_jpeg(read_file(path), path.string());
}

}  // namespace assay
