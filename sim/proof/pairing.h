// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sim/proof/machine.h"

/// Which state of two machines corresponds. A guess, for the proof to confirm: nothing here can
/// make the proof say more than is so.
namespace assay::sim {

/// The machines have the same inputs and outputs, in the same order.
struct Both {
  std::array<Machine, 2> side;

  /// The registers of both in one row: a constant 0, a constant 1, those of side 0, those of side
  /// 1.
  std::size_t items() const { return item(1, side[1].registers.size()); }
  std::size_t item(std::size_t at, std::size_t index) const {
    return 2 + (at == 0 ? 0 : side[0].registers.size()) + index;
  }
  /// The columns of both in one row.
  std::size_t columns() const { return side[0].columns.size() + side[1].columns.size(); }
  std::size_t side_of(std::size_t column) const { return column < side[0].columns.size() ? 0 : 1; }
  const Column& column(std::size_t column) const {
    const std::size_t first = side[0].columns.size();
    return column < first ? side[0].columns[column] : side[1].columns[column - first];
  }
  /// Of an item that is no constant.
  std::size_t owner(std::size_t item) const { return item < this->item(1, 0) ? 0 : 1; }
  const StateBit& bit(std::size_t item) const {
    return side[owner(item)].registers[item - this->item(owner(item), 0)];
  }
};

/// Classes of items and of columns. The constants are in classes 0 and 1, never in one.
struct Pairing {
  std::vector<std::uint32_t> items, columns;
  std::uint32_t item_classes = 0, column_classes = 0;
};

/// What the functions of both sides are functions of: inputs, then the classes of items, then the
/// read data of classes of columns.
class Variables {
 public:
  Variables(const Both& both, const Pairing& pairing);
  std::uint32_t count() const { return count_; }
  std::uint32_t item_class(std::uint32_t c) const { return inputs_ + c; }
  /// The nets of a side that are a variable, and which.
  std::vector<std::pair<netlist::Net, std::uint32_t>> leaves(std::size_t side) const;
  /// What people call it.
  std::string name(std::uint32_t variable) const;

 private:
  const Both& both_;
  const Pairing& pairing_;
  std::uint32_t inputs_, count_;
  std::vector<std::uint32_t> reads_;  ///< per class of columns, its first variable
};

/// Values of some of the variables.
using Pattern = std::vector<std::pair<std::uint32_t, bool>>;
using NamedValues = std::vector<std::pair<std::string, bool>>;

/// Both machines in many states in which every class has one value.
class States {
 public:
  States(const Both& both, std::uint64_t seed);
  /// Random ones; in the first 64 of them the pattern holds, the others are near it.
  void choose(const Pairing& pairing, const Pattern& pattern);
  std::size_t words() const { return lanes_[0].words(); }
  const Lanes& lanes(std::size_t side) const { return lanes_[side]; }
  const std::uint64_t* at(std::size_t side, netlist::Net net) const { return lanes_[side].at(net); }
  /// Whether they do somewhere in the first 64.
  bool differ(std::array<std::size_t, 2> sides, std::array<netlist::Net, 2> nets) const {
    return *at(sides[0], nets[0]) != *at(sides[1], nets[1]);
  }

 private:
  void fill(std::size_t variables, const Pattern& pattern);

  const Both& both_;
  std::mt19937_64 random_;
  std::array<Lanes, 2> lanes_;
  std::vector<std::uint64_t> values_;  ///< of variables
};

/// Columns whose contents are nowhere on the other side go with those that come nearest, so that
/// one wrong bit does not look like a memory that is not there.
std::vector<std::uint32_t> group_columns(const Both& both);

/// Finds classes: first what shows no difference in 64 runs from the initial state; then, as van
/// Eijk does, what shows none in one step from any of many random states in which classes have one
/// value each.
class Matcher {
 public:
  struct Options {
    std::string reset_n;
    std::uint64_t seed = 1;
    bool initial_values = true;  ///< else state may correspond whatever it is at the start
  };
  Matcher(const Both& both, Options options);

  /// Until classes are stable, or it is late: false.
  bool refine(std::chrono::steady_clock::time_point deadline);
  /// Tells apart what differs in these states of the classes as they are. False when that is nothing.
  bool refine(const std::vector<Pattern>& patterns);
  /// Tells apart what wakes up unknown, once nothing else can be: the first side's bits need not wake
  /// up alike. False when that is nothing.
  bool separate_unknown();

  const Pairing& pairing() const { return pairing_; }
  /// An output that differed in a run from the initial state, unknown bits taken as 0; empty: none
  /// did.
  const std::string& output_seen() const { return output_seen_; }
  const NamedValues& output_state() const { return output_state_; }
  /// How many items have no counterpart.
  std::size_t alone() const;
  std::int64_t rounds() const { return rounds_; }

 private:
  /// Values of nets: 64 simulations in each of some words.
  using Words = std::function<const std::uint64_t*(std::size_t side, netlist::Net net)>;

  void start();
  void run_from_start();
  void set_inputs(std::array<Run, 2>& runs, int cycle);
  void compare_outputs(const std::array<Run, 2>& runs);
  bool split_by_states();
  bool split(std::size_t words, const Words& at);
  /// What a change of an item changes, in terms of classes; in the states chosen last.
  std::uint64_t influence(std::size_t item) const;

  const Both& both_;
  Options options_;
  std::mt19937_64 random_;
  Pairing pairing_;
  States states_;
  std::string output_seen_;
  NamedValues output_state_;
  std::int64_t rounds_ = 0;
};

}  // namespace assay::sim
