// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "compile/backend/ice40/tiles.h"

namespace assay::ice40 {
namespace {

/// What is left of logic cells in these tiles is a wire from input 2, or nothing.
constexpr std::uint32_t kWire =
    1U << 0 | 1U << 1 | 1U << 6 | 1U << 7 | 1U << 10 | 1U << 11 | 1U << 16 | 1U << 17;

/// The database's name of a bit of a DSP: "A_15", "TOPOUTPUT_SELECT_0", "CE".
std::string field_key(const netlist::Ice40MacField& field, int bit) {
  return field.bits == 1 ? std::string(field.name) : fmt::format("{}_{}", field.name, bit);
}

/// What leads from one DSP to the one beside it; the database does not have it.
bool is_cascade(std::string_view pin) {
  return pin.starts_with("ACCUM") || pin.starts_with("SIGNEXT");
}

}  // namespace

void HardTiles::drive_mac(const BlockFields& fields) {
  Mac entry{&fields, block_field(fields, "CLK"), {}};
  netlist::Ice40Mac& mac = entry.mac;
  const BlockField first = block_field(fields, "O_0");
  mac.name = fmt::format("x{}y{}/mac", first.x, first.y);
  for (const netlist::Ice40MacField& field : netlist::kIce40MacSettings)
    for (int bit = 0; bit < field.bits; ++bit) {
      const BlockField at = block_field(fields, field_key(field, bit));
      const std::string function = "IpConfig." + at.what;
      mac.settings[std::string(field.name)] |= static_cast<int>(fabric_.value(at.x, at.y, function))
                                               << bit;
      taken_.insert({at.x, at.y, function});
    }
  mac.falling = fabric_.value(entry.clock.x, entry.clock.y, "NegClk") != 0;
  for (const netlist::Ice40MacField& field : netlist::kIce40MacOutputs)
    for (int bit = 0; bit < field.bits; ++bit) {
      const netlist::Net net = netlist_.new_net();
      mac.pins[std::string(field.name)].push_back(net);
      if (is_cascade(field.name)) continue;
      const BlockField at = block_field(fields, field_key(field, bit));
      fabric_.drive(at.x, at.y, at.what, net);
    }
  for (const netlist::Ice40MacField& field : netlist::kIce40MacInputs)
    for (int bit = 0; bit < field.bits && !is_cascade(field.name); ++bit) {
      const BlockField at = block_field(fields, field_key(field, bit));
      taken_.insert({at.x, at.y, at.what});
    }
  check_cascade(entry);
  macs_.push_back(std::move(entry));
}

void HardTiles::check_cascade(const Mac& entry) const {
  const auto is = [&](const char* setting, int value) {
    return entry.mac.settings.at(setting) == value;
  };
  if (is("BOTADDSUB_CARRYSELECT", netlist::kIce40MacCarryBeside) ||
      is("BOTADDSUB_LOWERINPUT", netlist::kIce40MacSignBeside))
    fabric_.refuse(entry.clock.x, entry.clock.y,
                   "a DSP that takes a carry or sign from the one beside it has no model");
}

void HardTiles::drive() {
  for (const BlockFields& fields : fabric_.db().macs) drive_mac(fields);
  for (const TileKind kind :
       {TileKind::kDsp0, TileKind::kDsp1, TileKind::kDsp2, TileKind::kDsp3, TileKind::kIpcon})
    for_each_tile(fabric_, kind, [&](int x, int y) { check_tile(x, y); });
}

/// A pin that nothing leads to is 0, the enable 1. All DSPs are there, whether they are used or not: what
/// nothing depends on is taken away.
void HardTiles::read() {
  for (Mac& entry : macs_) {
    for (const netlist::Ice40MacField& field : netlist::kIce40MacInputs)
      for (int bit = 0; bit < field.bits; ++bit) {
        netlist::Net net = field.name == "CE" ? netlist::kOne : netlist::kZero;
        if (!is_cascade(field.name)) {
          const BlockField at = block_field(*entry.fields, field_key(field, bit));
          net = fabric_.read(at.x, at.y, at.what, net);
        }
        entry.mac.pins[std::string(field.name)].push_back(net);
      }
    const std::string trouble = netlist::add_ice40_mac(netlist_, entry.mac);
    if (!trouble.empty()) fabric_.refuse(entry.clock.x, entry.clock.y, "of a DSP, " + trouble);
  }
}

void HardTiles::check_tile(int x, int y) {
  explain_column_buffers(fabric_, x, y);
  for (int i = 0; i < 8; ++i) {
    const std::string setting = fmt::format("IpConfig.CBIT_{}", i);
    if (fabric_.has(x, y, setting) && !is_taken(x, y, setting) && fabric_.value(x, y, setting) != 0)
      fabric_.refuse(x, y, "an SPRAM or another hard block is on, which has no model");
    const std::uint32_t cell = fabric_.value(x, y, fmt::format("LC_{}", i));
    if (cell != 0 && cell != kWire)
      fabric_.refuse(x, y, fmt::format("cell {} is not as in a tile without logic cells", i));
    for (const char* name : {"IPCON", "MULT0", "MULT1", "MULT2", "MULT3"}) {
      const std::string cascade = fmt::format("Cascade.{}_LC0{}_inmux02_5", name, i);
      if (fabric_.has(x, y, cascade)) fabric_.value(x, y, cascade);
    }
    for (int k = 0; k < 4; ++k) {
      const std::string pin = fmt::format("lutff_{}/in_{}", i, k);
      if (fabric_.db().wire(x, y, pin) && !is_taken(x, y, pin) && fabric_.is_led(x, y, pin))
        fabric_.refuse(x, y, "a hard block reads '" + pin + "', which has no model");
    }
  }
}

}  // namespace assay::ice40
