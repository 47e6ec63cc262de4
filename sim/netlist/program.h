// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "compile/netlist/netlist.h"
#include "sim/netlist/passes.h"

/// A netlist as it is simulated: runs of equal work over rows of lanes, which lie as computed.
namespace assay::sim {

/// A memory of so many units and bits lies in rows; larger ones in numbers, lane by lane.
inline constexpr std::uint32_t kSmallUnits = 64, kSmallBits = 1024;
inline constexpr Slot kNoSlot = std::numeric_limits<Slot>::max();

struct MemoryPlan {
  bool small = false;
  bool written = false;  ///< else all lanes share its contents, where they are numbers
  /// Units that every port takes together are joined to one of `joined` of the netlist's.
  std::uint32_t joined = 1, units = 0;
  int unit_bits = 1;
  std::uint64_t mask() const { return ~std::uint64_t{0} >> (64 - unit_bits); }
};

/// Ports that have the same address and enable, read together, 64 bits at a time.
struct NumberRead {
  struct Piece {
    std::uint32_t memory = 0;
    std::uint32_t wide = 1, unit = 0;  ///< unit wide * address + unit
    int shift = 0;                     ///< where it lies in the 64 bits
  };
  struct Part {
    std::vector<Piece> pieces;
    int bits = 0;
    Slot out = 0;
  };
  std::vector<Slot> address;
  Slot enable = 1;
  std::vector<Part> parts;
};

struct NumberWrite {
  struct Unit {
    std::vector<Slot> data, enables;  ///< one enable for all bits, or one per bit
  };
  std::uint32_t memory = 0;
  std::vector<Slot> address;
  std::vector<Slot> enables;  ///< all there are, each once
  std::vector<Unit> units;
};

struct RowRead {
  std::uint32_t memory = 0;
  SmallRead read;
  Slot out = 0, enable = 1;
};

struct RowWrite {
  std::uint32_t memory = 0;
  SmallWrite write;
};

struct Program {
  /// A part of the logic, in order: tables, or an asynchronous port.
  struct Step {
    enum class Kind : std::uint8_t { kTables, kRow, kNumbers };
    Kind kind = Kind::kTables;
    std::size_t index = 0;
  };
  struct State {
    Slot slot = 0;
    netlist::Initial initial = netlist::Initial::kZero;
  };

  std::vector<Slot> slot_of;  ///< by net; kNoSlot: no value
  Slot slots = 0;
  int levels = 0;
  std::vector<Step> steps;
  std::vector<TableRun> tables;
  std::vector<RowRead> row_reads;  ///< asynchronous
  std::vector<NumberRead> number_reads;

  /// At the edge: reads, then writes, then flip-flops. What others still read at the edge is put
  /// aside first: rows staged to staged_end - 1.
  std::vector<RowRead> row_reads_at_edge;
  std::vector<NumberRead> number_reads_at_edge;
  std::vector<RowWrite> row_writes;
  std::vector<NumberWrite> number_writes;
  std::vector<FlipFlopRun> flip_flops;
  Slot staged = 0, staged_end = 0;

  std::vector<State> states;
  std::vector<MemoryPlan> memories;
};

/// Of a verified, simplified netlist. UserError as NetlistSimulator says.
Program compile(const netlist::Netlist& netlist);

}  // namespace assay::sim
