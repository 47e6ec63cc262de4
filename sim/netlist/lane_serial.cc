// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/lane_serial.h"

#include <array>
#include <utility>

namespace assay::sim {
namespace {

constexpr int kBits = 10;  ///< of a byte on the line

}  // namespace

LaneSerial::LaneSerial(NetlistSimulator& simulator, netlist::Net rx, netlist::Net tx,
                       int clocks_per_bit)
    : simulator_(simulator),
      rx_(rx),
      tx_(tx),
      clocks_(clocks_per_bit),
      samples_(static_cast<std::size_t>(clocks_per_bit)),
      bytes_(static_cast<std::size_t>(simulator.lanes())) {}

void LaneSerial::run_byte(const Next& next, const Came& came) {
  std::array<LaneSet, kBits> levels;
  levels.fill(LaneSet::all(simulator_.lanes()));
  for (int lane = 0; lane < simulator_.lanes(); ++lane) {
    const auto byte = next(lane);
    if (!byte) continue;
    levels[0].remove(lane);
    for (int bit = 0; bit < 8; ++bit)
      if ((*byte >> bit & 1U) == 0) levels[static_cast<std::size_t>(bit) + 1].remove(lane);
  }
  for (const LaneSet& level : levels)
    for (int clock = 0; clock < clocks_; ++clock) step(level, came);
}

void LaneSerial::idle(int cycles, const Came& came) {
  const LaneSet all = LaneSet::all(simulator_.lanes());
  for (int i = 0; i < cycles; ++i) step(all, came);
}

void LaneSerial::step(const LaneSet& rx, const Came& came) {
  rx.put(simulator_.values(rx_));
  simulator_.settle();
  const LaneSet tx(std::as_const(simulator_).values(tx_));
  simulator_.clock();
  sample(tx, came);
  ++cycle_;
}

/// A lane looks in the middle of each bit of a byte, counted from where its line fell.
void LaneSerial::sample(const LaneSet& tx, const Came& came) {
  const auto phase = static_cast<std::size_t>(cycle_ % clocks_);
  const LaneSet begun = (LaneSet::all(simulator_.lanes()) - tx) - receiving_;
  if (!begun.empty()) {
    begun.for_each([&](int lane) { bytes_[static_cast<std::size_t>(lane)] = {}; });
    receiving_ |= begun;
    samples_[(phase + static_cast<std::size_t>(clocks_) / 2) % samples_.size()] |= begun;
  }
  LaneSet ended;
  samples_[phase].for_each([&](int lane) {
    Byte& byte = bytes_[static_cast<std::size_t>(lane)];
    const bool level = tx.has(lane);
    if (level) byte.bits |= 1U << byte.count;
    const bool last = ++byte.count == kBits, false_start = byte.count == 1 && level;
    if (last || false_start) ended.add(lane);
    if (last && level) came(lane, static_cast<std::uint8_t>(byte.bits >> 1));
  });
  samples_[phase] = samples_[phase] - ended;
  receiving_ = receiving_ - ended;
}

}  // namespace assay::sim
