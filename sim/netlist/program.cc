// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/program.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "compile/base/error.h"

namespace assay::sim {
namespace {

using netlist::FlipFlop;
using netlist::kOne;
using netlist::kZero;
using netlist::Lut;
using netlist::Memory;
using netlist::Net;
using netlist::Netlist;

/// Calls body for every net that logic or state reads, clocks apart.
template <typename Body>
void for_each_pin(const Netlist& netlist, const Body& body) {
  for (const Lut& lut : netlist.luts)
    for (int i = 0; i < lut.size; ++i) body(lut.inputs[static_cast<std::size_t>(i)]);
  for (const FlipFlop& cell : netlist.flip_flops)
    for (const Net net : {cell.d, cell.enable, cell.reset}) body(net);
  for (const Memory& memory : netlist.memories) {
    for (const Memory::ReadPort& read : memory.reads) {
      for (const Net net : read.address) body(net);
      body(read.enable);
    }
    for (const Memory::WritePort& write : memory.writes)
      for (const auto* nets : {&write.address, &write.data, &write.enables})
        for (const Net net : *nets) body(net);
  }
}

/// One edge moves all state: so its clock comes from outside, and nothing else looks at it.
void check_clock(const Netlist& netlist) {
  const Net clock = netlist::clock_of(netlist);
  if (clock == kZero) return;
  const bool input = std::ranges::any_of(netlist.ports, [&](const netlist::Port& port) {
    return port.input && std::ranges::find(port.bits, clock) != port.bits.end();
  });
  if (!input)
    user_error(
        "netlist '{}': the clock is net {}, which is no input; a clock made inside is not "
        "simulated",
        netlist.name, clock);
  for_each_pin(netlist, [&](Net net) {
    if (net == clock)
      user_error("netlist '{}': the clock, net {}, is also data; that is not simulated",
                 netlist.name, clock);
  });
}

MemoryPlan plan_memory(const Memory& memory) {
  MemoryPlan plan;
  plan.written = !memory.writes.empty();
  plan.unit_bits = memory.unit_bits;
  plan.units = static_cast<std::uint32_t>(memory.units.size());
  const auto bits = static_cast<std::uint32_t>(memory.unit_bits);
  plan.small = plan.units <= kSmallUnits && plan.units * bits <= kSmallBits;
  if (plan.small) return plan;
  std::uint32_t common = 0;
  for (const Memory::ReadPort& read : memory.reads)
    common = std::gcd(common, static_cast<std::uint32_t>(read.data.size()) / bits);
  for (const Memory::WritePort& write : memory.writes)
    common = std::gcd(common, static_cast<std::uint32_t>(write.data.size()) / bits);
  for (std::uint32_t joined = std::min(common, 64 / bits); joined > 1; --joined)
    if (common % joined == 0 && plan.units % joined == 0) {
      plan.joined = joined;
      break;
    }
  plan.units /= plan.joined;
  plan.unit_bits *= static_cast<int>(plan.joined);
  return plan;
}

/// The coefficients of a table's polynomial, as passes.h has it: rows of the table, of which those
/// of every product without a factor are added to those with it.
std::vector<std::uint64_t> leaves_of(std::uint64_t table, int inputs) {
  const int rows = 1 << leaf_inputs(inputs);
  std::vector<std::uint64_t> leaves(static_cast<std::size_t>(leaf_count(inputs)));
  for (std::size_t i = 0; i < leaves.size(); ++i)
    leaves[i] = table >> (static_cast<std::size_t>(rows) * i) & ((1U << rows) - 1);
  for (std::size_t factor = 1; factor < leaves.size(); factor *= 2)
    for (std::size_t i = 0; i < leaves.size(); ++i)
      if ((i & factor) != 0) leaves[i] ^= leaves[i - factor];
  return leaves;
}

class Compiler {
 public:
  explicit Compiler(const Netlist& netlist) : netlist_(netlist) {
    check_clock(netlist);
    program_.slot_of.assign(netlist.nets, kNoSlot);
    program_.slot_of[kZero] = 0;
    program_.slot_of[kOne] = 1;
    program_.slots = 2;
    for (const Memory& memory : netlist.memories) program_.memories.push_back(plan_memory(memory));
    order_steps();
    order_flip_flops();
    place_inputs();
    place_state();
    place_steps();
    for_each_pin(netlist, [&](Net net) { undriven(net); });
    for (const netlist::Port& port : netlist.ports)
      for (const Net net : port.bits) undriven(net);
    fill_steps();
    fill_flip_flops();
    fill_edge_reads();
    fill_writes();
  }
  Program take() { return std::move(program_); }

