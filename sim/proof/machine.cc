// SPDX-License-Identifier: Apache-2.0
#include "sim/proof/machine.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <unordered_set>

namespace assay::sim {
namespace {

using netlist::kOne;
using netlist::kZero;
using netlist::Memory;
using netlist::Net;
using netlist::Netlist;

std::string bit_name(const std::string& name, std::size_t bits, std::size_t i) {
  return bits == 1 ? name : name + "[" + std::to_string(i) + "]";
}

/// For each net the name that people know best: of the source, and short.
std::map<Net, std::string> known_names(const Netlist& netlist) {
  std::map<Net, std::string> result;
  const auto rank = [](const std::string& name) {
    return std::pair(name.find('$') != std::string::npos, name.size());
  };
  for (const auto& [name, bits] : netlist.names)
    for (std::size_t i = 0; i < bits.size(); ++i) {
      std::string full = bit_name(name, bits.size(), i);
      std::string& best = result[bits[i]];
      if (best.empty() || rank(full) < rank(best)) best = std::move(full);
    }
  return result;
}

/// State that no clock moves: its clock is a constant.
bool stands_still(Net clock) { return clock <= kOne; }

/// A registered read port is one that is not, and a flip-flop with an enable behind each bit.
void split_read_ports(Netlist& net) {
  for (Memory& memory : net.memories)
    for (std::size_t p = 0; p < memory.reads.size(); ++p) {
      Memory::ReadPort& port = memory.reads[p];
      if (!port.registered) continue;
      for (std::size_t i = 0; i < port.data.size(); ++i) {
        netlist::FlipFlop cell;
        cell.name = memory.name + " read port " + std::to_string(p) + " bit " + std::to_string(i);
        cell.q = port.data[i];
        cell.d = port.data[i] = net.new_net();
        cell.clock = port.clock, cell.falling = port.falling, cell.enable = port.enable;
        cell.initial = port.initial;
        net.flip_flops.push_back(std::move(cell));
      }
      port.registered = false, port.clock = kZero, port.enable = kOne;
    }
}

/// The function of a flip-flop's next value.
Net next_value(Netlist& net, const netlist::FlipFlop& cell) {
  if (stands_still(cell.clock)) return net.lut(0x2, {cell.q});
  const bool enabled = cell.enable != kOne, resets = cell.reset != kZero;
  // Inputs are d, q, enable and reset, as far as there are.
  const std::uint64_t reset_rows = cell.reset_value ? 0xFF00 : 0;
  if (enabled && resets)
    return net.lut(0xAC | reset_rows, {cell.d, cell.q, cell.enable, cell.reset});
  if (enabled) return net.lut(0xAC, {cell.d, cell.q, cell.enable});
  if (resets) return net.lut(cell.reset_value ? 0xE : 0x2, {cell.d, cell.reset});
  return net.lut(0x2, {cell.d});
}

std::vector<bool> nets_read(const Netlist& net) {
  std::vector<bool> read(net.nets);
  for (const netlist::Port& port : net.ports)
    if (!port.input)
      for (const Net bit : port.bits) read[bit] = true;
  for (const netlist::Lut& lut : net.luts)
    for (int i = 0; i < lut.size; ++i) read[lut.inputs[static_cast<std::size_t>(i)]] = true;
  for (const netlist::FlipFlop& cell : net.flip_flops)
    read[cell.d] = read[cell.enable] = read[cell.reset] = true;
  for (const Memory& memory : net.memories) {
    for (const auto& port : memory.reads)
      for (const Net bit : port.address) read[bit] = true;
    for (const auto& port : memory.writes)
      for (const auto* bits : {&port.address, &port.data, &port.enables})
        for (const Net bit : *bits) read[bit] = true;
  }
  return read;
}

/// Leaves what is read; an address without zeros in front. Ports that never write are gone already.
void drop_ports(Memory& memory, const std::vector<bool>& read) {
  std::erase_if(memory.reads, [&](const Memory::ReadPort& port) {
    return std::none_of(port.data.begin(), port.data.end(), [&](Net bit) { return read[bit]; });
  });
  const auto strip = [](std::vector<Net>& address) {
    while (!address.empty() && address.back() == kZero) address.pop_back();
  };
  for (auto& port : memory.reads) strip(port.address);
  for (auto& port : memory.writes) strip(port.address);
}

/// How many bits a word of all columns has: the widest that every port reads or writes whole.
std::size_t columns_of(const Memory& memory) {
  std::size_t width = 0;
  for (const auto& port : memory.reads) width = std::gcd(width, port.data.size());
  for (const auto& port : memory.writes) width = std::gcd(width, port.data.size());
  return width;
}

void add_read(Column& column, const Memory::ReadPort& port, std::size_t width,
              const std::vector<bool>& read) {
  std::vector<Net> mine;
  for (auto i = static_cast<std::size_t>(column.bit); i < port.data.size(); i += width)
    mine.push_back(port.data[i]);
  if (std::none_of(mine.begin(), mine.end(), [&](Net bit) { return read[bit]; })) return;
  column.shape.insert(column.shape.end(), {1, static_cast<std::uint32_t>(port.address.size()),
                                           static_cast<std::uint32_t>(mine.size())});
  column.pins.insert(column.pins.end(), port.address.begin(), port.address.end());
  column.reads.insert(column.reads.end(), mine.begin(), mine.end());
}

void add_write(Column& column, const Memory::WritePort& port, std::size_t width) {
  std::vector<Net> data, enables;
  for (auto i = static_cast<std::size_t>(column.bit); i < port.data.size(); i += width) {
    data.push_back(port.data[i]);
    enables.push_back(port.enables[i]);
  }
  if (std::all_of(enables.begin(), enables.end(), [](Net bit) { return bit == kZero; })) return;
  column.shape.insert(column.shape.end(), {2, static_cast<std::uint32_t>(port.address.size()),
                                           static_cast<std::uint32_t>(data.size())});
  column.pins.insert(column.pins.end(), port.address.begin(), port.address.end());
  column.pins.insert(column.pins.end(), data.begin(), data.end());
  column.pins.insert(column.pins.end(), enables.begin(), enables.end());
}

void add_columns(Machine& machine, const Memory& memory, const std::vector<bool>& read) {
  const std::size_t width = columns_of(memory);
  const auto unit = static_cast<std::size_t>(memory.unit_bits);
  for (std::size_t bit = 0; bit < width; ++bit) {
    Column column;
    column.name = memory.name;
    column.bit = static_cast<int>(bit);
    for (std::size_t at = bit; at < memory.units.size() * unit; at += width) {
      if (column.words % 64 == 0) column.contents.push_back(0);
      column.contents.back() |= (memory.units[at / unit] >> (at % unit) & 1U) << column.words % 64;
      ++column.words;
    }
    column.shape.push_back(static_cast<std::uint32_t>(column.words));
    for (const auto& port : memory.reads) add_read(column, port, width, read);
    if (column.reads.empty()) continue;
    for (const auto& port : memory.writes) add_write(column, port, width);
    machine.columns.push_back(std::move(column));
  }
}

std::vector<NamedNet> port_bits(const Netlist& net, bool input) {
  std::vector<NamedNet> result;
  for (const netlist::Port& port : net.ports)
    if (port.input == input)
      for (std::size_t i = 0; i < port.bits.size(); ++i)
        result.push_back({bit_name(port.name, port.bits.size(), i), port.bits[i]});
  std::sort(result.begin(), result.end(),
            [](const NamedNet& x, const NamedNet& y) { return x.name < y.name; });
  return result;
}

std::string describe_clock(const Netlist& net, const std::vector<NamedNet>& inputs) {
  const Net clock = netlist::clock_of(net);
  if (stands_still(clock)) return "";
  bool falling = false;
  for (const auto& cell : net.flip_flops)
    if (!stands_still(cell.clock)) falling = cell.falling;
  for (const Memory& memory : net.memories)
    for (const auto& port : memory.writes) falling = port.falling;
  const auto at = std::find_if(inputs.begin(), inputs.end(),
                               [&](const NamedNet& input) { return input.net == clock; });
  std::string made;
  for (const netlist::ClockMaker& maker : net.clock_makers)
    made += " by " + netlist::clock_maker_text(maker);
  return "the " + std::string(falling ? "falling" : "rising") + " edge" + made + " of " +
         (at == inputs.end() ? "what is no input" : at->name);
}

}  // namespace

Machine make_machine(const Netlist& netlist) {
  netlist::verify(netlist);
  Machine machine;
  machine.net = netlist;
  Netlist& net = machine.net;
  netlist::simplify(net);
  split_read_ports(net);
  netlist::simplify(net);
  const std::vector<bool> read = nets_read(net);
  for (Memory& memory : net.memories) drop_ports(memory, read);
  for (const Memory& memory : net.memories) add_columns(machine, memory, read);
  machine.inputs = port_bits(net, true);
  machine.outputs = port_bits(net, false);
  machine.clock = describe_clock(net, machine.inputs);
  const std::map<Net, std::string> names = known_names(netlist);
  for (const netlist::FlipFlop& cell : net.flip_flops) {
    const auto name = names.find(cell.q);
    machine.registers.push_back({name == names.end() ? cell.name : name->second, cell.q,
                                 next_value(net, cell), cell.initial});
  }
  for (NamedNet& output : machine.outputs) output.net = net.lut(0x2, {output.net});
  machine.order = netlist::evaluation_order(net);
  machine.driver.resize(net.nets);
  for (std::uint32_t i = 0; i < net.luts.size(); ++i) machine.driver[net.luts[i].out] = i + 1;
  return machine;
}

std::vector<Net> Machine::support(Net root) const {
  std::vector<Net> result, open{root};
  std::unordered_set<Net> seen{kZero, kOne, root};
  while (!open.empty()) {
    const Net at = open.back();
    open.pop_back();
    if (driver[at] == 0) {
      if (at > kOne) result.push_back(at);
      continue;
    }
    const netlist::Lut& lut = net.luts[driver[at] - 1];
    for (int i = 0; i < lut.size; ++i)
      if (const Net in = lut.inputs[static_cast<std::size_t>(i)]; seen.insert(in).second)
        open.push_back(in);
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::string Machine::leaf_name(Net leaf) const {
  for (const NamedNet& input : inputs)
    if (input.net == leaf) return input.name;
  for (const StateBit& bit : registers)
    if (bit.q == leaf) return bit.name;
  for (const Column& column : columns)
    if (std::find(column.reads.begin(), column.reads.end(), leaf) != column.reads.end())
      return "what is read from memory " + column.name + ", bit " + std::to_string(column.bit);
  return "net " + std::to_string(leaf);
}

Lanes::Lanes(const Machine& machine, std::size_t words)
    : words_(words), values_(machine.net.nets * words) {
  std::fill_n(at(kOne), words, ~std::uint64_t{0});
}

void Lanes::evaluate(const netlist::Lut& lut) {
  std::array<const std::uint64_t*, 6> inputs{};
  const auto size = static_cast<std::size_t>(lut.size);
  for (std::size_t k = 0; k < size; ++k) inputs[k] = at(lut.inputs[k]);
  std::uint64_t* out = at(lut.out);
  std::array<std::uint64_t, 64> rows;  // NOLINT
  for (std::size_t w = 0; w < words_; ++w) {
    for (std::size_t i = 0; i < std::size_t{1} << size; ++i)
      rows[i] = std::uint64_t{0} - (lut.table >> i & 1U);
    for (std::size_t k = 0; k < size; ++k)
      for (std::size_t i = 0; i < std::size_t{1} << (size - k - 1); ++i)
        rows[i] = rows[2 * i] ^ ((rows[2 * i] ^ rows[2 * i + 1]) & inputs[k][w]);
    out[w] = rows[0];
  }
}

void Lanes::evaluate(const Machine& machine) {
  for (const netlist::Step& step : machine.order)
    if (!step.memory) evaluate(machine.net.luts[step.index]);
}

Run::Run(const Machine& machine) : machine_(machine), lanes_(machine, 1) {
  for (const StateBit& bit : machine.registers)
    *lanes_.at(bit.q) = bit.initial == netlist::Initial::kOne ? ~std::uint64_t{0} : 0;
  for (const Memory& memory : machine.net.memories) {
    std::vector<std::uint64_t> bits;
    for (const std::uint64_t value : memory.units)
      for (int k = 0; k < memory.unit_bits; ++k)
        bits.push_back(std::uint64_t{0} - (value >> k & 1U));
    bits_.push_back(std::move(bits));
  }
}

Run::Addresses Run::addresses(const std::vector<Net>& nets) const {
  Addresses result(64);
  for (std::size_t k = 0; k < nets.size(); ++k) {
    const std::uint64_t bits = *lanes_.at(nets[k]);
    for (std::size_t lane = 0; lane < 64; ++lane) result[lane] |= (bits >> lane & 1U) << k;
  }
  return result;
}

void Run::read(std::size_t memory, const Memory::ReadPort& port) {
  const std::vector<std::uint64_t>& bits = bits_[memory];
  const std::size_t width = port.data.size();
  const Addresses where = addresses(port.address);
  for (std::size_t i = 0; i < width; ++i) {
    std::uint64_t word = 0;
    for (std::size_t lane = 0; lane < 64; ++lane) {
      const std::size_t at = where[lane] * width + i;
      if (at < bits.size()) word |= bits[at] & std::uint64_t{1} << lane;
    }
    *lanes_.at(port.data[i]) = word;
  }
}

void Run::write(std::size_t memory, const Memory::WritePort& port) {
  std::vector<std::uint64_t>& bits = bits_[memory];
  const std::size_t width = port.data.size();
  const Addresses where = addresses(port.address);
  for (std::size_t i = 0; i < width; ++i) {
    const std::uint64_t enable = *at(port.enables[i]), data = *at(port.data[i]);
    for (std::size_t lane = 0; enable != 0 && lane < 64; ++lane) {
      const std::size_t at = where[lane] * width + i;
      const std::uint64_t mask = std::uint64_t{1} << lane & enable;
      if (at < bits.size()) bits[at] = (bits[at] & ~mask) | (data & mask);
    }
  }
}

void Run::settle() {
  for (const netlist::Step& step : machine_.order)
    if (step.memory)
      read(step.index, machine_.net.memories[step.index].reads[step.port]);
    else
      lanes_.evaluate(machine_.net.luts[step.index]);
}

void Run::step() {
  for (std::size_t m = 0; m < bits_.size(); ++m)
    for (const auto& port : machine_.net.memories[m].writes) write(m, port);
  // Next values have nets of their own: none is read after it changed.
  for (const StateBit& bit : machine_.registers) *lanes_.at(bit.q) = *at(bit.next);
}

}  // namespace assay::sim
