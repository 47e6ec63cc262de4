// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

/// A netlist as the proof looks at it: cut at its state. Its own evaluator, bit-parallel, shares
/// nothing with the simulator of netlists.
namespace assay::sim {

struct NamedNet {
  std::string name;  ///< of one bit: "x[3]"
  netlist::Net net = netlist::kZero;
};

/// A bit of state that is no memory: a flip-flop, or a bit of what a registered read port gave.
/// Everything that decides its next value is one function.
struct StateBit {
  std::string name;
  netlist::Net q = netlist::kZero, next = netlist::kZero;
  netlist::Initial initial = netlist::Initial::kUnknown;
};

/// One bit of every word of a memory. A memory is such columns side by side, which share nothing
/// but addresses; so neither the order of data bits nor the grouping of columns into blocks means
/// anything. Word k of a port that is m words wide is m * address + i. Ports whose data nobody
/// reads and ports that never write are gone, and so are columns that nobody reads.
struct Column {
  std::string name;                     ///< the memory's
  int bit = 0;                          ///< which column of it
  std::vector<std::uint64_t> contents;  ///< 64 words in each
  std::size_t words = 0;
  std::vector<std::uint32_t> shape;  ///< of words and ports: columns of one shape may correspond
  std::vector<netlist::Net> pins;    ///< all that decides what is written and which word is read
  std::vector<netlist::Net> reads;   ///< what follows the addresses at once

  bool word(std::size_t k) const { return (contents[k / 64] >> (k % 64) & 1U) != 0; }
};

struct Machine {
  /// Simplified. State is as StateBit says, read ports are not registered, outputs and next values
  /// have a table of their own.
  netlist::Netlist net;
  std::vector<netlist::Step> order;
  std::vector<std::uint32_t> driver;      ///< for each net which table, plus 1; 0: none
  std::vector<NamedNet> inputs, outputs;  ///< by name
  std::vector<StateBit> registers;
  std::vector<Column> columns;
  std::string clock;  ///< "the falling edge of clk"; empty without state

  /// Inputs, state and read data that a net depends on.
  std::vector<netlist::Net> support(netlist::Net net) const;
  /// What people call one of those.
  std::string leaf_name(netlist::Net leaf) const;
};

/// UserError where netlist::verify has one.
Machine make_machine(const netlist::Netlist& netlist);

/// Values of all nets, 64 simulations in a word.
class Lanes {
 public:
  Lanes(const Machine& machine, std::size_t words);
  std::size_t words() const { return words_; }
  std::uint64_t* at(netlist::Net net) { return values_.data() + net * words_; }
  const std::uint64_t* at(netlist::Net net) const { return values_.data() + net * words_; }
  /// Of all tables, from the values of inputs, state and read data.
  void evaluate(const Machine& machine);
  void evaluate(const netlist::Lut& lut);

 private:
  std::size_t words_;
  std::vector<std::uint64_t> values_;
};

/// 64 runs from the initial state, with zeros for what is unknown.
class Run {
 public:
  explicit Run(const Machine& machine);
  /// The input's values of this cycle, one word.
  std::uint64_t& input(std::size_t index) { return *lanes_.at(machine_.inputs[index].net); }
  /// Values of this cycle.
  void settle();
  const std::uint64_t* at(netlist::Net net) const { return lanes_.at(net); }
  /// The edge of the clock.
  void step();

 private:
  using Addresses = std::vector<std::size_t>;
  Addresses addresses(const std::vector<netlist::Net>& nets) const;
  void read(std::size_t memory, const netlist::Memory::ReadPort& port);
  void write(std::size_t memory, const netlist::Memory::WritePort& port);

  const Machine& machine_;
  Lanes lanes_;
  /// Of each memory, a word of lanes for each bit.
  std::vector<std::vector<std::uint64_t>> bits_;
};

}  // namespace assay::sim