 private:
  struct Ordered {
    netlist::Step step;
    int level = 0;
    int size = 0;  ///< inputs of a table, 0 of a memory
  };
  struct Cell {
    FlipFlopRun::Kind kind = FlipFlopRun::Kind::kPlain;
    bool staged = false;
    std::uint32_t near = 0;  ///< to which table
    std::size_t index = 0;
  };

  void place(Net net) { program_.slot_of[net] = program_.slots++; }
  void undriven(Net net) {
    if (program_.slot_of[net] == kNoSlot) program_.slot_of[net] = 0;
  }
  Slot slot(Net net) const { return program_.slot_of[net]; }
  std::vector<Slot> slots(const std::vector<Net>& nets) const {
    std::vector<Slot> result;
    for (const Net net : nets) result.push_back(slot(net));
    return result;
  }

  const Memory::ReadPort& port(const netlist::Step& step) const {
    return netlist_.memories[step.index].reads[step.port];
  }

  /// Level by level, so that neighbours do not wait for each other, tables of one size together.
  void order_steps() {
    std::vector<int> level_of(netlist_.nets);
    for (const netlist::Step& step : netlist::evaluation_order(netlist_)) {
      Ordered next{step};
      const auto behind = [&](Net net) { next.level = std::max(next.level, level_of[net] + 1); };
      if (step.memory) {
        for (const Net net : port(step).address) behind(net);
        for (const Net net : port(step).data) level_of[net] = next.level;
      } else {
        const Lut& lut = netlist_.luts[step.index];
        next.size = lut.size;
        for (int i = 0; i < lut.size; ++i) behind(lut.inputs[static_cast<std::size_t>(i)]);
        level_of[lut.out] = next.level;
      }
      program_.levels = std::max(program_.levels, next.level);
      order_.push_back(next);
    }
    std::ranges::stable_sort(order_, {},
                             [](const Ordered& o) { return std::pair(o.level, o.size); });
    near_.assign(netlist_.nets, 0);
    for (std::uint32_t i = 0; i < order_.size(); ++i)
      if (!order_[i].step.memory) near_[netlist_.luts[order_[i].step.index].out] = i;
  }

  static FlipFlopRun::Kind kind_of(const FlipFlop& cell) {
    using Kind = FlipFlopRun::Kind;
    if (cell.reset != kZero) return cell.reset_value ? Kind::kReset1 : Kind::kReset0;
    return cell.enable == kOne ? Kind::kPlain : Kind::kEnable;
  }

  /// Where another flip-flop reads q at the edge, the next value is staged.
  void order_flip_flops() {
    std::vector<bool> read_at_edge(netlist_.nets);
    for (const FlipFlop& cell : netlist_.flip_flops)
      for (const Net net : {cell.d, cell.enable, cell.reset})
        if (net != cell.q) read_at_edge[net] = true;
    for (std::size_t i = 0; i < netlist_.flip_flops.size(); ++i) {
      const FlipFlop& cell = netlist_.flip_flops[i];
      if (cell.clock <= kOne)
        still_.push_back(i);
      else
        cells_.push_back({kind_of(cell), read_at_edge[cell.q], near_[cell.d], i});
    }
    std::ranges::sort(cells_, {},
                      [](const Cell& c) { return std::tuple(c.staged, c.kind, c.near, c.index); });
  }

  void place_bit(Net net, netlist::Initial initial) {
    program_.states.push_back({program_.slots, initial});
    place(net);
  }

