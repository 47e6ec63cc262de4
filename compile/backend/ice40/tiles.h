// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "compile/backend/ice40/constraints.h"
#include "compile/backend/ice40/extract.h"
#include "compile/backend/ice40/fabric.h"
#include "compile/netlist/ice40_mac.h"
#include "compile/netlist/ice40_ram.h"

/// The kinds of tiles of extract.h. Each says first what its cells drive, then reads what reaches them.
namespace assay::ice40 {

class LogicTiles {
 public:
  LogicTiles(Fabric& fabric, netlist::Netlist& netlist) : fabric_(fabric), netlist_(netlist) {}
  void drive();
  void read();

 private:
  struct Cell {
    int x = 0, y = 0, index = 0;
    std::uint32_t bits = 0;
    netlist::Net table = netlist::kZero, q = netlist::kZero, carry = netlist::kZero;
  };
  /// What the flip-flops of a tile share.
  struct Controls {
    netlist::Net clock = netlist::kZero, enable = netlist::kOne, reset = netlist::kZero;
    bool falling = false;
  };
  void drive_tile(int x, int y);
  void drive_cell(Cell cell);
  void read_table(const Cell& cell);
  void read_carry(const Cell& cell);
  void read_flip_flop(const Cell& cell);
  const Controls& controls(int x, int y);

  Fabric& fabric_;
  netlist::Netlist& netlist_;
  std::vector<Cell> cells_;  ///< with any bit set
  std::map<std::pair<int, int>, Controls> controls_;
};

class RamTiles {
 public:
  RamTiles(Fabric& fabric, netlist::Netlist& netlist) : fabric_(fabric), netlist_(netlist) {}
  void drive();
  void read();

 private:
  bool is_on(int x, int y);
  int row_of(int x, int y, const std::string& pin) const;
  void drive_pair(int x, int y);
  struct Ram {
    int x = 0, y = 0;  ///< the lower tile
    netlist::Ice40Ram ram;
  };

  Fabric& fabric_;
  netlist::Netlist& netlist_;
  std::vector<Ram> rams_;
};

/// Pins and global networks; from them and the constraints, the ports.
class Pins {
 public:
  Pins(Fabric& fabric, netlist::Netlist& netlist, const std::vector<PinConstraint>& constraints,
       std::string_view file);
  void drive();
  /// PLLs, then the global networks: what they give, others may already need to be driven.
  void drive_clocks();
  void read();
  /// Whether PLLs run, always, shows in the simplified netlist alone: until then their pins are outputs,
  /// the last ones. UserError where one may stop.
  void read_plls();
  void check_plls();

 private:
  struct Pin {
    const PinConstraint* constraint = nullptr;
    PinPlace place;
    bool input = true;
    netlist::Net net = netlist::kZero;
  };
  Pin* pin_at(const PinPlace& place);
  bool is_enabled(const PinPlace& place);
  void drive_pin(Pin& pin, std::uint32_t type);
  void explain_tile(int x, int y);
  void check_used_pins();
  struct PllSite {
    const std::map<std::string, std::vector<std::string>, std::less<>>* fields = nullptr;
    PinPlace place;                     ///< of its output
    int type = 0;                       ///< PLLTYPE
    netlist::Net pad = netlist::kZero;  ///< what it gives, as the reference
    netlist::Net clock = netlist::kZero;
  };
  static constexpr int kPllFromPad = 2, kPllFromFabric = 3;  ///< PLLTYPE: one output
  std::vector<PllSite> find_plls();
  netlist::ClockMaker clock_maker(const PllSite& site, std::map<std::string, int> parameters);
  void drive_pll(const PllSite& site);
  netlist::Net reference_of(const PllSite& site);
  void drive_pad(const PinPlace& place);
  void drive_globals();
  void drive_from_pad(int number);
  void add_port(const std::string& name);

  Fabric& fabric_;
  netlist::Netlist& netlist_;
  std::string_view file_;
  std::vector<Pin> pins_;
  std::map<PinPlace, netlist::Net> pads_;         ///< what a pad gives, or a PLL in its place
  std::set<std::pair<int, int>> fabric_outputs_;  ///< tiles whose fabout has a reader
  struct RunningPin {
    const char* pin = nullptr;
    int x = 0, y = 0;
    netlist::Net level = netlist::kZero;
  };
  std::vector<const std::map<std::string, std::vector<std::string>, std::less<>>*> plls_;
  std::vector<RunningPin> running_;
};

/// Fields of a block that is no tile's, by key, and one of them: column, row and the rest, a pin or a bit.
using BlockFields = std::map<std::string, std::vector<std::string>, std::less<>>;
struct BlockField {
  int x = 0, y = 0;
  std::string what;
};
/// UserError when there is none, or of another form.
BlockField block_field(const BlockFields& fields, std::string_view key);

/// DSPs of a 5k. Of their tiles, and of those of other hard blocks, nothing else may be in use.
class HardTiles {
 public:
  HardTiles(Fabric& fabric, netlist::Netlist& netlist) : fabric_(fabric), netlist_(netlist) {}
  void drive();
  void read();

 private:
  struct Mac {
    const BlockFields* fields = nullptr;
    BlockField clock;
    netlist::Ice40Mac mac;
  };
  void drive_mac(const BlockFields& fields);
  void check_cascade(const Mac& entry) const;
  void check_tile(int x, int y);
  bool is_taken(int x, int y, const std::string& what) const {
    return taken_.contains({x, y, what});
  }

  Fabric& fabric_;
  netlist::Netlist& netlist_;
  std::vector<Mac> macs_;
  std::set<std::tuple<int, int, std::string>> taken_;  ///< pins and bits of DSPs
};

/// Calls body(x, y) for all tiles of a kind.
template <typename Body>
void for_each_tile(const Fabric& fabric, TileKind kind, const Body& body) {
  for (int y = 0; y < fabric.db().rows; ++y)
    for (int x = 0; x < fabric.db().columns; ++x)
      if (fabric.db().tile(x, y) == kind) body(x, y);
}

/// Bits of the column buffers, which have no function in most tiles: read where a global is used.
void explain_column_buffers(Fabric& fabric, int x, int y);

}  // namespace assay::ice40
