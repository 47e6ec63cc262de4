// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/extractor.h"

#include <algorithm>

#include "compile/backend/ecp5/block_ram.h"
#include "compile/base/error.h"

namespace assay::ecp5 {
namespace {

using netlist::kOne;
using netlist::kZero;
using netlist::Net;

constexpr std::uint64_t kWire = 0x2, kInvert = 0x1, kAnd = 0x8, kSum = 0x6;
/// inputs[2] ? inputs[1] : inputs[0]
constexpr std::uint64_t kSelect = 0xca;
/// Of inputs t, u and carry: t ? carry : u.
constexpr std::uint64_t kCarryOn = 0xe4;

/// Wires inside of DSP blocks that lead from block to block, or from an adder: "JSROA3", "JP33".
bool is_inside_dsp(std::string_view wire) {
  constexpr std::array<std::string_view, 8> kNames{"JPO",    "JSRO", "JMSRO", "JPSRO",
                                                   "JMULTA", "JCO",  "JCFB",  "JDSPC"};
  if (wire.find('_') != std::string_view::npos) return false;
  return (wire.starts_with("JP") && wire.size() > 2 && wire[2] >= '0' && wire[2] <= '9') ||
         std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return wire.starts_with(name); });
}

bool digit_below(char c, int end) { return c >= '0' && c < '0' + end; }

/// "F0", "Q7", "F5A", "FXD", "FCO", "FCOA", "WDO0C", "WADO3C": without "_SLICE".
bool is_carry(std::string_view pin) {
  return pin == "FCO" ||
         (pin.size() == 4 && pin.starts_with("FCO") && pin[3] >= 'A' && pin[3] < 'D');
}

/// Which of the sources of a RAM's write lines: of D0 B0 C0 A0 C1 A1 D1 B1, pin letter and table.
struct WriteLine {
  std::string_view name;
  char letter;
  int table;
};
constexpr std::array<WriteLine, 8> kWriteLines{{{"WADO0C", 'D', 0},
                                                {"WADO1C", 'B', 0},
                                                {"WADO2C", 'C', 0},
                                                {"WADO3C", 'A', 0},
                                                {"WDO0C", 'C', 1},
                                                {"WDO1C", 'A', 1},
                                                {"WDO2C", 'D', 1},
                                                {"WDO3C", 'B', 1}}};

/// Contents of a table by the address D, B, C, A, of which D is the lowest bit, instead of A, B, C, D.
std::uint64_t reordered(std::uint64_t table) {
  std::uint64_t result = 0;
  for (unsigned i = 0; i < 16; ++i)
    if ((table >> i & 1U) != 0)
      result |= std::uint64_t{1} << ((i & 1U) << 3U | (i >> 2U & 1U) << 2U | (i >> 1U & 1U) << 1U |
                                     i >> 3U);
  return result;
}

}  // namespace

Extractor::Pin Extractor::pin(std::uint32_t number) const {
  std::string_view name = fabric_.database().name(number);
  if (name.starts_with("JDO") && name.ends_with("_EBR")) return {Pin::Kind::kBlockRam};
  if (name.starts_with("JPADDI") && name.ends_with("_PIO")) return {Pin::Kind::kPad};
  if (name == "JCLKOP_PLL" || name == "JLOCK_PLL" ||
      (name.starts_with("JP") && name.ends_with("_MULT18")))
    return {Pin::Kind::kMadeFirst};
  if (is_inside_dsp(name)) return {Pin::Kind::kOther};
  if (!name.ends_with("_SLICE"))
    return {name.find('_') == std::string_view::npos ? Pin::Kind::kNone : Pin::Kind::kOther};
  name.remove_suffix(6);
  if (name.size() == 2 && digit_below(name[1], 8)) {
    if (name[0] == 'F') return {Pin::Kind::kTable, name[1] - '0'};
    if (name[0] == 'Q') return {Pin::Kind::kFlipFlop, name[1] - '0'};
  }
  if (name.size() == 3 && name[0] == 'F' && name[2] >= 'A' && name[2] <= 'D') {
    if (name[1] == '5') return {Pin::Kind::kWideTable, name[2] - 'A'};
    if (name[1] == 'X') return {Pin::Kind::kWidestTable, name[2] - 'A'};
  }
  if (is_carry(name)) return {Pin::Kind::kCarry, name.size() == 4 ? name[3] - 'A' : 3};
  for (std::size_t i = 0; i < kWriteLines.size(); ++i)
    if (kWriteLines[i].name == name) return {Pin::Kind::kWriteLine, static_cast<int>(i)};
  return {};
}

