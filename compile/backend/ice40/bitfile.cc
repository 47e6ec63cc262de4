// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/bitfile.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::ice40 {
namespace {

constexpr std::string_view kSync = "\x7e\xaa\x99\x7e";
constexpr std::size_t kLongestComment = 64 << 10;

/// Rows of bits, one byte each.
struct Bank {
  int width = 0;
  std::vector<std::vector<std::uint8_t>> rows;  ///< an empty one was not written
};

struct Banks {
  std::array<Bank, 4> configuration, ram;
};

/// CRC-16-CCITT, most significant bit first.
std::uint16_t crc(std::string_view bytes) {
  std::uint32_t value = 0xffff;
  for (const char byte : bytes) {
    value ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8;
    for (int i = 0; i < 8; ++i) value = (value << 1) ^ ((value & 0x8000U) != 0 ? 0x1021U : 0U);
    value &= 0xffffU;
  }
  return static_cast<std::uint16_t>(value);
}

/// One-byte commands, the upper half what, the lower half how many bytes of a number follow.
class CommandReader {
 public:
  CommandReader(std::string_view bytes, std::string_view file) : bytes_(bytes), file_(file) {}

  Banks run() {
    skip_comment();
    while (!awake_) command();
    const std::string_view rest = bytes_.substr(next_);
    if (rest.size() > 1 || (rest.size() == 1 && rest[0] != 0))
      refuse("{} bytes follow the end of the bitstream", rest.size());
    return std::move(banks_);
  }

 private:
  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    user_error("bitstream '{}', byte {}: {}", printable(file_), start_,
               fmt::format(format, std::forward<Args>(args)...));
  }

  std::string_view take(std::size_t count) {
    if (bytes_.size() - next_ < count) refuse("the file ends too early, at {}", bytes_.size());
    next_ += count;
    return bytes_.substr(next_ - count, count);
  }

  void skip_comment() {
    if (!bytes_.starts_with(std::string_view("\xff\0", 2)))
      refuse("it does not begin with ff 00, as a bitstream for iCE40 does");
    const std::size_t sync = bytes_.substr(0, kLongestComment).find(kSync);
    if (sync == std::string_view::npos) refuse("there is no 7e aa 99 7e to synchronise on");
    next_ = sync + kSync.size();
  }

  void command() {
    start_ = next_;
    const unsigned head = static_cast<unsigned char>(take(1)[0]);
    if ((head & 15U) > 2) refuse("{:02x} is no command that is known", head);
    unsigned number = 0;
    for (const char byte : take(head & 15U))
      number = number << 8 | static_cast<unsigned char>(byte);
    const int value = static_cast<int>(number);
    switch (head) {
      case 0x01:
        return act(value);
      case 0x11:
        return set_bank(value);
      case 0x22:
        return check_crc(value);
      case 0x51:
        return check_clock(value);
      case 0x62:
        width_ = value + 1;
        return;
      case 0x72:
        height_ = value;
        return;
      case 0x82:
        offset_ = value;
        return;
      case 0x92:
        return check_boot(value);
      default:
        refuse("{:02x} is no command that is known", head);
    }
  }

  void act(int what) {
    if (what == 1) return data(false);
    if (what == 3) return data(true);
    if (what == 5) {
      crc_from_ = next_;
      return;
    }
    if (what != 6)
      refuse("01 {:02x} (2, 4: reading back, 8: reboot) is no command of a design", what);
    if (!checked_) refuse("the device is woken up without a check of the CRC");
    awake_ = true;
  }

  void set_bank(int value) {
    if (value > 3) refuse("there is no bank {}", value);
    bank_ = static_cast<std::size_t>(value);
  }

  void check_clock(int value) const {
    if (value > 2) refuse("there is no frequency range {} of the oscillator", value);
  }

  /// Bit 0: the flash stays awake; bit 5: warm boot.
  void check_boot(int value) const {
    if ((value & ~0x21) != 0) refuse("boot mode {:04x} is none of a single design", value);
  }

