// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "compile/backend/ice40/tiles.h"

namespace assay::ice40 {
namespace {

/// Two bits of the upper tile.
int mode_of(Fabric& fabric, int x, int y, int first) {
  const auto bit = [&](int number) {
    return static_cast<int>(fabric.value(x, y, fmt::format("RamConfig.CBIT_{}", number)));
  };
  return bit(first) + 2 * bit(first + 1);
}

}  // namespace

/// The bit is inverted in a 1k.
bool RamTiles::is_on(int x, int y) {
  const bool set = fabric_.value(x, y, "RamConfig.PowerUp") != 0;
  return set != (fabric_.bits().layout().device == Device::k1k);
}

/// A pin lies in the lower tile of the pair in some devices, in the upper one in others.
int RamTiles::row_of(int x, int y, const std::string& pin) const {
  return fabric_.db().wire(x, y, pin) ? y : y + 1;
}

void RamTiles::drive() {
  for_each_tile(fabric_, TileKind::kRamT, [&](int x, int y) {
    explain_column_buffers(fabric_, x, y);
    for (int i = 4; i < 8; ++i)
      if (fabric_.value(x, y, fmt::format("RamCascade.CBIT_{}", i)) != 0)
        fabric_.refuse(x, y, "block RAMs in a cascade have no model");
  });
  for_each_tile(fabric_, TileKind::kRamB, [&](int x, int y) { drive_pair(x, y); });
}

void RamTiles::drive_pair(int x, int y) {
  explain_column_buffers(fabric_, x, y);
  Ram entry{x, y, {}};
  entry.ram.name = fmt::format("x{}y{}/ram", x, y);
  entry.ram.read_mode = mode_of(fabric_, x, y + 1, 2);
  entry.ram.write_mode = mode_of(fabric_, x, y + 1, 0);
  entry.ram.read_falling = fabric_.value(x, row_of(x, y, "ram/RCLK"), "NegClk") != 0;
  entry.ram.write_falling = fabric_.value(x, row_of(x, y, "ram/WCLK"), "NegClk") != 0;
  if (!is_on(x, y)) return;
  entry.ram.words = fabric_.bits().rams.at({x, y});
  for (std::size_t i = 0; i < 16; ++i) {
    entry.ram.rdata[i] = netlist_.new_net();
    const std::string pin = fmt::format("ram/RDATA_{}", i);
    fabric_.drive(x, row_of(x, y, pin), pin, entry.ram.rdata[i]);
  }
  rams_.push_back(std::move(entry));
}

void RamTiles::read() {
  for (Ram& entry : rams_) {
    netlist::Ice40Ram& ram = entry.ram;
    const auto pin = [&](const std::string& name, netlist::Net otherwise) {
      const int row = row_of(entry.x, entry.y, "ram/" + name);
      return fabric_.read(entry.x, row, "ram/" + name, otherwise);
    };
    for (std::size_t i = 0; i < 16; ++i) {
      ram.mask[i] = pin(fmt::format("MASK_{}", i), netlist::kZero);
      ram.wdata[i] = pin(fmt::format("WDATA_{}", i), netlist::kZero);
    }
    for (std::size_t i = 0; i < 11; ++i) {
      ram.waddr[i] = pin(fmt::format("WADDR_{}", i), netlist::kZero);
      ram.raddr[i] = pin(fmt::format("RADDR_{}", i), netlist::kZero);
    }
    ram.wclk = pin("WCLK", netlist::kZero);
    ram.wclke = pin("WCLKE", netlist::kOne);
    ram.we = pin("WE", netlist::kZero);
    ram.rclk = pin("RCLK", netlist::kZero);
    ram.rclke = pin("RCLKE", netlist::kOne);
    ram.re = pin("RE", netlist::kZero);
    netlist::add_ice40_ram(netlist_, ram);
  }
}

}  // namespace assay::ice40
