// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "compile/backend/ecp5/bitfile.h"

namespace assay::ecp5::test {

/// Writes bitstreams, by the documentation of the format.
class BitWriter {
 public:
  /// The bytes, which the next checksum covers.
  BitWriter& put(std::string_view bytes) {
    bytes_ += bytes;
    open_ += bytes;
    return *this;
  }
  BitWriter& number(std::uint32_t value, int bytes) {
    std::string text;
    for (int i = bytes; i-- > 0;) text += static_cast<char>(value >> 8 * i & 0xffU);
    return put(text);
  }
  BitWriter& command(std::uint8_t command, std::uint32_t information) {
    return number(command, 1).number(information, 3);
  }
  BitWriter& checksum() {
    const std::uint16_t crc = configuration_crc(open_);
    number(crc, 2);
    open_.clear();
    return *this;
  }
  BitWriter& reset() {
    command(0x3b, 0);
    open_.clear();
    return *this;
  }
  /// Between commands: no checksum covers it.
  BitWriter& filler(std::size_t count) {
    bytes_.append(count, '\xff');
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_, open_;
};

/// What a bitstream is to hold.
struct Design {
  std::uint32_t idcode = 0x41111043;
  std::set<std::pair<int, int>> bits;  ///< frame and bit
  std::map<int, std::map<int, std::uint16_t>> rams;
  bool compressed = false;
};

/// The bytes of a frame, the highest bit first; `align` bytes are filled up at the front.
inline std::string frame_bytes(const Design& design, const Device& device, int frame,
                               std::size_t align) {
  std::size_t count = static_cast<std::size_t>(device.bits_per_frame + device.pad_bits) / 8;
  count = (count + align - 1) / align * align;
  std::string bytes(count, '\0');
  for (auto at = design.bits.lower_bound({frame, 0}); at != design.bits.end() && at->first == frame;
       ++at) {
    const auto bit = static_cast<std::size_t>(at->second);
    char& byte = bytes[count - 1 - bit / 8];
    byte = static_cast<char>(byte | 1 << bit % 8);
  }
  return bytes;
}

/// The prefix code, with `pattern` as the first of the dictionary.
inline std::string compress(const std::string& bytes, std::uint8_t pattern) {
  std::string bits;
  const auto put = [&](std::uint32_t value, int count) {
    for (int i = count; i-- > 0;) bits += (value >> i & 1U) != 0 ? '1' : '0';
  };
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte == 0) {
      put(0, 1);
    } else if ((byte & (byte - 1)) == 0) {
      int at = 0;
      while (byte >> at != 1) ++at;
      put(0b100, 3), put(static_cast<std::uint32_t>(at), 3);
    } else if (byte == pattern) {
      put(0b101000, 6);
    } else {
      put(0b11, 2), put(byte, 8);
    }
  }
  std::string result;
  bits.resize((bits.size() + 7) / 8 * 8, '0');
  for (std::size_t i = 0; i < bits.size(); i += 8)
    result += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
  return result;
}

inline void put_frames(BitWriter& out, const Design& design, const Device& device) {
  if (design.compressed) out.command(0x02, 0).put(std::string(7, '\0')).number(0x5a, 1);
  out.command(design.compressed ? 0xb8 : 0x82,
              0x910000U | static_cast<std::uint32_t>(device.frames));
  for (int frame = device.frames; frame-- > 0;) {
    const std::string bytes = frame_bytes(design, device, frame, design.compressed ? 8 : 1);
    out.put(design.compressed ? compress(bytes, 0x5a) : bytes).checksum().put("\xff");
  }
}

inline void put_ram(BitWriter& out, int number, const std::map<int, std::uint16_t>& words) {
  out.command(0xf6, 0).number(static_cast<std::uint32_t>(number) << 11U, 4);
  out.command(0xb2, 0xd00100);
  std::string bits;
  for (int i = 0; i < 2048; ++i)
    for (int k = 9; k-- > 0;) bits += words.contains(i) && (words.at(i) >> k & 1U) != 0 ? '1' : '0';
  for (std::size_t i = 0; i < bits.size(); i += 8)
    out.number(static_cast<std::uint32_t>(std::stoi(bits.substr(i, 8), nullptr, 2)), 1);
  out.checksum();
}

inline std::string encode(const Design& design) {
  const Device& device = *find_device(design.idcode);
  BitWriter out;
  out.put(std::string_view("\xff\0Part: test\0\xff", 13)).put("\xff\xff\xbd\xb3").filler(4).reset();
  out.command(0xe2, 0).number(design.idcode, 4).command(0x22, 0).number(0x40000000, 4);
  out.command(0x46, 0);
  put_frames(out, design, device);
  out.filler(11).command(0xc2, 0x800000).number(0x12345678, 4).checksum();
  for (const auto& [number, words] : design.rams) put_ram(out, number, words);
  out.command(0x5e, 0).filler(4);
  return out.bytes();
}

}  // namespace assay::ecp5::test