  void check_crc(int value) {
    if (crc_from_ == 0) refuse("a CRC is checked that was never reset");
    if (crc(bytes_.substr(crc_from_, start_ + 1 - crc_from_)) != value)
      refuse("the CRC is wrong: the file is damaged");
    checked_ = true;
  }

  void data(bool ram) {
    if (crc_from_ == 0) refuse("data come before the CRC is reset");
    checked_ = false;
    const auto bits = static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
    if (bits % 8 != 0) refuse("{} x {} bits are no whole bytes", width_, height_);
    const std::string_view bytes = take(bits / 8);
    if (take(2) != std::string_view("\0\0", 2)) refuse("no two zeros follow the data");
    Bank& bank = (ram ? banks_.ram : banks_.configuration)[bank_];
    if (!bank.rows.empty() && bank.width != width_) refuse("bank {} has two widths", bank_);
    bank.width = width_;
    bank.rows.resize(std::max(bank.rows.size(), static_cast<std::size_t>(offset_ + height_)));
    for (int y = 0; y < height_; ++y) fill_row(bank, y, bytes);
  }

  void fill_row(Bank& bank, int y, std::string_view bytes) const {
    std::vector<std::uint8_t>& row = bank.rows[static_cast<std::size_t>(offset_ + y)];
    if (!row.empty()) refuse("row {} of bank {} is written twice", offset_ + y, bank_);
    row.resize(static_cast<std::size_t>(width_));
    std::size_t at = static_cast<std::size_t>(y) * row.size();
    for (std::uint8_t& bit : row) {
      bit = static_cast<unsigned char>(bytes[at / 8]) >> (7 - at % 8) & 1U;
      ++at;
    }
  }

  std::string_view bytes_, file_;
  std::size_t next_ = 0, start_ = 0;
  std::size_t crc_from_ = 0;
  bool checked_ = false, awake_ = false;
  std::size_t bank_ = 0;
  int width_ = 0, height_ = 0, offset_ = 0;
  Banks banks_;
};

const Geometry& layout_of(const Banks& banks, std::string_view file) {
  const int width = banks.configuration[0].width;
  if (const Geometry* layout = geometry_of_width(width)) return *layout;
  user_error(
      "bitstream '{}': its banks are {} bits wide; read are 1k (332), 8k (872) and 5k (692), not "
      "384 "
      "(182) or others",
      printable(file), width);
}

void check_size(const Bank& bank, int number, const char* what, int width, int height,
                std::string_view file) {
  const auto whole = [](const auto& row) { return !row.empty(); };
  const bool all = std::all_of(bank.rows.begin(), bank.rows.end(), whole);
  if (bank.width == width && static_cast<int>(bank.rows.size()) == height && all) return;
  user_error("bitstream '{}': the {} of bank {} is {} x {} bits{} where the device has {} x {}",
             printable(file), what, number, bank.width, bank.rows.size(),
             all ? "" : ", not all of them written,", width, height);
}

/// Where a tile's bits lie in its bank.
class TilePlace {
 public:
  TilePlace(const Geometry& layout, int x, int y) : width_(layout.tile_width(x)) {
    right_ = layout.right_half(x);
    upper_ = y >= layout.upper;
    row_of_io_ = y == 0 || y == layout.rows - 1;
    side_io_ = layout.side_width == 18 && (x == 0 || x == layout.columns - 1);
    for (int i = 0; i < (right_ ? layout.columns - 1 - x : x); ++i) left_ += layout.tile_width(i);
    below_ = kTileRows * (upper_ ? layout.rows - 1 - y : y);
  }

  int columns() const { return row_of_io_ ? 18 : width_; }

  /// Column and row within the bank.
  std::pair<int, int> of(int row, int column) const {
    if (row_of_io_) return of_io_row(row, column);
    const bool mirrored = right_ || side_io_;
    return {left_ + (mirrored ? width_ - 1 - column : column),
            below_ + (upper_ ? kTileRows - 1 - row : row)};
  }

