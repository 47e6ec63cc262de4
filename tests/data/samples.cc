// SPDX-License-Identifier: Apache-2.0
#include "data/samples.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <jpeglib.h>

namespace assay {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return out;
}

std::string packed_bytes(std::string_view bytes, int window_bits) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2 failed");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return out;
}

}  // namespace

std::string cifar_record(int label, int seed) {
  std::string record(1, static_cast<char>(label));
  for (int p = 0; p < 3072; ++p) record += static_cast<char>((seed + p) % 251);
  return record;
}

std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width) {
  std::string out = big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
  for (std::uint32_t p = 0; p < count * height * width; ++p) out += static_cast<char>(p % 253);
  return out;
}

std::string idx_labels(const std::vector<int>& labels) {
  std::string out = big_endian(0x801) + big_endian(static_cast<std::uint32_t>(labels.size()));
  for (const int label : labels) out += static_cast<char>(label);
  return out;
}

std::string gzip(std::string_view bytes) { return packed_bytes(bytes, 16 + MAX_WBITS); }

std::string zip(const std::vector<ZipSample>& members) {
  std::string archive, directory;
  for (const ZipSample& member : members) {
    const std::string& content = member.content;
    const std::string packed = member.deflated ? packed_bytes(content, -MAX_WBITS) : content;
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    const std::string common = little_endian(20, 2) + little_endian(0, 2) +
                               little_endian(member.deflated ? 8 : 0, 2) + little_endian(0, 4) +
                               little_endian(crc, 4) + little_endian(packed.size(), 4) +
                               little_endian(content.size(), 4) +
                               little_endian(member.name.size(), 2) + little_endian(0, 2);
    directory += "PK\x01\x02" + little_endian(20, 2) + common + little_endian(0, 10) +
                 little_endian(archive.size(), 4) + member.name;
    archive += "PK\x03\x04" + common + member.name + packed;
  }
  const std::uint64_t count = members.size();
  return archive + directory + "PK\x05\x06" + little_endian(0, 4) + little_endian(count, 2) +
         little_endian(count, 2) + little_endian(directory.size(), 4) +
         little_endian(archive.size(), 4) + little_endian(0, 2);
}

std::string jpeg(int channels, int height, int width, std::vector<std::uint8_t> samples) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = samples.data() +
                   std::size_t{info.next_scanline} * static_cast<std::size_t>(width * channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string out(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return out;
}

std::string tar_entry(const std::string& name, std::string_view bytes, char type) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", bytes.size()));
  put(136, "11222333444");
  put(148, "        ");
  header[156] = type;
  put(257, "ustar  ");
  int sum = 0;
  for (const char c : header) sum += static_cast<std::uint8_t>(c);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header + std::string(bytes) + std::string((512 - bytes.size() % 512) % 512, '\0');
}

std::string tar_end() { return std::string(1024, '\0'); }

std::string pickle_string(std::string_view bytes) {
  if (bytes.size() < 256) return "U" + little_endian(bytes.size(), 1) + std::string(bytes);
  return "T" + little_endian(bytes.size(), 4) + std::string(bytes);
}

std::string pickle_number(std::int64_t number) {
  if (number >= 0 && number < 256)
    return "K" + little_endian(static_cast<std::uint64_t>(number), 1);
  if (number >= 0 && number < 65536)
    return "M" + little_endian(static_cast<std::uint64_t>(number), 2);
  return "J" + little_endian(static_cast<std::uint64_t>(number), 4);
}

std::string pickle_global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}

PickleParts::PickleParts(const std::vector<int>& label_values, std::string_view pixels) {
  head = "\x80\x02}q\x01(" + pickle_string("batch_label") + "q\x02" +
         pickle_string("testing batch 1 of 1") + "q\x03";
  labels = pickle_string("labels") + "q\x04]q\x05(";
  for (const int label : label_values) labels += pickle_number(label);
  labels += "e";
  array = pickle_string("data") + "q\x06" + pickle_global("numpy.core.multiarray", "_reconstruct") +
          "q\x07" + pickle_global("numpy", "ndarray") + "q\x08" + pickle_number(0) + "\x85q\x09" +
          pickle_string("b") + "\x87q\x0aRq\x0b";
  state = "(" + pickle_number(1) + pickle_number(static_cast<std::int64_t>(label_values.size())) +
          pickle_number(3072) + "\x86";
  // A memo index of four bytes, as after the 256th value of a real batch.
  state += std::string("r\x0c\x01\x00\x00", 5);
  dtype = pickle_global("numpy", "dtype") + pickle_string("u1") + pickle_number(0) +
          pickle_number(1) + "\x87R(" + pickle_number(3) + pickle_string("|") + "NNN" +
          pickle_number(-1) + pickle_number(-1) + pickle_number(0) + "tb";
  data = "\x89" + pickle_string(pixels);
  tail = "tb" + pickle_string("filenames") + "]" + pickle_string("a.png") + "au.";
}

std::string PickleParts::all() const { return head + labels + array + state + dtype + data + tail; }

}  // namespace assay
