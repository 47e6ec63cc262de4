// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/ice40/bitfile.h"
#include "compile/backend/ice40/chipdb.h"
#include "compile/netlist/netlist.h"

namespace assay::ice40 {

/// The wires of a configured device, and the functions of its tiles. Cells first say what they drive,
/// then ask what reaches them. UserErrors name the tile.
class Fabric {
 public:
  /// UserError when two switches drive one wire, or a switch takes a global network in a column whose
  /// buffer for it is off.
  Fabric(const Bitfile& bits, const ChipDb& db, std::vector<std::uint8_t>& explained);

  const Bitfile& bits() const { return bits_; }
  const ChipDb& db() const { return db_; }

  /// The bits of a function of a tile, the first one lowest. From now on they are explained.
  std::uint32_t value(int x, int y, const std::string& function);
  bool has(int x, int y, const std::string& function) const;

  /// One wire is another's: always on.
  void connect(Wire to, Wire from, int x, int y);
  /// The cell at the pin puts `net` on its wire.
  void drive(int x, int y, std::string_view pin, netlist::Net net);
  void drive(Wire wire, netlist::Net net, int x, int y, std::string_view what);
  /// What reaches the pin: `otherwise` when no switch leads there. UserError when one does and nothing
  /// drives the wire at its other end, or switches drive each other in a circle.
  netlist::Net read(int x, int y, std::string_view pin, netlist::Net otherwise);
  /// Whether a switch leads to the pin.
  bool is_led(int x, int y, std::string_view pin) const;

  Wire wire(int x, int y, std::string_view pin) const;  ///< UserError when the tile has no such pin
  /// UserError naming the tile: "logic tile at column 3, row 4: ...".
  [[noreturn]] void refuse(int x, int y, const std::string& why) const;
  /// UserError naming the first bit that is set and that nothing explained.
  void check_explained() const;

 private:
  const std::vector<ChipDb::BitPlace>* places(int x, int y, const std::string& function) const;
  void check_column_buffers(const std::vector<Wire>& globals);

  const Bitfile& bits_;
  const ChipDb& db_;
  std::vector<std::uint8_t>& explained_;
  static constexpr netlist::Net kNone = ~netlist::Net{0};
  static constexpr Wire kNoWire = ~Wire{0};
  struct Source {
    Wire from = kNoWire;
    int x = 0, y = 0;  ///< of the switch
  };
  std::vector<Source> sources_;
  std::vector<netlist::Net> nets_;
};

}  // namespace assay::ice40