 private:
  /// I/O tiles at the bottom and top lie across their column, out of order.
  std::pair<int, int> of_io_row(int row, int column) const {
    constexpr int kColumns[18] = {23, 25, 26, 27, 16, 17, 18, 19, 20,
                                  14, 32, 33, 34, 35, 36, 37, 4,  5};
    constexpr int kRows[kTileRows] = {0, 1, 3, 2, 4, 5, 7, 6, 8, 9, 11, 10, 12, 13, 15, 14};
    const int across = kColumns[column];
    return {left_ + (right_ ? width_ - 1 - across : across), below_ + kTileRows - 1 - kRows[row]};
  }

  int width_ = 0, left_ = 0, below_ = 0;
  bool right_ = false, upper_ = false, row_of_io_ = false, side_io_ = false;
};

/// Corners have no tile, nor have bits at the sides of a 5k.
bool has_tile(const Geometry& layout, int x, int y) {
  const bool side = x == 0 || x == layout.columns - 1;
  const bool end = y == 0 || y == layout.rows - 1;
  return !(side && end);
}

/// Moves the tile's bits out of the bank: what is left there belongs to no tile.
void take_tile(Bitfile& bits, Banks& banks, int x, int y) {
  const TilePlace place(bits.layout(), x, y);
  Bank& bank = banks.configuration[static_cast<std::size_t>(bits.layout().bank(x, y))];
  for (int row = 0; row < kTileRows; ++row)
    for (int column = 0; column < place.columns(); ++column) {
      const auto [bank_x, bank_y] = place.of(row, column);
      std::uint8_t& bit =
          bank.rows[static_cast<std::size_t>(bank_y)][static_cast<std::size_t>(bank_x)];
      bits.set(x, y, row, column, bit != 0);
      bit = 0;
    }
}

void take_extras(Bitfile& bits, const Banks& banks) {
  for (int i = 0; i < 4; ++i) {
    const Bank& bank = banks.configuration[static_cast<std::size_t>(i)];
    for (std::size_t y = 0; y < bank.rows.size(); ++y)
      for (std::size_t x = 0; x < bank.rows[y].size(); ++x)
        if (bank.rows[y][x] != 0)
          bits.extras.push_back({i, static_cast<int>(x), static_cast<int>(y)});
  }
}

/// A row of a RAM bank has one word of each RAM, bit 15 first.
void take_ram(Bitfile& bits, const Bank& bank, int x, int y, int at) {
  std::array<std::uint16_t, 256>& words = bits.rams[{x, y}];
  for (std::size_t row = 0; row < words.size(); ++row)
    for (int i = 0; i < 16; ++i)
      words[row] = static_cast<std::uint16_t>(words[row] << 1 |
                                              bank.rows[row][static_cast<std::size_t>(at + i)]);
}

void take_rams(Bitfile& bits, const Banks& banks) {
  const Geometry& layout = bits.layout();
  for (const int x : layout.ram_columns)
    for (const int first : {1, layout.upper}) {
      const int bank = layout.bank(x, first);
      for (int i = 0; i < layout.ram_pairs(bank); ++i)
        take_ram(bits, banks.ram[static_cast<std::size_t>(bank)], x, first + 2 * i, 16 * i);
    }
}

}  // namespace

Bitfile::Bitfile(const Geometry& layout) : layout_(&layout) {
  bits_.resize(at(layout.columns - 1, layout.rows - 1, kTileRows - 1, kTileColumns - 1) + 1);
}

Bitfile read_bitfile(std::string_view bytes, std::string_view file) {
  Banks banks = CommandReader(bytes, file).run();
  const Geometry& layout = layout_of(banks, file);
  for (int i = 0; i < 4; ++i) {
    check_size(banks.configuration[static_cast<std::size_t>(i)], i, "configuration",
               layout.bank_width, layout.bank_height(i), file);
    check_size(banks.ram[static_cast<std::size_t>(i)], i, "block RAM", layout.ram_width(i), 256,
               file);
  }
  Bitfile bits(layout);
  for (int y = 0; y < layout.rows; ++y)
    for (int x = 0; x < layout.columns; ++x)
      if (has_tile(layout, x, y)) take_tile(bits, banks, x, y);
  take_extras(bits, banks);
  take_rams(bits, banks);
  return bits;
}

}  // namespace assay::ice40
