// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "compile/netlist/netlist.h"
#include "netlist/plain_simulator.h"

/// What was synthesised against what the bits do.
namespace assay::netlist::test {

/// How many of the outputs of all cycles differ, the same random inputs given to both.
inline int differences(const Netlist& a, const Netlist& b, int cycles, std::uint64_t seed = 1) {
  PlainSimulator left(a), right(b);
  std::mt19937_64 random(seed);
  int result = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    for (const Port& port : a.ports) {
      if (!port.input || port.name == "clk") continue;
      const std::uint64_t value = random();
      left.set(port.name, value);
      right.set(port.name, value);
    }
    left.settle();
    right.settle();
    for (const Port& port : a.ports)
      if (!port.input && left.get(port.name) != right.get(port.name)) ++result;
    left.clock();
    right.clock();
  }
  return result;
}

/// The same ports, as many bits of state, and the same outputs.
inline void expect_equal(Netlist synthesised, const Netlist& extracted, int cycles) {
  simplify(synthesised);
  ASSERT_EQ(synthesised.ports.size(), extracted.ports.size());
  for (const Port& port : synthesised.ports) {
    const Port* other = extracted.port(port.name);
    ASSERT_NE(other, nullptr) << port.name;
    ASSERT_EQ(other->bits.size(), port.bits.size()) << port.name;
    ASSERT_EQ(other->input, port.input) << port.name;
  }
  EXPECT_EQ(synthesised.flip_flops.size(), extracted.flip_flops.size());
  EXPECT_EQ(synthesised.memories.size(), extracted.memories.size());
  EXPECT_EQ(differences(synthesised, extracted, cycles), 0);
}

}  // namespace assay::netlist::test