  void place_inputs() {
    for (const netlist::Port& port : netlist_.ports)
      if (port.input)
        for (const Net net : port.bits) place(net);
  }

  /// What never moves; flip-flops in the order of their runs, those staged last; registered
  /// data of memories.
  void place_state() {
    for (const std::size_t i : still_)
      place_bit(netlist_.flip_flops[i].q, netlist_.flip_flops[i].initial);
    for (std::uint32_t i = 0; i < netlist_.memories.size(); ++i)
      for (const Memory::ReadPort& read : netlist_.memories[i].reads)
        if (read.registered && read.clock > kOne)
          edge_reads_.push_back({i, &read});
        else if (read.registered)
          for (const Net net : read.data) place_bit(net, read.initial);
    program_.staged = program_.slots;
    for (const Cell& cell : cells_) {
      const FlipFlop& flip_flop = netlist_.flip_flops[cell.index];
      place_bit(flip_flop.q, flip_flop.initial);
      if (!cell.staged) program_.staged = program_.slots;
    }
    // Numbers that are read at one address become neighbours.
    std::ranges::stable_sort(edge_reads_, {}, [&](const EdgeRead& r) {
      return std::tuple(program_.memories[r.memory].small, r.port->address, r.port->enable);
    });
    for (const EdgeRead& read : edge_reads_)
      for (const Net net : read.port->data) place_bit(net, read.port->initial);
    program_.staged_end = program_.slots;
  }

  void place_steps() {
    for (const Ordered& ordered : order_)
      if (ordered.step.memory)
        for (const Net net : port(ordered.step).data) place(net);
      else
        place(netlist_.luts[ordered.step.index].out);
  }

  void fill_steps() {
    using Kind = Program::Step::Kind;
    std::pair<int, int> run{-1, -1};
    for (const Ordered& ordered : order_) {
      if (ordered.step.memory) {
        const bool small = program_.memories[ordered.step.index].small;
        if (small)
          program_.row_reads.push_back(row_read(ordered.step.index, port(ordered.step)));
        else
          add_number_read(program_.number_reads, ordered.step.index, port(ordered.step));
        program_.steps.push_back(
            {small ? Kind::kRow : Kind::kNumbers,
             (small ? program_.row_reads.size() : program_.number_reads.size()) - 1});
        run = {-1, -1};
        continue;
      }
      const Lut& lut = netlist_.luts[ordered.step.index];
      if (std::exchange(run, {ordered.level, lut.size}) != run) {
        program_.steps.push_back({Kind::kTables, program_.tables.size()});
        program_.tables.push_back({lut.size, slot(lut.out), {}, {}});
      }
      add_table(program_.tables.back(), lut);
    }
  }

  /// Of no inputs: one that it does not depend on.
  void add_table(TableRun& run, const Lut& lut) const {
    run.inputs = std::max(1, lut.size);
    if (lut.size == 0) run.pins.push_back(0);
    for (int i = 0; i < lut.size; ++i)
      run.pins.push_back(slot(lut.inputs[static_cast<std::size_t>(i)]));
    const std::uint64_t table = lut.size == 0 ? (lut.table & 1U) * 3U : lut.table;
    for (const std::uint64_t leaf : leaves_of(table, run.inputs))
      run.leaves.push_back(static_cast<std::uint8_t>(leaf * kLeafStep));
  }

  void fill_flip_flops() {
    const Cell* last = nullptr;
    for (const Cell& cell : cells_) {
      const FlipFlop& flip_flop = netlist_.flip_flops[cell.index];
      if (last == nullptr || last->kind != cell.kind || last->staged != cell.staged)
        program_.flip_flops.push_back({cell.kind, slot(flip_flop.q), {}});
      last = &cell;
      std::vector<Slot>& pins = program_.flip_flops.back().pins;
      pins.push_back(slot(flip_flop.d));
      if (cell.kind != FlipFlopRun::Kind::kPlain) pins.push_back(slot(flip_flop.enable));
      if (flip_flop.reset != kZero) pins.push_back(slot(flip_flop.reset));
    }
  }