Net Extractor::net(const Wire& wire, bool unknown) {
  const Wire root = fabric_.root(wire);
  if (const auto tie = fabric_.tie(root)) return *tie ? kOne : kZero;
  const Pin pin = this->pin(root.name);
  if (pin.kind == Pin::Kind::kOther)
    user_error("{}: wire {} comes from {}, for which there is no rule", fabric_.file(),
               fabric_.text(wire), fabric_.text(root));
  if (pin.kind == Pin::Kind::kNone && !unknown) return kOne;
  const auto [at, added] = nets_.try_emplace(root.key(), kZero);
  if (!added) return at->second;
  if (pin.kind == Pin::Kind::kWriteLine) {
    const Net line = write_line(root, pin.index);
    nets_[root.key()] = line;
    return line;
  }
  at->second = netlist_.new_net();
  if (pin.kind == Pin::Kind::kPad)
    user_error("{}: pad {} is an input of the design, but no port is on it", fabric_.file(),
               fabric_.text(root));
  if (pin.kind == Pin::Kind::kMadeFirst)
    user_error("{}: something depends on {}, of a PLL or multiplier that is off", fabric_.file(),
               fabric_.text(root));
  if (pin.kind == Pin::Kind::kNone)
    unknown_.emplace_back(at->second, root);
  else
    todo_.push_back({pin, root, at->second});
  return at->second;
}

void Extractor::input(int row, int column, char letter, Net net) {
  nets_[fabric_.wire(row, column, fmt::format("JPADDI{}_PIO", letter)).key()] = net;
}

void Extractor::finish() {
  while (!todo_.empty()) {
    const Todo todo = todo_.front();
    todo_.pop_front();
    if (!made_.contains(todo.wire.key())) make(todo);
  }
}

void Extractor::require_constant(int row, int column, std::string_view name, bool zero,
                                 std::string what) {
  const Net net = this->net(row, column, name);
  netlist_.ports.push_back({what, false, {net}});
  constants_.push_back({std::move(what), zero});
}

void Extractor::check_constants() {
  const std::size_t first = netlist_.ports.size() - constants_.size();
  for (std::size_t i = 0; i < constants_.size(); ++i) {
    const Net net = netlist_.ports[first + i].bits[0];
    if (constants_[i].zero ? net != kZero : net > kOne)
      user_error("{}: {} {}, which has no model", fabric_.file(), constants_[i].what,
                 constants_[i].zero ? "is not 0" : "changes");
  }
  netlist_.ports.resize(first);
}

void Extractor::check_unknown() const {
  for (const netlist::Lut& lut : netlist_.luts)
    for (int i = 0; i < lut.size; ++i)
      for (const auto& [net, wire] : unknown_)
        if (lut.inputs[static_cast<std::size_t>(i)] == net)
          user_error("{}: something depends on {}, which nothing drives", fabric_.file(),
                     fabric_.text(wire));
}

void Extractor::make(const Todo& todo) {
  switch (todo.pin.kind) {
    case Pin::Kind::kTable:
      return make_table(todo);
    case Pin::Kind::kFlipFlop:
      return make_flip_flop(todo);
    case Pin::Kind::kWideTable:
      return make_wide(todo, false);
    case Pin::Kind::kWidestTable:
      return make_wide(todo, true);
    case Pin::Kind::kCarry: {
      const Slice slice = this->slice(todo.wire, todo.pin.index);
      // The first slice of a chain hangs on whatever is in front of it.
      if (slice.mode != "CCU2") return unknown_.emplace_back(todo.net, todo.wire), void();
      return make_carry(slice);
    }
    case Pin::Kind::kBlockRam:
      return make_block_ram(*this, fabric_, netlist_, bits_, todo.wire);
    default:
      ASSAY_INVARIANT(false, "a pin that is no cell's");
  }
}

