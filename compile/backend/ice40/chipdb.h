// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compile/backend/ice40/bitfile.h"

namespace assay::ice40 {

enum class TileKind : std::uint8_t {
  kNone,
  kIo,
  kLogic,
  kRamB,
  kRamT,
  kDsp0,
  kDsp1,
  kDsp2,
  kDsp3,
  kIpcon
};
std::string_view tile_name(TileKind kind);  ///< "logic", "ramb"

/// A place of a pin: column and row of its I/O tile, and which of the two blocks.
struct PinPlace {
  int x = 0, y = 0, block = 0;
  auto operator<=>(const PinPlace&) const = default;
};

/// Wires of the device, by number; each has many names, relative to the tiles that see it.
using Wire = std::uint32_t;

/// A switch that is on: `from` drives `to`.
struct Switch {
  Wire to = 0, from = 0;
  int x = 0, y = 0;  ///< the tile that it is configured in
};

/// What the database says of one device in one package, and of one configuration: only switches that
/// are on are kept.
struct ChipDb {
  int columns = 0, rows = 0;
  Wire wires = 0;
  std::vector<TileKind> tiles;  ///< by row, then column
  struct BitPlace {
    int row = 0, column = 0;
  };
  /// Of each kind of tile, by name ("LC_3", "IoCtrl.IE_0"), outside routing.
  std::map<std::pair<TileKind, std::string>, std::vector<BitPlace>> functions;
  std::map<std::string, PinPlace, std::less<>> pins;  ///< of the package, by its names
  struct Global {
    int x = 0, y = 0, number = 0;
  };
  std::vector<Global> fabric_globals;             ///< whose `fabout` drives which global network
  std::map<int, PinPlace> pad_globals;            ///< which pad can drive it directly
  std::map<Bitfile::Extra, int> pad_global_bits;  ///< the bit that lets it
  std::map<PinPlace, PinPlace> input_enables;     ///< a block's enable is the bit of which block
  std::map<std::pair<int, int>, std::pair<int, int>>
      column_buffers;  ///< of a tile: the tile that has them
  std::vector<std::map<std::string, std::vector<std::string>, std::less<>>> plls,
      macs;  ///< fields by key
  std::vector<Switch> switches;

  TileKind tile(int x, int y) const;
  /// The wire that a tile knows by a name of a pin of its cells ("lutff_3/in_0", "fabout"); nothing
  /// where it knows none.
  std::optional<Wire> wire(int x, int y, std::string_view name) const;

  std::unordered_map<std::string, std::uint32_t> name_numbers;  ///< of pins
  std::unordered_map<std::uint64_t, Wire> pin_wires;
};

/// "chipdb-8k.txt", as Debian's fpga-icestorm-chipdb has it (fpga::icestorm_chipdb()). YoWASP's wheels have
/// theirs in a binary form only.
std::string chipdb_file_name(Device device);

/// Reads the text of Project IceStorm's chip database. Bits that a switch explains are marked in
/// `explained`, one byte per bit of `bits`. UserError naming `file` and the line where the text is not
/// what it should be, is for another device, or has no such package; naming the tile where bits of a
/// switch have a value that the database does not know.
ChipDb read_chipdb(std::string_view text, std::string_view file, std::string_view package,
                   const Bitfile& bits, std::vector<std::uint8_t>& explained);

}  // namespace assay::ice40