  RowRead row_read(std::uint32_t memory, const Memory::ReadPort& read) const {
    const MemoryPlan& plan = program_.memories[memory];
    return {
        memory,
        {slots(read.address), plan.unit_bits, plan.units,
         static_cast<std::uint32_t>(read.data.size()) / static_cast<std::uint32_t>(plan.unit_bits)},
        slot(read.data[0]),
        read.registered ? slot(read.enable) : 1};
  }

  void add_number_read(std::vector<NumberRead>& reads, std::uint32_t memory,
                       const Memory::ReadPort& read) const {
    const NumberRead fresh{slots(read.address), read.registered ? slot(read.enable) : 1, {}};
    if (!read.registered || reads.empty() || reads.back().address != fresh.address ||
        reads.back().enable != fresh.enable)
      reads.push_back(fresh);
    const MemoryPlan& plan = program_.memories[memory];
    const auto bits = static_cast<std::size_t>(plan.unit_bits);
    const auto wide = static_cast<std::uint32_t>(read.data.size() / bits);
    std::vector<NumberRead::Part>& parts = reads.back().parts;
    for (std::uint32_t unit = 0; unit < wide; ++unit) {
      if (parts.empty() || parts.back().bits + plan.unit_bits > 64)
        parts.push_back({{}, 0, slot(read.data[unit * bits])});
      parts.back().pieces.push_back({memory, wide, unit, parts.back().bits});
      parts.back().bits += plan.unit_bits;
    }
  }

  void fill_edge_reads() {
    for (const EdgeRead& read : edge_reads_)
      if (program_.memories[read.memory].small)
        program_.row_reads_at_edge.push_back(row_read(read.memory, *read.port));
      else
        add_number_read(program_.number_reads_at_edge, read.memory, *read.port);
  }

  void fill_writes() {
    for (std::uint32_t i = 0; i < netlist_.memories.size(); ++i)
      for (const Memory::WritePort& write : netlist_.memories[i].writes)
        if (program_.memories[i].small)
          program_.row_writes.push_back(
              {i,
               {slots(write.address), slots(write.data), slots(write.enables),
                program_.memories[i].unit_bits, program_.memories[i].units}});
        else
          program_.number_writes.push_back(number_write(i, write));
  }

  NumberWrite number_write(std::uint32_t memory, const Memory::WritePort& write) const {
    NumberWrite result{memory, slots(write.address), slots(write.enables), {}};
    const std::vector<Slot> data = slots(write.data), enables = slots(write.enables);
    const int bits = program_.memories[memory].unit_bits;
    for (std::size_t at = 0; at < data.size(); at += static_cast<std::size_t>(bits)) {
      NumberWrite::Unit unit{{data.begin() + static_cast<std::ptrdiff_t>(at),
                              data.begin() + static_cast<std::ptrdiff_t>(at) + bits},
                             {enables.begin() + static_cast<std::ptrdiff_t>(at),
                              enables.begin() + static_cast<std::ptrdiff_t>(at) + bits}};
      if (std::ranges::all_of(unit.enables, [&](Slot s) { return s == unit.enables[0]; }))
        unit.enables.resize(1);
      result.units.push_back(std::move(unit));
    }
    std::ranges::sort(result.enables);
    result.enables.erase(std::unique(result.enables.begin(), result.enables.end()),
                         result.enables.end());
    return result;
  }

  struct EdgeRead {
    std::uint32_t memory = 0;
    const Memory::ReadPort* port = nullptr;
  };

  const Netlist& netlist_;
  Program program_;
  std::vector<Ordered> order_;
  std::vector<std::uint32_t> near_;  ///< by net: the place of its table in order_
  std::vector<Cell> cells_;
  std::vector<std::size_t> still_;  ///< flip-flops whose clock is a constant
  std::vector<EdgeRead> edge_reads_;
};

}  // namespace

Program compile(const Netlist& netlist) { return Compiler(netlist).take(); }

}  // namespace assay::sim