Extractor::Slice Extractor::slice(const Wire& at, int index) {
  Slice slice;
  slice.name = fmt::format("SLICE{}", static_cast<char>('A' + index));
  slice.tile = fabric_.tile(at.row, at.column, slice.name);
  if (!slice.tile)
    user_error("{}: wire {} is of a slice, but no slice is there", fabric_.file(),
               fabric_.text(at));
  slice.index = index;
  slice.mode = told(slice, "MODE", "LOGIC");
  return slice;
}

/// Where no bit says anything a slice does what it does with all bits 0.
std::string_view Extractor::told(const Slice& slice, std::string_view name,
                                 std::string_view otherwise) {
  const std::string_view value =
      fabric_.setting(*slice.tile, fmt::format("{}.{}", slice.name, name));
  return value.empty() ? otherwise : value;
}

Net Extractor::slice_pin(const Slice& slice, char letter, int k) {
  const std::string_view tied = told(slice, fmt::format("{}{}MUX", letter, k), "");
  if (tied == "1") return kOne;
  return net(slice.tile->row, slice.tile->column,
             fmt::format("{}{}_SLICE", letter, 2 * slice.index + k));
}

Extractor::Pins Extractor::table_pins(const Slice& slice, int k) {
  return {slice_pin(slice, 'A', k), slice_pin(slice, 'B', k), slice_pin(slice, 'C', k),
          slice_pin(slice, 'D', k)};
}

Net Extractor::output(int row, int column, std::string_view name) {
  const Wire wire = fabric_.wire(row, column, name);
  const auto [at, added] = nets_.try_emplace(wire.key(), kZero);
  if (added) at->second = netlist_.new_net();
  made_.insert(wire.key());
  return at->second;
}

Net Extractor::both(Net a, Net b) {
  if (a == kZero || b == kZero) return kZero;
  if (a == kOne || b == kOne) return a == kOne ? b : a;
  return netlist_.lut(kAnd, {a, b});
}

Net Extractor::inverted(Net net) { return net <= kOne ? kOne - net : netlist_.lut(kInvert, {net}); }

void Extractor::drive(Net out, std::uint64_t table, std::initializer_list<Net> inputs) {
  netlist_.lut(table, inputs);
  netlist_.luts.back().out = out;
}

void Extractor::make_table(const Todo& todo) {
  const int k = todo.pin.index % 2;
  const Slice slice = this->slice(todo.wire, todo.pin.index / 2);
  if (slice.mode == "CCU2") return make_carry(slice);
  if (slice.mode == "DPRAM") return make_memory(todo, slice);
  if (slice.mode != "LOGIC")
    user_error("{}: tile {}: {} drives {}, but its mode is {}", fabric_.file(), slice.tile->name,
               slice.name, fabric_.text(todo.wire), slice.mode);
  const Pins in = table_pins(slice, k);
  drive(todo.net, fabric_.word(*slice.tile, fmt::format("{}.K{}.INIT", slice.name, k)),
        {in[0], in[1], in[2], in[3]});
}

