// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/ice40_ram.h"

#include <algorithm>

#include "compile/netlist/gates.h"

namespace assay::netlist {
namespace {

/// Narrow ports take every second, fourth or eighth bit of a word: bits of a word in the order of their
/// reversed numbers lie side by side for every port.
int place(int bit) { return (bit & 1) << 3 | (bit & 2) << 1 | (bit & 4) >> 1 | (bit & 8) >> 3; }

int width_of(int mode) { return 16 >> mode; }

/// The pin that is bit i of a port's data: the one of 2, 4 or 8 pins that their mode uses.
int pin_of(int mode, int i) {
  constexpr int kOffset[] = {0, 0, 1, 3};
  return place(i) + kOffset[mode];
}

std::vector<Net> ice40_address_of(const std::array<Net, 11>& address, int mode) {
  std::vector<Net> nets;
  for (int i = mode; i > 0; --i) nets.push_back(address[static_cast<std::size_t>(7 + i)]);
  nets.insert(nets.end(), address.begin(), address.begin() + 8);
  return nets;
}

std::vector<std::uint64_t> ice40_units_of(const std::array<std::uint16_t, 256>& words, int width) {
  std::vector<std::uint64_t> units(static_cast<std::size_t>(256 * 16 / width));
  for (int i = 0; i < 256 * 16; ++i) {
    const int at = i / 16 * 16 + place(i % 16);
    const std::uint64_t bit = words[static_cast<std::size_t>(i / 16)] >> i % 16 & 1U;
    units[static_cast<std::size_t>(at / width)] |= bit << at % width;
  }
  return units;
}

Memory::ReadPort ice40_read_port(Netlist& netlist, const Ice40Ram& ram) {
  Memory::ReadPort port;
  port.address = ice40_address_of(ram.raddr, ram.read_mode);
  port.clock = ram.rclk, port.falling = ram.read_falling;
  port.enable = and_of(netlist, ram.rclke, ram.re);
  port.initial = Initial::kUnknown;
  std::array<bool, 16> used{};
  for (int i = 0; i < width_of(ram.read_mode); ++i) {
    const auto pin = static_cast<std::size_t>(pin_of(ram.read_mode, i));
    port.data.push_back(ram.rdata[pin]);
    used[pin] = true;
  }
  for (std::size_t pin = 0; pin < 16; ++pin) {
    if (used[pin]) continue;
    netlist.lut(0, {});
    netlist.luts.back().out = ram.rdata[pin];
  }
  return port;
}

Memory::WritePort ice40_write_port(Netlist& netlist, const Ice40Ram& ram) {
  Memory::WritePort port;
  port.address = ice40_address_of(ram.waddr, ram.write_mode);
  port.clock = ram.wclk, port.falling = ram.write_falling;
  const Net enable = and_of(netlist, ram.wclke, ram.we);
  for (int i = 0; i < width_of(ram.write_mode); ++i) {
    const auto pin = static_cast<std::size_t>(pin_of(ram.write_mode, i));
    port.data.push_back(ram.wdata[pin]);
    port.enables.push_back(
        ram.write_mode == 0 ? and_of(netlist, enable, not_of(netlist, ram.mask[pin])) : enable);
  }
  return port;
}

}  // namespace

void add_ice40_ram(Netlist& netlist, const Ice40Ram& ram) {
  Memory memory;
  memory.name = ram.name;
  memory.unit_bits = std::min(width_of(ram.read_mode), width_of(ram.write_mode));
  memory.units = ice40_units_of(ram.words, memory.unit_bits);
  memory.reads.push_back(ice40_read_port(netlist, ram));
  memory.writes.push_back(ice40_write_port(netlist, ram));
  netlist.memories.push_back(std::move(memory));
}

}  // namespace assay::netlist
