// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/lane_serial.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "sim/bench/serial.h"

namespace assay::sim {
namespace {

constexpr int kLanes = 64;

/// A line that says what it hears, `delay` cycles later.
netlist::Netlist echo(int delay) {
  netlist::Netlist n;
  n.name = "echo";
  const netlist::Net clock = n.new_net(), rx = n.new_net();
  netlist::Net last = rx;
  for (int i = 0; i < delay; ++i) {
    netlist::FlipFlop cell{.name = "d", .q = n.new_net(), .d = last};
    cell.clock = clock;
    cell.initial = netlist::Initial::kOne;
    last = cell.q;
    n.flip_flops.push_back(cell);
  }
  n.ports = {{"clk", true, {clock}}, {"rx", true, {rx}}, {"tx", false, {last}}};
  return n;
}

/// Every lane hears bytes of its own, begins at a time of its own, and pauses.
void expect_echo(int clocks, int delay) {
  NetlistSimulator simulator(echo(delay), kLanes);
  simulator.wake(1);
  LaneSerial serial(simulator, simulator.netlist().port("rx")->bits[0],
                    simulator.netlist().port("tx")->bits[0], clocks);
  std::mt19937 random(7);
  std::vector<std::string> said(kLanes), heard(kLanes);
  const auto came = [&](int lane, std::uint8_t byte) {
    heard[static_cast<std::size_t>(lane)] += static_cast<char>(byte);
  };
  for (int i = 0; i < 40; ++i)
    serial.run_byte(
        [&](int lane) -> std::optional<std::uint8_t> {
          if (random() % 4 == 0) return {};
          const auto byte = static_cast<std::uint8_t>(random());
          said[static_cast<std::size_t>(lane)] += static_cast<char>(byte);
          return byte;
        },
        came);
  serial.idle(10 * clocks + delay, came);
  EXPECT_EQ(serial.cycles(), 410 * clocks + delay);
  for (int lane = 0; lane < kLanes; ++lane)
    EXPECT_EQ(heard[static_cast<std::size_t>(lane)], said[static_cast<std::size_t>(lane)])
        << clocks << " clocks, lane " << lane;
}

TEST(LaneSerial, MovesBytesOfAllLanes) {
  for (const int clocks : {4, 5, 8})
    for (const int delay : {1, 2, 3, 7, 11}) expect_echo(clocks, delay);
}

/// Whatever the line does, as the receiver of a single one says.
TEST(LaneSerial, HearsWhatOneReceiverHears) {
  constexpr int kClocks = 4, kCycles = 4000;
  NetlistSimulator simulator(echo(1), kLanes);
  simulator.wake(1);
  const netlist::Net rx = simulator.netlist().port("rx")->bits[0];
  LaneSerial serial(simulator, rx, simulator.netlist().port("tx")->bits[0], kClocks);
  std::mt19937_64 random(3);
  std::vector<LineReceiver> single(kLanes, LineReceiver(kClocks));
  std::vector<std::string> expected(kLanes), heard(kLanes);
  // Levels that last a cycle or some: a table between pad and register would be the same.
  NetlistSimulator reference(echo(1), kLanes);
  reference.wake(1);
  const netlist::Net tx = reference.netlist().port("tx")->bits[0];
  std::uint64_t level = ~std::uint64_t{0};
  std::vector<std::uint64_t> levels;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    level ^= random() & random() & random();
    levels.push_back(level);
  }
  for (const std::uint64_t now : levels) {
    reference.values(rx)[0] = now;
    reference.settle();
    const std::uint64_t said = std::as_const(reference).values(tx)[0];
    reference.clock();
    for (int lane = 0; lane < kLanes; ++lane)
      if (const auto byte = single[static_cast<std::size_t>(lane)].take((said >> lane & 1U) != 0))
        expected[static_cast<std::size_t>(lane)] += static_cast<char>(*byte);
  }
  for (const std::uint64_t now : levels)
    serial.step(LaneSet(std::span(&now, 1)), [&](int lane, std::uint8_t byte) {
      heard[static_cast<std::size_t>(lane)] += static_cast<char>(byte);
    });
  EXPECT_EQ(heard, expected);
  std::size_t bytes = 0;
  for (const std::string& lane : heard) bytes += lane.size();
  EXPECT_GT(bytes, 100U);
}

}  // namespace
}  // namespace assay::sim