/// PFUMX and L6MUX21: two tables of a slice, or two pairs of tables, by the slice's M0 or M1.
void Extractor::make_wide(const Todo& todo, bool widest) {
  const Slice slice = this->slice(todo.wire, todo.pin.index);
  const char letter = static_cast<char>('A' + slice.index);
  const int row = todo.wire.row, column = todo.wire.column;
  const int first = 2 * slice.index;
  if (slice.mode == "CCU2") {  // the sums
    const Net sum = net(row, column, fmt::format("F{}_SLICE", widest ? first + 1 : first));
    return drive(todo.net, kWire, {sum});
  }
  const Net zero = widest ? net(row, column, fmt::format("FXA{}_SLICE", letter))
                          : net(row, column, fmt::format("F{}_SLICE", first));
  const Net one = widest ? net(row, column, fmt::format("FXB{}_SLICE", letter))
                         : net(row, column, fmt::format("F{}_SLICE", first + 1));
  drive(todo.net, kSelect, {zero, one, slice_pin(slice, 'M', widest ? 1 : 0)});
}

/// Both halves of a slice that adds: S0, S1 and the carry out. Where a half injects, its sum is the table
/// and the carry stops.
void Extractor::make_carry(const Slice& slice) {
  const int row = slice.tile->row, column = slice.tile->column;
  const char letter = static_cast<char>('A' + slice.index);
  Net carry = net(fabric_.wire(row, column,
                               slice.index == 0 ? "FCI_SLICE" : fmt::format("FCI{}_SLICE", letter)),
                  true);
  for (int k = 0; k < 2; ++k) {
    const Net sum = output(row, column, fmt::format("F{}_SLICE", 2 * slice.index + k));
    const Net next =
        k == 0 ? netlist_.new_net()
               : output(row, column,
                        slice.index == 3 ? "FCO_SLICE" : fmt::format("FCO{}_SLICE", letter));
    const std::uint64_t init = fabric_.word(*slice.tile, fmt::format("{}.K{}.INIT", slice.name, k));
    const Pins in = table_pins(slice, k);
    const Net table = netlist_.lut(init, {in[0], in[1], in[2], in[3]});
    if (told(slice, fmt::format("CCU2.INJECT1_{}", k), "YES") == "YES") {
      drive(sum, kWire, {table});
      drive(next, kAnd, {table, carry});
    } else {
      drive(sum, kSum, {table, carry});
      drive(next, kCarryOn, {table, netlist_.lut(init & 0xfU, {in[0], in[1]}), carry});
    }
    carry = next;
  }
}

/// A table that is 16 bits of RAM. Slice C brings what is written and where, the tile's second clock and reset
/// lines clock and enable it.
void Extractor::make_memory(const Todo& todo, const Slice& slice) {
  const int k = todo.pin.index % 2, row = slice.tile->row, column = slice.tile->column;
  const char letter = static_cast<char>('A' + slice.index);
  const Pins in = table_pins(slice, k);
  netlist::Memory memory;
  memory.name = fmt::format("R{}C{}/{}.K{}", row, column, slice.name, k);
  const std::uint64_t contents =
      reordered(fabric_.word(*slice.tile, fmt::format("{}.K{}.INIT", slice.name, k)));
  for (unsigned i = 0; i < 16; ++i) memory.units.push_back(contents >> i & 1U);
  netlist::Memory::ReadPort read;
  read.address = {in[3], in[1], in[2], in[0]};
  read.data = {todo.net};
  read.registered = false;
  netlist::Memory::WritePort write;
  for (int i = 0; i < 4; ++i)
    write.address.push_back(net(row, column, fmt::format("WAD{}{}_SLICE", i, letter)));
  write.data = {net(row, column, fmt::format("WD{}{}_SLICE", k, letter))};
  const std::string_view enable = told(slice, "WREMUX", "WRE");
  Net line = enable == "0" ? kZero : kOne;
  if (enable == "WRE" || enable == "INV")
    line = net(row, column, fmt::format("WRE{}_SLICE", slice.index));
  write.enables = {enable == "INV" ? inverted(line) : line};
  write.clock = clock(slice, fabric_.wire(row, column, fmt::format("WCK{}_SLICE", slice.index)),
                      write.falling);
  memory.reads.push_back(std::move(read));
  memory.writes.push_back(std::move(write));
  netlist_.memories.push_back(std::move(memory));
}

