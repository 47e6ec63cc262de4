// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/netlist/lane_set.h"
#include "sim/netlist/simulator.h"

namespace assay::sim {

/// The serial lines of a netlist in all lanes of its simulator, a byte at a time: start bit, eight data
/// bits, stop bit, as LineSender and LineReceiver (sim/bench/serial.h) have them.
class LaneSerial {
 public:
  /// `rx`, `tx`: where the netlist hears and speaks, nets of the simulator's netlist. The simulator must
  /// outlive it.
  LaneSerial(NetlistSimulator& simulator, netlist::Net rx, netlist::Net tx, int clocks_per_bit);

  /// What a lane hears next; nothing: its line is idle.
  using Next = std::function<std::optional<std::uint8_t>(int lane)>;
  using Came = std::function<void(int lane, std::uint8_t byte)>;
  /// The cycles of one byte.
  void run_byte(const Next& next, const Came& came);
  /// Cycles in which nothing is said to any lane.
  void idle(int cycles, const Came& came);
  std::int64_t cycles() const { return cycle_; }

  /// One cycle with these levels on the lines.
  void step(const LaneSet& rx, const Came& came);

 private:
  void sample(const LaneSet& tx, const Came& came);

  NetlistSimulator& simulator_;
  netlist::Net rx_, tx_;
  int clocks_;
  std::int64_t cycle_ = 0;
  LaneSet receiving_;
  std::vector<LaneSet> samples_;  ///< receiving lanes, by the cycle of a bit in which they look
  struct Byte {
    unsigned bits = 0;
    int count = 0;
  };
  std::vector<Byte> bytes_;
};

}  // namespace assay::sim
