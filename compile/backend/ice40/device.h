// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

/// iCE40: from a netlist to what goes into the flash (place_route.h), and back (extract.h).
namespace assay::ice40 {

enum class Device { k1k, k8k, k5k };  ///< HX1K and LP1K; HX8K and LP8K; UP5K

/// Every tile has as many rows of configuration bits, and no more columns.
inline constexpr int kTileRows = 16, kTileColumns = 54;

/// How a device is laid out. Columns count from the left, rows from the bottom; both with the ring of
/// I/O tiles. Its bits lie in four banks, one per quarter: bit 0 of a bank's number says upper, bit 1
/// right. Each has its origin in its corner of the device.
struct Geometry {
  Device device = Device::k1k;
  std::string_view name;  ///< the database's: "1k"
  int columns = 0, rows = 0;
  int upper = 0;                     ///< the first row of the upper banks
  std::array<int, 2> ram_columns{};  ///< pairs of tiles from row 1 on, of 256 words of 16 bits each
  int side_width = 0;                ///< columns of bits of the tiles left and right
  int bank_width = 0;                ///< of the configuration; a few more than the tiles have

  bool right_half(int x) const { return x >= columns / 2; }
  int bank(int x, int y) const { return (y >= upper ? 1 : 0) | (right_half(x) ? 2 : 0); }
  int bank_height(int bank) const { return kTileRows * (bank % 2 == 0 ? upper : rows - upper); }
  bool is_ram_column(int x) const { return x == ram_columns[0] || x == ram_columns[1]; }
  /// Pairs of RAM tiles of a bank, and the bits that a row of all their words has.
  int ram_pairs(int bank) const { return (bank % 2 == 0 ? upper - 1 : rows - upper - 1) / 2; }
  int ram_width(int bank) const { return 16 * ram_pairs(bank); }
  int tile_width(int x) const;
};

const Geometry& geometry(Device device);

/// The device whose configuration banks are that wide, null for none that we read.
const Geometry* geometry_of_width(int bank_width);

}  // namespace assay::ice40
