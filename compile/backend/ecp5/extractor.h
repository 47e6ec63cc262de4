// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compile/backend/ecp5/extract.h"
#include "compile/backend/ecp5/fabric.h"
#include "compile/netlist/netlist.h"

namespace assay::ecp5 {

/// Goes from wires that are read back to the cells that drive them, and makes each cell when one of its
/// outputs is asked for.
class Extractor {
 public:
  Extractor(Fabric& fabric, netlist::Netlist& netlist, const Bitfile& bits)
      : fabric_(fabric), netlist_(netlist), bits_(bits) {}

  /// The net on a wire; a wire that nothing drives reads 1. Where nothing may be on it, it counts as
  /// unknown, which nothing may depend on in the end.
  netlist::Net net(const Wire& wire, bool unknown = false);
  netlist::Net net(int row, int column, std::string_view name) {
    return net(fabric_.wire(row, column, name));
  }
  /// A pad's input, of which `net` is what the port brings.
  void input(int row, int column, char letter, netlist::Net net);
  /// The net on the output pin of a cell that is being made.
  netlist::Net output(int row, int column, std::string_view name);
  netlist::Net inverted(netlist::Net net);
  netlist::Net both(netlist::Net a, netlist::Net b);
  void drive(netlist::Net out, std::uint64_t table, std::initializer_list<netlist::Net> inputs);
  /// Of a pin that is to be a constant, which shows behind simplify(): until check_constants() it is an
  /// output of the design. `zero`: it has to be 0, else any constant. `what` is for the message.
  void require_constant(int row, int column, std::string_view name, bool zero, std::string what);
  /// Makes the cells behind all nets that were asked for.
  void finish();
  /// UserError naming a pin that is not the constant it has to be. The last ports of the netlist go.
  void check_constants();
  /// UserError where something depends on a net that is unknown.
  void check_unknown() const;

 private:
  /// The output pin of a cell.
  struct Pin {
    enum class Kind : std::uint8_t {
      kNone,
      kTable,
      kFlipFlop,
      kWideTable,
      kWidestTable,
      kCarry,
      kWriteLine,
      kBlockRam,
      kPad,
      kMadeFirst,
      kOther
    };
    Kind kind = Kind::kNone;
    int index = 0;  ///< of the table, the flip-flop, the slice or the line
  };
  /// A slice: its tile, its letter, where it is.
  struct Slice {
    const Tile* tile = nullptr;
    int index = 0;
    std::string name;  ///< "SLICEA"
    std::string_view mode;
  };
  struct Todo {
    Pin pin;
    Wire wire;
    netlist::Net net = netlist::kZero;
  };
  /// Up to four inputs of a table.
  using Pins = std::array<netlist::Net, 4>;

  Pin pin(std::uint32_t name) const;
  Slice slice(const Wire& at, int index);
  std::string_view told(const Slice& slice, std::string_view name, std::string_view otherwise);
  netlist::Net slice_pin(const Slice& slice, char letter, int k);
  Pins table_pins(const Slice& slice, int k);

  void make(const Todo& todo);
  void make_table(const Todo& todo);
  void make_multiplexer(const Todo& todo, const Slice& slice, std::string_view zero,
                        std::string_view one, int select);
  void make_wide(const Todo& todo, bool widest);
  void make_carry(const Slice& slice);
  void make_memory(const Todo& todo, const Slice& slice);
  void make_flip_flop(const Todo& todo);
  void take_reset(const Slice& slice, int k, netlist::FlipFlop& flip_flop);
  netlist::Net write_line(const Wire& wire, int index);
  netlist::Net clock(const Slice& slice, const Wire& wire, bool& falling);

  Fabric& fabric_;
  netlist::Netlist& netlist_;
  const Bitfile& bits_;
  std::unordered_map<std::uint64_t, netlist::Net> nets_;
  std::unordered_set<std::uint64_t>
      made_;  ///< outputs of cells that were made before they were due
  std::deque<Todo> todo_;
  std::vector<std::pair<netlist::Net, Wire>> unknown_;
  struct Constant {
    std::string what;
    bool zero = true;
  };
  std::vector<Constant> constants_;
};

}  // namespace assay::ecp5
