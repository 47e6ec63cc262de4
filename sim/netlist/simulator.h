// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::sim {

/// What the loops are compiled for. Results are the same.
enum class Instructions : std::uint8_t { kPortable, kAvx2, kAvx512 };
bool runs_here(Instructions instructions);
/// The widest that this processor has.
Instructions widest_instructions();

/// A netlist in many independent simulations at a time, a bit of a word each: lane l is bit l % 64
/// of word l / 64. Nothing is compiled.
class NetlistSimulator {
 public:
  /// Simplifies and orders the netlist. `lanes`: a multiple of 64, 64 to 512; 256 and 512 use a
  /// processor best. UserError as verify() and evaluation_order() say, and where the clock is not
  /// an input or something other than state reads it. A net that nothing drives is 0.
  explicit NetlistSimulator(netlist::Netlist netlist, int lanes = 256,
                            Instructions instructions = widest_instructions());
  ~NetlistSimulator();
  NetlistSimulator(NetlistSimulator&&) noexcept;
  NetlistSimulator& operator=(NetlistSimulator&&) noexcept;

  int lanes() const;
  int words() const { return lanes() / 64; }
  /// As it is simulated: simplified.
  const netlist::Netlist& netlist() const;
  /// Whether a net has values: constants, bits of ports, and what outputs depend on.
  bool has(netlist::Net net) const;
  /// How deep the logic is: tables and asynchronous memories one behind the other.
  int levels() const;

  /// All state as when the device wakes up: what is unknown is drawn, another value in every lane.
  void wake(std::uint64_t seed);
  /// The lanes of a net that has values: of an input port or a bit of state to write to, of others
  /// to read, after settle(). The place stays the same.
  std::span<std::uint64_t> values(netlist::Net net);
  std::span<const std::uint64_t> values(netlist::Net net) const;
  /// Nets as numbers: bit i of numbers[pitch * l] is net i in lane l. At most 64 nets.
  void read(std::span<const netlist::Net> nets, std::uint64_t* numbers,
            std::size_t pitch = 1) const;
  void write(std::span<const netlist::Net> nets, const std::uint64_t* numbers,
             std::size_t pitch = 1);
  /// Computes what follows from inputs and state without a clock.
  void settle();
  /// An edge of the clock behind settle(): state takes its next value; settle() again to see it.
  void clock();

  /// A memory's unit in a lane.
  std::uint64_t unit(std::size_t memory, std::size_t unit, int lane) const;
  void set_unit(std::size_t memory, std::size_t unit, int lane, std::uint64_t value);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace assay::sim
