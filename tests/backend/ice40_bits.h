// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/ice40/bitfile.h"

/// Bitstreams for iCE40 made bit by bit.
namespace assay::ice40::test {

inline std::uint16_t crc_of(std::string_view bytes) {
  unsigned value = 0xffff;
  for (const char byte : bytes)
    for (int bit = 7; bit >= 0; --bit) {
      const unsigned top = value >> 15 ^ (static_cast<unsigned char>(byte) >> bit & 1U);
      value = (value << 1 ^ (top != 0 ? 0x1021U : 0U)) & 0xffffU;
    }
  return static_cast<std::uint16_t>(value);
}

/// Where the CRC is, two bytes.
inline std::size_t crc_place(const std::string& bin) {
  return bin.rfind(std::string_view("\x01\x06", 2)) - 2;
}

/// Makes the CRC right again.
inline std::string mended(std::string bin) {
  const std::size_t at = crc_place(bin), from = bin.find(std::string_view("\x01\x05", 2)) + 2;
  const std::uint16_t crc = crc_of(std::string_view(bin).substr(from, at - from));
  bin[at] = static_cast<char>(crc >> 8);
  bin[at + 1] = static_cast<char>(crc & 0xff);
  return bin;
}

/// A bitstream as icepack writes one, of what `bit` says: of the banks of configuration, then of block
/// RAM.
class BinWriter {
 public:
  using Bit = std::function<bool(bool ram, int bank, int x, int y)>;

  std::string write(const Geometry& layout, const Bit& bit) {
    bin_ = std::string("\xff\0\0\xff\x7e\xaa\x99\x7e\x51\0\x01\x05\x92\0\x20", 15);
    for (int bank = 0; bank < 4; ++bank)
      data(false, bank, layout.bank_width, 0, layout.bank_height(bank), bit);
    for (int bank = 0; bank < 4; ++bank)
      for (const int first : {0, 128}) data(true, bank, layout.ram_width(bank), first, 128, bit);
    bin_ += std::string("\x22\0\0\x01\x06\0", 6);
    return mended(bin_);
  }
  /// Where the bits of a bank begin, in bits of the file: bank 0 to 3, then both halves of RAM banks.
  const std::vector<std::size_t>& places() const { return places_; }

 private:
  void number(int command, int value) {
    bin_ += {static_cast<char>(command), static_cast<char>(value >> 8),
             static_cast<char>(value & 0xff)};
  }

  void data(bool ram, int bank, int width, int first, int height, const Bit& bit) {
    number(0x62, width - 1);
    number(0x72, height);
    number(0x82, first);
    bin_ += {'\x11', static_cast<char>(bank), '\x01', ram ? '\x03' : '\x01'};
    places_.push_back(bin_.size() * 8);
    std::string bytes(static_cast<std::size_t>(width * height / 8), '\0');
    std::size_t at = 0;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x, ++at)
        if (bit(ram, bank, x, first + y))
          bytes[at / 8] = static_cast<char>(bytes[at / 8] | 0x80 >> at % 8);
    bin_ += bytes + std::string(2, '\0');
  }

  std::string bin_;
  std::vector<std::size_t> places_;
};

inline std::string empty_bin(Device device) {
  return BinWriter().write(geometry(device), [](bool, int, int, int) { return false; });
}

/// Turns bits of tiles over, wherever they are in the file. Which bit of a bank is which bit of a tile
/// it finds by reading bitstreams, each with one binary digit of every bit's number.
class BitFlipper {
 public:
  explicit BitFlipper(Device device) {
    const Geometry& layout = geometry(device);
    const auto number = [&](int bank, int x, int y) {
      return static_cast<std::uint32_t>((bank * 512 + y) * 1024 + x);
    };
    for (int digit = 0; digit < 21; ++digit) {
      const Bitfile bits =
          read_bitfile(BinWriter().write(layout,
                                         [&](bool ram, int bank, int x, int y) {
                                           return !ram && (number(bank, x, y) >> digit & 1U) != 0;
                                         }),
                       "digits");
      numbers_.resize(bits.size());
      for (int y = 0; y < layout.rows; ++y)
        for (int x = 0; x < layout.columns; ++x)
          for (int i = 0; i < kTileRows * kTileColumns; ++i)
            if (bits.bit(x, y, i / kTileColumns, i % kTileColumns))
              numbers_[bits.at(x, y, i / kTileColumns, i % kTileColumns)] |= 1U << digit;
    }
    layout_ = &layout;
  }

  /// The bitstream, by icepack, with one bit of a tile turned over and the CRC mended.
  std::string flipped(std::string bin, int x, int y, int row, int column) const {
    const std::uint32_t number = numbers_[Bitfile(*layout_).at(x, y, row, column)];
    const int bank = static_cast<int>(number >> 19);
    std::size_t at = begin_of(bin, bank) * 8;
    at += static_cast<std::size_t>(number >> 10 & 511U) *
          static_cast<std::size_t>(layout_->bank_width);
    at += number & 1023U;
    bin[at / 8] = static_cast<char>(bin[at / 8] ^ 0x80 >> at % 8);
    return mended(bin);
  }

 private:
  /// Behind 11 BANK ... 01 01, of the banks in their order.
  std::size_t begin_of(const std::string& bin, int bank) const {
    std::size_t at = 0;
    for (int i = 0; i <= bank; ++i) {
      if (i > 0)
        at += static_cast<std::size_t>(layout_->bank_width * layout_->bank_height(i - 1) / 8);
      at = bin.find({'\x11', static_cast<char>(i), '\x01', '\x01'}, at) + 4;
    }
    return at;
  }

  const Geometry* layout_ = nullptr;
  std::vector<std::uint32_t> numbers_;
};

}  // namespace assay::ice40::test
