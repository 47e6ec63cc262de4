// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/netlist/simulator.h"

/// The loops that a simulation spends its time in, once per instruction set: nothing but arrays.
namespace assay::sim {

/// The place of a net's lanes: a row of `words` words, 4 or 8.
using Slot = std::uint32_t;
using Word = std::uint64_t;

/// A table is a polynomial over GF(2) in its other inputs (Reed-Muller), whose coefficients are
/// functions of its lowest ones: of the lowest, or of the two lowest where there are five or six
/// inputs, which costs less than it saves.
constexpr int leaf_inputs(int inputs) { return inputs >= 5 ? 2 : 1; }
constexpr int leaf_count(int inputs) { return 1 << (inputs - leaf_inputs(inputs)); }
/// A leaf's number is its truth table; it is kept as so many times that, which is what an address
/// takes.
inline constexpr int kLeafStep = 8;

/// Tables of one number of inputs, 1 to 6, whose outputs lie in rows out, out + 1, ...: they do not
/// read each other.
struct TableRun {
  int inputs = 0;
  Slot out = 0;
  std::vector<Slot> pins;            ///< `inputs` per table
  std::vector<std::uint8_t> leaves;  ///< leaf_count() per table: of product i, by the bits of i
};

/// Flip-flops of one kind in rows first, first + 1, ...
struct FlipFlopRun {
  enum class Kind : std::uint8_t { kPlain, kEnable, kReset0, kReset1 };
  Kind kind = Kind::kPlain;
  Slot first = 0;
  std::vector<Slot> pins;  ///< d; d, enable; d, enable, reset
};

/// Reads a memory that lies in rows: row unit_bits * u + b is bit b of unit u.
struct SmallRead {
  std::vector<Slot> address;
  int unit_bits = 1;
  std::uint32_t units = 0;  ///< of the memory
  std::uint32_t wide = 1;   ///< units of the port
};

struct SmallWrite {
  std::vector<Slot> address, data, enables;
  int unit_bits = 1;
  std::uint32_t units = 0;
};

struct Passes {
  void (*tables)(Word* values, int words, const TableRun& run);
  /// Next values, into rows from `next` on, which may be those of the flip-flops themselves.
  void (*flip_flops)(const Word* values, Word* next, int words, const FlipFlopRun& run);
  /// Into rows from `out` on, one per bit of the port.
  void (*small_read)(const Word* values, const Word* memory, Word* out, int words,
                     const SmallRead& read);
  void (*small_write)(const Word* values, Word* memory, int words, const SmallWrite& write);
  /// Row i of next becomes enable ? next : old.
  void (*hold)(Word* next, const Word* old, const Word* enable, int words, std::size_t rows);
  /// Bit i of lanes[pitch * l] becomes lane l of row slots[i]; up to 64 rows, bits above are zeros.
  /// Of the first `filled` words.
  void (*to_lanes)(const Word* values, int words, const Slot* slots, int count, Word* lanes,
                   std::size_t pitch, int filled);
  /// The other way round, into `count` rows from `rows` on; lanes beyond are zeros.
  void (*to_rows)(const Word* lanes, std::size_t pitch, int filled, int words, int count,
                  Word* rows);
};

const Passes& passes(Instructions instructions);

}  // namespace assay::sim
