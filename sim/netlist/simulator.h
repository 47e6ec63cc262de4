// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::sim {

/// A netlist in many independent simulations at a time, a bit of a word each: lane l is bit l % 64 of
/// word l / 64. Nothing is compiled.
class NetlistSimulator {
 public:
  /// Simplifies and orders the netlist. `lanes`: a multiple of 64, 64 to 512. UserError as verify()
  /// and evaluation_order() say.
  explicit NetlistSimulator(netlist::Netlist netlist, int lanes = 256);
  ~NetlistSimulator();

  int lanes() const;
  int words() const { return lanes() / 64; }
  /// As it is simulated: simplified.
  const netlist::Netlist& netlist() const;

  /// All state as when the device wakes up: what is unknown is drawn, another value in every lane.
  void wake(std::uint64_t seed);
  /// The lanes of a net: of an input port to write to, of others to read, after settle().
  std::span<std::uint64_t> values(netlist::Net net);
  std::span<const std::uint64_t> values(netlist::Net net) const;
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
