// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "compile/backend/ice40/tiles.h"
#include "compile/netlist/gates.h"

namespace assay::ice40 {
namespace {

using netlist::kOne;
using netlist::kZero;
using netlist::Net;

constexpr std::uint32_t kCarryEnable = 1U << 8, kDffEnable = 1U << 9, kSet = 1U << 18,
                        kAsynchronous = 1U << 19;
/// Row i of the table is the cell's bit of this number.
constexpr int kTableBits[16] = {4, 14, 15, 5, 6, 16, 17, 7, 3, 13, 12, 2, 1, 11, 10, 0};

std::uint32_t table_of(std::uint32_t bits) {
  std::uint32_t table = 0;
  for (int row = 0; row < 16; ++row) table |= (bits >> kTableBits[row] & 1U) << row;
  return table;
}

/// Whether the value of the table ever changes with the input.
bool depends(std::uint32_t table, int input) {
  for (unsigned row = 0; row < 16; ++row)
    if ((table >> row & 1U) != (table >> (row ^ 1U << input) & 1U)) return true;
  return false;
}

std::string pin_of(int index, const char* name) { return fmt::format("lutff_{}/{}", index, name); }

}  // namespace

void explain_column_buffers(Fabric& fabric, int x, int y) {
  for (int number = 0; number < 8; ++number) {
    const std::string name = fmt::format("ColBufCtrl.glb_netwk_{}", number);
    if (fabric.has(x, y, name)) fabric.value(x, y, name);
  }
}

void LogicTiles::drive() {
  for_each_tile(fabric_, TileKind::kLogic, [&](int x, int y) { drive_tile(x, y); });
}

void LogicTiles::drive_tile(int x, int y) {
  explain_column_buffers(fabric_, x, y);
  const bool set = fabric_.value(x, y, "CarryInSet") != 0;
  if (!fabric_.is_led(x, y, "carry_in_mux"))
    fabric_.drive(x, y, "carry_in_mux", set ? kOne : kZero);
  else if (set)
    fabric_.refuse(x, y, "its carry comes from below and is a constant");
  for (int index = 0; index < 8; ++index)
    drive_cell({x, y, index, fabric_.value(x, y, fmt::format("LC_{}", index))});
}

/// A cell without any bit is a zero, which designs use.
void LogicTiles::drive_cell(Cell cell) {
  if (cell.bits != 0) {
    cell.table = netlist_.new_net();
    cell.q = (cell.bits & kDffEnable) != 0 ? netlist_.new_net() : cell.table;
    cells_.push_back(cell);
  }
  fabric_.drive(cell.x, cell.y, pin_of(cell.index, "out"), cell.q);
  if (const auto wire = fabric_.db().wire(cell.x, cell.y, pin_of(cell.index, "lout")))
    fabric_.drive(*wire, cell.table, cell.x, cell.y, "lout");
  if ((cell.bits & kCarryEnable) == 0) return;
  cells_.back().carry = netlist_.new_net();
  fabric_.drive(cell.x, cell.y, pin_of(cell.index, "cout"), cells_.back().carry);
}

void LogicTiles::read() {
  for (const Cell& cell : cells_) {
    read_table(cell);
    if ((cell.bits & kCarryEnable) != 0) read_carry(cell);
    if ((cell.bits & kDffEnable) != 0) read_flip_flop(cell);
  }
  // Of tiles without a flip-flop the edge means nothing.
  for_each_tile(fabric_, TileKind::kLogic, [&](int x, int y) { fabric_.value(x, y, "NegClk"); });
}

/// Inputs that the table does not depend on may come from anywhere: operands of the carry do.
void LogicTiles::read_table(const Cell& cell) {
  netlist::Lut lut;
  lut.out = cell.table;
  lut.size = 4;
  lut.table = table_of(cell.bits);
  constexpr const char* kInputs[4] = {"in_0", "in_1", "in_2", "in_3"};
  for (int i = 0; i < 4; ++i)
    if (depends(table_of(cell.bits), i))
      lut.inputs[static_cast<std::size_t>(i)] =
          fabric_.read(cell.x, cell.y, pin_of(cell.index, kInputs[i]), kZero);
  netlist_.luts.push_back(lut);
}

void LogicTiles::read_carry(const Cell& cell) {
  netlist::Lut carry;
  carry.out = cell.carry;
  carry.size = 3;
  carry.table = 0xe8;  // at least two of three
  carry.inputs[0] = fabric_.read(cell.x, cell.y, pin_of(cell.index, "in_1"), kZero);
  carry.inputs[1] = fabric_.read(cell.x, cell.y, pin_of(cell.index, "in_2"), kZero);
  const std::string below = cell.index == 0 ? "carry_in_mux" : pin_of(cell.index - 1, "cout");
  constexpr Net kOpen = ~Net{0};
  carry.inputs[2] = fabric_.read(cell.x, cell.y, below, kOpen);
  if (carry.inputs[2] == kOpen)
    fabric_.refuse(
        cell.x, cell.y,
        fmt::format("cell {} adds a carry that the cell below does not make", cell.index));
  netlist_.luts.push_back(carry);
}

void LogicTiles::read_flip_flop(const Cell& cell) {
  const Controls& shared = controls(cell.x, cell.y);
  if ((cell.bits & kAsynchronous) != 0 && shared.reset != kZero)
    fabric_.refuse(
        cell.x, cell.y,
        fmt::format("cell {} has an asynchronous set or reset, which has no model", cell.index));
  netlist::FlipFlop result;
  result.name = fmt::format("x{}y{}/lc{}", cell.x, cell.y, cell.index);
  result.q = cell.q, result.d = cell.table;
  result.clock = shared.clock, result.falling = shared.falling;
  result.enable = shared.enable, result.reset = shared.reset;
  result.reset_value = (cell.bits & kSet) != 0;
  result.initial = netlist::Initial::kZero;
  netlist_.flip_flops.push_back(std::move(result));
}

/// Set and reset wait for the enable.
const LogicTiles::Controls& LogicTiles::controls(int x, int y) {
  const auto [at, fresh] = controls_.try_emplace({x, y});
  if (!fresh) return at->second;
  Controls& result = at->second;
  if (!fabric_.is_led(x, y, "lutff_global/clk")) fabric_.refuse(x, y, "a flip-flop has no clock");
  result.clock = fabric_.read(x, y, "lutff_global/clk", kZero);
  result.enable = fabric_.read(x, y, "lutff_global/cen", kOne);
  result.reset =
      netlist::and_of(netlist_, result.enable, fabric_.read(x, y, "lutff_global/s_r", kZero));
  result.falling = fabric_.value(x, y, "NegClk") != 0;
  return result;
}

}  // namespace assay::ice40
