// SPDX-License-Identifier: Apache-2.0
#include "golden/data/png.h"

#include <png.h>

#include <csetjmp>
#include <cstring>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::uint64_t kSampleLimit = std::uint64_t{1} << 26;

/// What libpng's callbacks share. libpng reports errors by longjmp, so nothing between a setjmp and
/// a call of libpng may own memory.
struct Session {
  std::string_view input;
  std::string output;
  char error[200] = {};
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* session = static_cast<Session*>(png_get_error_ptr(png));
  std::strncpy(session->error, message, sizeof(session->error) - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep out, std::size_t count) {
  auto* session = static_cast<Session*>(png_get_io_ptr(png));
  if (session->input.size() < count) png_error(png, "the file is cut short");
  std::memcpy(out, session->input.data(), count);
  session->input.remove_prefix(count);
}

void on_write(png_structp png, png_bytep bytes, std::size_t count) {
  auto* session = static_cast<Session*>(png_get_io_ptr(png));
  try {
    session->output.append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::exception&) {
    png_error(png, "out of memory");
  }
}

void on_flush(png_structp) {}

struct Reader {
  explicit Reader(Session& session)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning)),
        info(png != nullptr ? png_create_info_struct(png) : nullptr) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  png_structp png;
  png_infop info;
};

struct Writer {
  explicit Writer(Session& session)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning)),
        info(png != nullptr ? png_create_info_struct(png) : nullptr) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { png_destroy_write_struct(&png, &info); }
  png_structp png;
  png_infop info;
};

bool run_reader(const Reader& reader, Session* session) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_set_read_fn(reader.png, session, on_read);
  png_set_chunk_malloc_max(reader.png, 1 << 20);
  png_read_png(reader.png, reader.info, PNG_TRANSFORM_IDENTITY, nullptr);
  return true;
}

struct WriteJob {
  png_uint_32 width, height;
  int color_type;
  png_bytepp rows;
};

bool run_writer(const Writer& writer, Session* session, const WriteJob& job) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_set_write_fn(writer.png, session, on_write, on_flush);
  png_set_IHDR(writer.png, writer.info, job.width, job.height, 8, job.color_type,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_rows(writer.png, writer.info, job.rows);
  png_write_png(writer.png, writer.info, PNG_TRANSFORM_IDENTITY, nullptr);
  return true;
}

/// Takes the size from the header chunk, before libpng allocates by it.
PngImage parse_header(std::string_view bytes, const std::string& name) {
  constexpr std::string_view kStart("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
  if (!bytes.starts_with(kStart) || bytes.size() < 29)
    user_error("'{}' is no PNG file or is cut short; save it again as PNG", name);
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  const auto number = [&](std::size_t at) {
    return std::uint64_t{byte(at)} << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
  };
  const std::uint64_t width = number(16);
  const std::uint64_t height = number(20);
  const int depth = byte(24);
  const int color = byte(25);
  if (depth != 8 || (color != PNG_COLOR_TYPE_GRAY && color != PNG_COLOR_TYPE_RGB))
    user_error(
        "'{}' has bit depth {} and colour type {}; 8-bit grey (0) and 8-bit RGB (2) are "
        "read: convert it",
        name, depth, color);
  const std::uint64_t channels = color == PNG_COLOR_TYPE_RGB ? 3 : 1;
  // The first test keeps the product within 64 bits.
  if (width > kSampleLimit || height > kSampleLimit || width * height * channels > kSampleLimit)
    user_error("'{}' is {} x {} pixels; at most {} samples are read", name, width, height,
               kSampleLimit);
  return {static_cast<std::int64_t>(channels),
          static_cast<std::int64_t>(height),
          static_cast<std::int64_t>(width),
          {}};
}

}  // namespace

PngImage decode_png(std::string_view bytes, const std::string& name) {
  PngImage image = parse_header(bytes, name);
  Session session{bytes, {}, {}};
  const Reader reader(session);
  if (reader.info == nullptr) tool_error("libpng cannot start reading");
  if (!run_reader(reader, &session))
    user_error("'{}' is damaged: {}; save it again as PNG", name, session.error);
  if (png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0)
    user_error("'{}' has transparency; save it without", name);
  const png_bytepp rows = png_get_rows(reader.png, reader.info);
  const std::int64_t plane = image.height * image.width;
  image.pixels.resize(static_cast<std::size_t>(image.channels * plane));
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      for (std::int64_t c = 0; c < image.channels; ++c)
        image.pixels[static_cast<std::size_t>(c * plane + y * image.width + x)] =
            rows[y][x * image.channels + c];
    }
  }
  return image;
}

PngImage read_png(const std::filesystem::path& path) {
  return decode_png(read_file(path, std::uint64_t{1} << 28), printable(path.string()));
}

void write_png(const std::filesystem::path& path, std::int64_t channels, std::int64_t height,
               std::int64_t width, std::span<const std::uint8_t> pixels) {
  ASSAY_INVARIANT(channels == 1 || channels == 3, "a PNG file has 1 or 3 channels here");
  ASSAY_INVARIANT(height > 0 && width > 0, "a PNG file has pixels");
  ASSAY_INVARIANT(static_cast<std::int64_t>(pixels.size()) == channels * height * width,
                  "the pixels do not fit the image's size");
  std::vector<std::uint8_t> samples;
  samples.reserve(pixels.size());
  for (std::int64_t i = 0; i < height * width; ++i) {
    for (std::int64_t c = 0; c < channels; ++c)
      samples.push_back(pixels[static_cast<std::size_t>(c * height * width + i)]);
  }
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < height; ++y) rows.push_back(samples.data() + y * width * channels);
  Session session;
  const Writer writer(session);
  if (writer.info == nullptr) tool_error("libpng cannot start writing");
  const WriteJob job{static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
                     channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, rows.data()};
  if (!run_writer(writer, &session, job))
    tool_error("cannot encode '{}': {}", printable(path.string()), session.error);
  write_file(path, session.output);
}

}  // namespace assay