/// Which of the tile's two lines a clock comes by says whether it is inverted.
Net Extractor::clock(const Slice& slice, const Wire& wire, bool& falling) {
  Wire at = wire;
  for (int steps = 0; steps < 4; ++steps) {
    const std::string& name = fabric_.database().name(at.name);
    if (name == "CLK0" || name == "CLK1") {
      falling = fabric_.setting(*slice.tile, name + ".CLKMUX") == "INV";
      const Net net = this->net(at);
      if (net > kOne) return net;
      break;
    }
    const std::optional<Wire> source = fabric_.driver(at);
    if (!source) break;
    at = *source;
  }
  user_error("{}: tile {}: {} has no clock", fabric_.file(), slice.tile->name, slice.name);
}

void Extractor::make_flip_flop(const Todo& todo) {
  const int k = todo.pin.index % 2, row = todo.wire.row, column = todo.wire.column;
  const Slice slice = this->slice(todo.wire, todo.pin.index / 2);
  const std::string reg = fmt::format("REG{}.", k);
  netlist::FlipFlop flip_flop;
  flip_flop.name = fmt::format("R{}C{}/{}.REG{}", row, column, slice.name, k);
  flip_flop.q = todo.net;
  const bool direct = told(slice, reg + "SD", "1") == "0";
  flip_flop.d = direct ? slice_pin(slice, 'M', k)
                       : net(row, column, fmt::format("DI{}_SLICE", todo.pin.index));
  flip_flop.clock = clock(slice, fabric_.wire(row, column, fmt::format("CLK{}_SLICE", slice.index)),
                          flip_flop.falling);
  const std::string_view enable = told(slice, "CEMUX", "CE");
  if (enable == "CE" || enable == "INV")
    flip_flop.enable = net(row, column, fmt::format("CE{}_SLICE", slice.index));
  if (enable == "INV") flip_flop.enable = inverted(flip_flop.enable);
  if (enable == "0") flip_flop.enable = kZero;
  if (told(slice, reg + "LSRMODE", "LSR") != "LSR")
    user_error("{}: tile {}: {}: its reset loads a value, for which there is no rule",
               fabric_.file(), slice.tile->name, flip_flop.name);
  flip_flop.reset_value = told(slice, reg + "REGSET", "SET") == "SET";
  flip_flop.initial = flip_flop.reset_value ? netlist::Initial::kOne : netlist::Initial::kZero;
  take_reset(slice, k, flip_flop);
  netlist_.flip_flops.push_back(std::move(flip_flop));
}

/// Which of the tile's two lines a reset comes by says whether it is inverted, and whether it waits for
/// the clock. Without a line there is none.
void Extractor::take_reset(const Slice& slice, int k, netlist::FlipFlop& flip_flop) {
  const int row = slice.tile->row, column = slice.tile->column;
  const auto multiplexer =
      fabric_.driver(fabric_.wire(row, column, fmt::format("LSR{}_SLICE", slice.index)));
  const auto line = multiplexer ? fabric_.driver(*multiplexer) : std::nullopt;
  if (!line) return;
  const std::string& name = fabric_.database().name(line->name);
  flip_flop.reset = net(*line);
  if (fabric_.setting(*slice.tile, name + ".LSRMUX") == "INV")
    flip_flop.reset = inverted(flip_flop.reset);
  if (flip_flop.reset != kZero && fabric_.setting(*slice.tile, name + ".SRMODE") == "ASYNC")
    user_error("{}: tile {}: {}.REG{} has an asynchronous reset, for which there is no rule",
               fabric_.file(), slice.tile->name, slice.name, k);
}

Net Extractor::write_line(const Wire& wire, int index) {
  const Slice slice = this->slice(wire, 2);
  if (slice.mode != "RAMW")
    user_error("{}: tile {}: SLICEC brings what a RAM is to hold, but its mode is {}",
               fabric_.file(), slice.tile->name, slice.mode);
  const WriteLine& line = kWriteLines[static_cast<std::size_t>(index)];
  return slice_pin(slice, line.letter, line.table);
}

}  // namespace assay::ecp5
