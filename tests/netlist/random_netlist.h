// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

/// What the simulators of netlists are tried on.
namespace assay::netlist::test {

inline Memory memory_of(int unit_bits, std::vector<std::uint64_t> units = {}) {
  Memory memory;
  memory.unit_bits = unit_bits;
  memory.units = std::move(units);
  return memory;
}

inline std::vector<Net> add_port(Netlist& netlist, const std::string& name, bool input, int bits) {
  std::vector<Net> nets;
  for (int i = 0; i < bits; ++i) nets.push_back(netlist.new_net());
  netlist.ports.push_back({name, input, nets});
  return nets;
}

inline void add_output(Netlist& netlist, const std::string& name, std::vector<Net> bits) {
  netlist.ports.push_back({name, false, std::move(bits)});
}

/// A design with a clock and nothing else.
struct Draft {
  Draft() : clock(add_port(netlist, "clk", true, 1)[0]) {}
  Net flip_flop(Net d, Initial initial = Initial::kZero) {
    const Net q = netlist.new_net();
    netlist.flip_flops.push_back({.name = {}, .q = q, .d = d, .clock = clock, .initial = initial});
    return q;
  }
  Memory::ReadPort read(std::vector<Net> address, int bits, bool registered) {
    Memory::ReadPort port;
    port.address = std::move(address);
    port.registered = registered;
    if (registered) port.clock = clock;
    for (int i = 0; i < bits; ++i) port.data.push_back(netlist.new_net());
    return port;
  }
  Netlist netlist;
  Net clock;
};

/// Everything a netlist can have, wired at random.
class RandomNetlist {
 public:
  explicit RandomNetlist(unsigned seed) : random_(seed) {
    known_ = add_port(draft_.netlist, "in", true, 12);
    known_.insert(known_.end(), {kZero, kOne});
    const std::size_t state = known_.size();
    for (int i = 0; i < 20; ++i) known_.push_back(draft_.netlist.new_net());
    for (int i = 0; i < 6; ++i) add_memory();
    for (int i = 0; i < 150; ++i) {
      if (below(20) == 0)
        add_asynchronous_memory();
      else
        add_table();
    }
    for (std::size_t i = state; i < state + 20; ++i) add_flip_flop(known_[i]);
    for (Memory& memory : draft_.netlist.memories) connect(memory);
    add_output(draft_.netlist, "out", pick(40));
  }
  Netlist take() { return draft_.netlist; }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  Net pick() { return known_[below(known_.size())]; }
  std::vector<Net> pick(std::size_t count) {
    std::vector<Net> result;
    while (result.size() < count) result.push_back(pick());
    return result;
  }
  Initial initial() { return static_cast<Initial>(below(3)); }

  void add_table() {
    Lut lut{.out = draft_.netlist.new_net(), .size = static_cast<int>(below(7))};
    for (int i = 0; i < lut.size; ++i) lut.inputs[static_cast<std::size_t>(i)] = pick();
    lut.table = random_() & (~std::uint64_t{0} >> (64 - (1U << lut.size)));
    draft_.netlist.luts.push_back(lut);
    known_.push_back(lut.out);
  }

  void add_flip_flop(Net q) {
    FlipFlop cell{.name = {}, .q = q, .d = pick(), .clock = draft_.clock};
    if (below(2) == 0) cell.enable = pick();
    if (below(2) == 0) cell.reset = pick();
    cell.reset_value = below(2) == 0;
    cell.initial = initial();
    draft_.netlist.flip_flops.push_back(cell);
  }

  Memory contents() {
    constexpr std::array<int, 6> kWidths = {1, 2, 4, 9, 18, 64};
    Memory memory = memory_of(kWidths[below(6)]);
    memory.units.resize(below(2) == 0 ? 1 + below(64) : 65 + below(300));
    for (std::uint64_t& unit : memory.units)
      unit = random_() & (~std::uint64_t{0} >> (64 - memory.unit_bits));
    return memory;
  }

  std::size_t width(const Memory& memory) {
    return static_cast<std::size_t>(memory.unit_bits) << below(4);
  }

  /// Read at the edge, whatever its pins are: they are connected when there is logic.
  void add_memory() {
    Memory memory = contents();
    for (std::uint64_t i = 0; i <= below(2); ++i) {
      memory.reads.push_back(draft_.read({}, static_cast<int>(width(memory)), true));
      memory.reads.back().initial = initial();
      known_.insert(known_.end(), memory.reads.back().data.begin(), memory.reads.back().data.end());
    }
    draft_.netlist.memories.push_back(memory);
  }

  void add_asynchronous_memory() {
    Memory memory = contents();
    memory.reads.push_back(draft_.read(pick(below(9)), static_cast<int>(width(memory)), false));
    known_.insert(known_.end(), memory.reads[0].data.begin(), memory.reads[0].data.end());
    draft_.netlist.memories.push_back(memory);
  }

  void connect(Memory& memory) {
    const std::vector<Net> shared = pick(7);
    for (Memory::ReadPort& read : memory.reads)
      if (read.registered) {
        read.address = below(2) == 0 ? shared : pick(below(9));
        if (below(2) == 0) read.enable = pick();
      }
    for (std::uint64_t i = below(3); i > 0; --i) {
      Memory::WritePort write;
      write.address = below(2) == 0 ? shared : pick(below(9));
      write.data = pick(width(memory));
      write.clock = draft_.clock;
      write.enables =
          below(2) == 0 ? pick(write.data.size()) : std::vector<Net>(write.data.size(), pick());
      memory.writes.push_back(write);
    }
  }

  std::mt19937_64 random_;
  Draft draft_;
  std::vector<Net> known_;
};

}  // namespace assay::netlist::test
