// SPDX-License-Identifier: Apache-2.0
#include "netlist/proof_design.h"

#include <algorithm>
#include <deque>
#include <random>
#include <set>

namespace assay::testing {

using netlist::FlipFlop;
using netlist::Initial;
using netlist::kOne;
using netlist::kZero;
using netlist::Lut;
using netlist::Memory;
using netlist::Net;
using netlist::Netlist;

std::vector<Net> Design::inputs(const std::string& name, std::size_t width) {
  std::vector<Net> bits(width);
  for (Net& bit : bits) bit = net.new_net();
  net.ports.push_back({name, true, bits});
  return bits;
}

Net Design::reg(const std::string& name, Initial initial) {
  FlipFlop cell;
  cell.name = name;
  cell.q = net.new_net();
  cell.clock = clock;
  cell.initial = initial;
  net.flip_flops.push_back(cell);
  return cell.q;
}

FlipFlop& Design::cell(Net q) {
  return *std::find_if(net.flip_flops.begin(), net.flip_flops.end(),
                       [&](const FlipFlop& cell) { return cell.q == q; });
}

Net Design::reg_of(const std::string& name, Net d, Initial initial) {
  const Net q = reg(name, initial);
  cell(q).d = d;
  return q;
}

Memory& Design::memory(const std::string& name, int unit_bits, std::vector<std::uint64_t> units) {
  Memory memory;
  memory.name = name;
  memory.unit_bits = unit_bits;
  memory.units = std::move(units);
  net.memories.push_back(std::move(memory));
  return net.memories.back();
}

std::vector<Net> Design::read(std::vector<Net> address, Net enable) {
  Memory::ReadPort port;
  port.address = std::move(address);
  for (int i = 0; i < net.memories.back().unit_bits; ++i) port.data.push_back(net.new_net());
  port.clock = clock;
  port.enable = enable;
  net.memories.back().reads.push_back(port);
  return port.data;
}

Net Design::all_of(const std::vector<Net>& nets) {
  Net result = nets[0];
  for (std::size_t i = 1; i < nets.size(); ++i) result = and2(result, nets[i]);
  return result;
}

std::vector<Net> Design::counter(const std::string& name, std::size_t width, Net enable) {
  std::vector<Net> bits;
  for (std::size_t i = 0; i < width; ++i) bits.push_back(reg(name + "[" + std::to_string(i) + "]"));
  Net carry = enable;
  for (const Net bit : bits) {
    cell(bit).d = xor2(bit, carry);
    carry = and2(bit, carry);
  }
  return bits;
}

Netlist random_design(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Design design;
  std::vector<Net> nets = design.inputs("x", 1 + random() % 3);
  const std::size_t registers = random() % 7;
  std::vector<Net> state;
  for (std::size_t i = 0; i < registers; ++i)
    state.push_back(design.reg("r" + std::to_string(i), static_cast<Initial>(random() % 2)));
  nets.insert(nets.end(), state.begin(), state.end());
  const auto any = [&] { return nets[random() % nets.size()]; };
  for (std::size_t i = 0, count = 3 + random() % 12; i < count; ++i) {
    Lut lut;
    lut.out = design.net.new_net();
    lut.size = 1 + static_cast<int>(random() % 4);
    for (int k = 0; k < lut.size; ++k) lut.inputs[static_cast<std::size_t>(k)] = any();
    lut.table = random() & ((std::uint64_t{1} << (1 << lut.size)) - 1);
    design.net.luts.push_back(lut);
    nets.push_back(lut.out);
  }
  for (const Net q : state) {
    FlipFlop& cell = design.cell(q);
    cell.d = any();
    if (random() % 3 == 0) cell.enable = any();
    if (random() % 3 == 0) cell.reset = any(), cell.reset_value = random() % 2 != 0;
  }
  std::vector<Net> shown(nets.end() - 3, nets.end());
  shown.insert(shown.end(), state.begin(), state.end());
  design.output("y", shown);
  return design.net;
}

namespace {

/// Cofactors of a table by its last input.
std::pair<std::uint64_t, std::uint64_t> halves(const Lut& lut) {
  const int half = 1 << (lut.size - 1);
  return {lut.table & ((std::uint64_t{1} << half) - 1), lut.table >> half};
}

Net add_table(Netlist& net, const Lut& like, int size, std::uint64_t table) {
  Lut lut = like;
  lut.out = net.new_net();
  lut.size = size;
  lut.table = table;
  net.luts.push_back(lut);
  return lut.out;
}

/// The table as a choice between two smaller ones.
void split_table(Netlist& net, std::size_t index) {
  const Lut lut = net.luts[index];
  if (lut.size < 2) return;
  const auto [low, high] = halves(lut);
  const Net zero = add_table(net, lut, lut.size - 1, low);
  const Net one = add_table(net, lut, lut.size - 1, high);
  Lut& choice = net.luts[index];
  choice.inputs = {zero, one, lut.inputs[static_cast<std::size_t>(lut.size - 1)]};
  choice.size = 3;
  choice.table = 0xCA;
}

/// The table's negation with a negation behind it, of negated inputs.
void negate_table(Netlist& net, std::size_t index) {
  const Lut lut = net.luts[index];
  const int rows = 1 << lut.size;
  Lut negated = lut;
  std::uint64_t table = 0;
  for (int row = 0; row < rows; ++row) table |= (~lut.table >> row & 1U) << (rows - 1 - row);
  for (int i = 0; i < lut.size; ++i)
    negated.inputs[static_cast<std::size_t>(i)] =
        net.lut(0x1, {lut.inputs[static_cast<std::size_t>(i)]});
  const Net inner = add_table(net, negated, lut.size, table);
  Lut& last = net.luts[index];
  last.inputs = {inner};
  last.size = 1;
  last.table = 0x1;
}

/// An input that is a small table is taken into the table that reads it.
void merge_table(Netlist& net, std::size_t index) {
  const Lut lut = net.luts[index];
  const auto source = std::find_if(net.luts.begin(), net.luts.end(), [&](const Lut& other) {
    return other.out == lut.inputs[0] && other.size + lut.size - 1 <= 6;
  });
  if (lut.size == 0 || source == net.luts.end()) return;
  Lut merged = *source;
  merged.out = lut.out;
  for (int i = 1; i < lut.size; ++i)
    merged.inputs[static_cast<std::size_t>(merged.size++)] =
        lut.inputs[static_cast<std::size_t>(i)];
  merged.table = 0;
  for (unsigned row = 0; row < 1U << merged.size; ++row) {
    const unsigned inner = row & ((1U << source->size) - 1);
    const std::uint64_t first = source->table >> inner & 1U;
    const std::uint64_t outer = first | std::uint64_t{row >> source->size} << 1;
    merged.table |= (lut.table >> outer & 1U) << row;
  }
  net.luts[index] = merged;
}

/// Another register that does the same, which every other reader takes.
void double_register(Netlist& net, std::size_t index) {
  FlipFlop copy = net.flip_flops[index];
  copy.q = net.new_net();
  copy.name += "_copy";
  std::size_t readers = 0;
  for (Lut& lut : net.luts)
    for (int i = 0; i < lut.size; ++i)
      if (Net& in = lut.inputs[static_cast<std::size_t>(i)];
          in == net.flip_flops[index].q && readers++ % 2 == 0)
        in = copy.q;
  net.flip_flops.push_back(copy);
}

}  // namespace

Netlist rewritten(const Netlist& original, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Netlist net = original;
  for (int i = 0; i < 12; ++i) {
    const std::size_t index = random() % net.luts.size();
    switch (random() % 4) {
      case 0:
        split_table(net, index);
        break;
      case 1:
        negate_table(net, index);
        break;
      case 2:
        merge_table(net, index);
        break;
      default:
        if (!net.flip_flops.empty()) double_register(net, random() % net.flip_flops.size());
    }
  }
  std::shuffle(net.flip_flops.begin(), net.flip_flops.end(), random);
  std::shuffle(net.luts.begin(), net.luts.end(), random);
  for (FlipFlop& cell : net.flip_flops) cell.name = "cell" + std::to_string(cell.q);
  return net;
}

void flip_bit(Netlist& netlist, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Lut& lut = netlist.luts[random() % netlist.luts.size()];
  lut.table ^= std::uint64_t{1} << random() % (std::uint64_t{1} << lut.size);
}

namespace {

/// One state and one input, bit by bit, straight from the definitions.
struct Scalar {
  explicit Scalar(const Netlist& netlist) : net(netlist), order(evaluation_order(netlist)) {}

