// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::netlist::test {

/// A netlist one bit at a time, as its header says: the second opinion of everything that is fast.
class PlainSimulator {
 public:
  /// State that is unknown is as `unknown` says, at the start.
  explicit PlainSimulator(Netlist netlist, bool unknown = false)
      : netlist_(std::move(netlist)), order_(evaluation_order(netlist_)), values_(netlist_.nets) {
    values_[kOne] = true;
    const auto start = [&](Initial initial) {
      return initial == Initial::kUnknown ? unknown : initial == Initial::kOne;
    };
    for (const FlipFlop& cell : netlist_.flip_flops) values_[cell.q] = start(cell.initial);
    for (const Memory& memory : netlist_.memories)
      for (const Memory::ReadPort& read : memory.reads)
        if (read.registered)
          for (const Net net : read.data) values_[net] = start(read.initial);
    settle();
  }

  const Netlist& netlist() const { return netlist_; }
  bool get(Net net) const { return values_[net]; }
  void set(Net net, bool value) { values_[net] = value; }
  std::uint64_t get(std::string_view port) const { return number(netlist_.port(port)->bits); }
  void set(std::string_view port, std::uint64_t value) {
    const std::vector<Net>& bits = netlist_.port(port)->bits;
    for (std::size_t i = 0; i < bits.size(); ++i) values_[bits[i]] = value >> i & 1U;
  }
  /// Bit i of the number is nets[i]; at most 64.
  std::uint64_t number(const std::vector<Net>& nets) const {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < nets.size(); ++i) number |= std::uint64_t{values_[nets[i]]} << i;
    return number;
  }

  /// What follows from inputs and state.
  void settle() {
    for (const Step& step : order_)
      if (step.memory)
        read(netlist_.memories[step.index], netlist_.memories[step.index].reads[step.port]);
      else
        evaluate(netlist_.luts[step.index]);
  }

  /// An edge of the clock behind settle(), and what follows from it.
  void clock() {
    std::vector<std::pair<Net, bool>> next;
    for (const FlipFlop& cell : netlist_.flip_flops)
      if (cell.clock <= kOne)
        continue;
      else if (values_[cell.reset])
        next.emplace_back(cell.q, cell.reset_value);
      else if (values_[cell.enable])
        next.emplace_back(cell.q, values_[cell.d]);
    for (Memory& memory : netlist_.memories) step(memory, next);
    for (const auto& [net, value] : next) values_[net] = value;
    settle();
  }

 private:
  void evaluate(const Lut& lut) {
    std::uint64_t row = 0;
    for (int i = 0; i < lut.size; ++i)
      row |= std::uint64_t{values_[lut.inputs[static_cast<std::size_t>(i)]]} << i;
    values_[lut.out] = lut.table >> row & 1U;
  }

  /// Bit i of what a port sees; null beyond the last unit.
  std::uint64_t* unit(Memory& memory, std::uint64_t address, std::size_t ports_bits,
                      std::size_t i) const {
    const auto width = static_cast<std::size_t>(memory.unit_bits);
    const std::uint64_t at = address * (ports_bits / width) + i / width;
    return at < memory.units.size() ? &memory.units[at] : nullptr;
  }

  bool seen(Memory& memory, const Memory::ReadPort& port, std::size_t i) const {
    const std::uint64_t* at = unit(memory, number(port.address), port.data.size(), i);
    return at != nullptr && (*at >> i % static_cast<std::size_t>(memory.unit_bits) & 1U) != 0;
  }

  void read(Memory& memory, const Memory::ReadPort& port) {
    for (std::size_t i = 0; i < port.data.size(); ++i)
      values_[port.data[i]] = seen(memory, port, i);
  }

  void step(Memory& memory, std::vector<std::pair<Net, bool>>& next) {
    for (const Memory::ReadPort& port : memory.reads)
      if (port.registered && port.clock > kOne && values_[port.enable])
        for (std::size_t i = 0; i < port.data.size(); ++i)
          next.emplace_back(port.data[i], seen(memory, port, i));
    for (const Memory::WritePort& port : memory.writes)
      for (std::size_t i = 0; i < port.data.size(); ++i) {
        std::uint64_t* at = unit(memory, number(port.address), port.data.size(), i);
        if (at == nullptr || port.clock <= kOne || !values_[port.enables[i]]) continue;
        const std::uint64_t bit = std::uint64_t{1}
                                  << i % static_cast<std::size_t>(memory.unit_bits);
        *at = values_[port.data[i]] ? *at | bit : *at & ~bit;
      }
  }

  Netlist netlist_;
  std::vector<Step> order_;
  std::vector<bool> values_;
};

}  // namespace assay::netlist::test
