// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/backend/ice40/device.h"

namespace assay::ice40 {

/// What a bitstream configures, per tile.
class Bitfile {
 public:
  explicit Bitfile(const Geometry& layout);

  const Geometry& layout() const { return *layout_; }
  bool bit(int x, int y, int row, int column) const { return bits_[at(x, y, row, column)] != 0; }
  void set(int x, int y, int row, int column, bool value) {
    bits_[at(x, y, row, column)] = value ? 1 : 0;
  }
  /// The place of a tile's bit among all, kTileRows * kTileColumns per tile.
  std::size_t at(int x, int y, int row, int column) const {
    return static_cast<std::size_t>(((y * layout_->columns + x) * kTileRows + row) * kTileColumns +
                                    column);
  }
  std::size_t size() const { return bits_.size(); }

  /// Set bits of a bank that belong to no tile.
  struct Extra {
    int bank = 0, x = 0, y = 0;
    auto operator<=>(const Extra&) const = default;
  };
  std::vector<Extra> extras;
  /// Words of the block RAMs, by column and row of the lower tile. All are there.
  std::map<std::pair<int, int>, std::array<std::uint16_t, 256>> rams;

 private:
  const Geometry* layout_;
  std::vector<std::uint8_t> bits_;
};

/// Reads what goes into the flash (`.bin`): comment, synchronisation, commands, CRC, wake-up. UserError
/// naming `file`, and the byte where it goes wrong: a command that we do not know, a wrong CRC, a bank
/// that is missing, written twice or of another size, a device other than those of device.h, bytes
/// behind the end.
Bitfile read_bitfile(std::string_view bytes, std::string_view file);

}  // namespace assay::ice40
