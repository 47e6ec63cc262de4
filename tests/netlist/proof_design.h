// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

/// Netlists by hand, at random, rewritten, and decided by looking at every state.
namespace assay::testing {

/// A netlist with a clock, for tests to fill.
class Design {
 public:
  Design() {
    net.name = "test";
    clock = input("clk");
  }

  netlist::Net input(const std::string& name) { return inputs(name, 1)[0]; }
  std::vector<netlist::Net> inputs(const std::string& name, std::size_t width);
  void output(const std::string& name, std::vector<netlist::Net> bits) {
    net.ports.push_back({name, false, std::move(bits)});
  }
  /// A register whose d is to come; kNone: none yet.
  netlist::Net reg(const std::string& name, netlist::Initial initial = netlist::Initial::kZero);
  netlist::FlipFlop& cell(netlist::Net q);
  netlist::Net reg_of(const std::string& name, netlist::Net d,
                      netlist::Initial initial = netlist::Initial::kZero);
  /// Of a 1-bit unit or wider; registered.
  netlist::Memory& memory(const std::string& name, int unit_bits, std::vector<std::uint64_t> units);
  /// A registered read port of the last memory; its data.
  std::vector<netlist::Net> read(std::vector<netlist::Net> address,
                                 netlist::Net enable = netlist::kOne);

  netlist::Net and2(netlist::Net x, netlist::Net y) { return net.lut(0x8, {x, y}); }
  netlist::Net xor2(netlist::Net x, netlist::Net y) { return net.lut(0x6, {x, y}); }
  netlist::Net invert(netlist::Net x) { return net.lut(0x1, {x}); }
  /// One and of them all.
  netlist::Net all_of(const std::vector<netlist::Net>& nets);
  /// A counter; bit k is called name[k].
  std::vector<netlist::Net> counter(const std::string& name, std::size_t width,
                                    netlist::Net enable);

  netlist::Netlist net;
  netlist::Net clock = netlist::kZero;
};

/// Tables over inputs and registers, registers of every kind: at most 6 registers, 3 inputs.
netlist::Netlist random_design(std::uint64_t seed);

/// The same machine in other words: tables split, merged, negated and doubled, registers doubled
/// and reordered.
netlist::Netlist rewritten(const netlist::Netlist& original, std::uint64_t seed);

/// One bit of one table.
void flip_bit(netlist::Netlist& netlist, std::uint64_t seed);

/// Without memories. Looks at every pair of states that occurs: whether outputs always agree.
bool same_by_search(const netlist::Netlist& a, const netlist::Netlist& b);

/// Both have the same registers in the same order. Whether outputs and next values agree in every
/// state and for every input, be it one that occurs or not.
bool same_functions(const netlist::Netlist& a, const netlist::Netlist& b);

}  // namespace assay::testing
