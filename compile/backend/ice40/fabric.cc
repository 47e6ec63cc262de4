// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/fabric.h"

#include <algorithm>

#include "compile/base/error.h"

namespace assay::ice40 {
namespace {

/// The global networks by number; a device has eight.
std::vector<Wire> global_wires(const ChipDb& db) {
  std::vector<Wire> wires;
  for (int number = 0; number < 8; ++number)
    if (const auto wire = db.wire(1, 1, fmt::format("glb_netwk_{}", number)))
      wires.push_back(*wire);
  return wires;
}

}  // namespace

Fabric::Fabric(const Bitfile& bits, const ChipDb& db, std::vector<std::uint8_t>& explained)
    : bits_(bits), db_(db), explained_(explained), sources_(db.wires), nets_(db.wires, kNone) {
  for (const Switch& on : db.switches) connect(on.to, on.from, on.x, on.y);
  check_column_buffers(global_wires(db));
}

void Fabric::check_column_buffers(const std::vector<Wire>& globals) {
  for (const Switch& on : db_.switches) {
    const auto at = std::find(globals.begin(), globals.end(), on.from);
    if (at == globals.end()) continue;
    const auto buffer = db_.column_buffers.find({on.x, on.y});
    if (buffer == db_.column_buffers.end()) refuse(on.x, on.y, "no column buffer is known for it");
    const auto [x, y] = buffer->second;
    const auto number = at - globals.begin();
    if (value(x, y, fmt::format("ColBufCtrl.glb_netwk_{}", number)) == 0)
      refuse(on.x, on.y,
             fmt::format("it uses global network {}, whose buffer for this column is off", number));
  }
}

const std::vector<ChipDb::BitPlace>* Fabric::places(int x, int y,
                                                    const std::string& function) const {
  const auto at = db_.functions.find({db_.tile(x, y), function});
  return at == db_.functions.end() ? nullptr : &at->second;
}

bool Fabric::has(int x, int y, const std::string& function) const {
  return places(x, y, function) != nullptr;
}

std::uint32_t Fabric::value(int x, int y, const std::string& function) {
  const auto* found = places(x, y, function);
  if (found == nullptr) refuse(x, y, "the database has no " + function);
  std::uint32_t result = 0, bit = 1;
  for (const ChipDb::BitPlace& place : *found) {
    const std::size_t at = bits_.at(x, y, place.row, place.column);
    explained_[at] = 1;
    if (bits_.bit(x, y, place.row, place.column)) result |= bit;
    bit <<= 1;
  }
  return result;
}

void Fabric::connect(Wire to, Wire from, int x, int y) {
  Source& source = sources_[to];
  if (source.from != kNoWire)
    refuse(x, y,
           fmt::format("it drives wire {}, and so does the tile at column {}, row {}", to, source.x,
                       source.y));
  source = {from, x, y};
}

void Fabric::drive(int x, int y, std::string_view pin, netlist::Net net) {
  drive(wire(x, y, pin), net, x, y, pin);
}

void Fabric::drive(Wire wire, netlist::Net net, int x, int y, std::string_view what) {
  if (nets_[wire] != kNone || sources_[wire].from != kNoWire)
    refuse(x, y, fmt::format("'{}' is driven by something else too", what));
  nets_[wire] = net;
}

netlist::Net Fabric::read(int x, int y, std::string_view pin, netlist::Net otherwise) {
  Wire at = wire(x, y, pin);
  if (sources_[at].from == kNoWire) return nets_[at] == kNone ? otherwise : nets_[at];
  Source last;
  for (Wire steps = 0; sources_[at].from != kNoWire; ++steps) {
    if (steps > db_.wires) refuse(x, y, fmt::format("'{}' is driven by itself", pin));
    last = sources_[at];
    at = last.from;
  }
  if (nets_[at] == kNone)
    refuse(
        x, y,
        fmt::format("'{}' comes from a switch in the tile at column {}, row {} that nothing drives",
                    pin, last.x, last.y));
  return nets_[at];
}

bool Fabric::is_led(int x, int y, std::string_view pin) const {
  return sources_[wire(x, y, pin)].from != kNoWire;
}

Wire Fabric::wire(int x, int y, std::string_view pin) const {
  const auto found = db_.wire(x, y, pin);
  if (!found) refuse(x, y, fmt::format("the database has no pin '{}'", pin));
  return *found;
}

void Fabric::refuse(int x, int y, const std::string& why) const {
  user_error("bitstream: {} tile at column {}, row {}: {}", tile_name(db_.tile(x, y)), x, y, why);
}

void Fabric::check_explained() const {
  const Geometry& layout = bits_.layout();
  for (int y = 0; y < layout.rows; ++y)
    for (int x = 0; x < layout.columns; ++x)
      for (int row = 0; row < kTileRows; ++row)
        for (int column = 0; column < kTileColumns; ++column)
          if (bits_.bit(x, y, row, column) && explained_[bits_.at(x, y, row, column)] == 0)
            refuse(
                x, y,
                fmt::format("bit B{}[{}] is set, and it is not known what it does", row, column));
}

}  // namespace assay::ice40