  std::size_t input_bits() const {
    std::size_t bits = 0;
    for (const auto& port : net.ports)
      if (port.input && port.name != "clk") bits += port.bits.size();
    return bits;
  }
  std::uint64_t start() const {
    std::uint64_t state = 0;
    for (std::size_t i = 0; i < net.flip_flops.size(); ++i)
      if (net.flip_flops[i].initial == Initial::kOne) state |= std::uint64_t{1} << i;
    return state;
  }
  /// Outputs and the next state.
  std::pair<std::uint64_t, std::uint64_t> step(std::uint64_t state, std::uint64_t input) const {
    std::vector<bool> value(net.nets);
    value[kOne] = true;
    for (const auto& port : net.ports)
      for (std::size_t i = 0; port.input && port.name != "clk" && i < port.bits.size(); ++i) {
        value[port.bits[i]] = (input & 1U) != 0;
        input >>= 1;
      }
    for (std::size_t i = 0; i < net.flip_flops.size(); ++i)
      value[net.flip_flops[i].q] = (state >> i & 1U) != 0;
    for (const auto& step : order) {
      const Lut& lut = net.luts[step.index];
      unsigned row = 0;
      for (int i = 0; i < lut.size; ++i)
        row |= (value[lut.inputs[static_cast<std::size_t>(i)]] ? 1U : 0U) << i;
      value[lut.out] = (lut.table >> row & 1U) != 0;
    }
    std::uint64_t outputs = 0, next = 0;
    for (const auto& port : net.ports)
      for (std::size_t i = 0; !port.input && i < port.bits.size(); ++i)
        outputs = outputs << 1 | (value[port.bits[i]] ? 1U : 0U);
    for (std::size_t i = 0; i < net.flip_flops.size(); ++i) {
      const FlipFlop& cell = net.flip_flops[i];
      const bool bit = value[cell.reset]    ? cell.reset_value
                       : value[cell.enable] ? value[cell.d]
                                            : value[cell.q];
      next |= std::uint64_t{bit ? 1U : 0U} << i;
    }
    return {outputs, next};
  }

  const Netlist& net;
  std::vector<netlist::Step> order;
};

}  // namespace

bool same_by_search(const Netlist& a, const Netlist& b) {
  const Scalar first(a), second(b);
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen{{first.start(), second.start()}};
  std::deque<std::pair<std::uint64_t, std::uint64_t>> open(seen.begin(), seen.end());
  while (!open.empty()) {
    const auto [x, y] = open.front();
    open.pop_front();
    for (std::uint64_t input = 0; input < std::uint64_t{1} << first.input_bits(); ++input) {
      const auto [out_a, next_a] = first.step(x, input);
      const auto [out_b, next_b] = second.step(y, input);
      if (out_a != out_b) return false;
      if (seen.emplace(next_a, next_b).second) open.emplace_back(next_a, next_b);
    }
  }
  return true;
}

bool same_functions(const Netlist& a, const Netlist& b) {
  const Scalar first(a), second(b);
  for (std::uint64_t state = 0; state < std::uint64_t{1} << a.flip_flops.size(); ++state)
    for (std::uint64_t input = 0; input < std::uint64_t{1} << first.input_bits(); ++input)
      if (first.step(state, input) != second.step(state, input)) return false;
  return true;
}

}  // namespace assay::testing
