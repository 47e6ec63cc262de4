// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "compile/backend/ice40/tiles.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::ice40 {
namespace {

/// Of a block's six bits: how the pad is read (the lower two) and driven.
constexpr std::uint32_t kPlainInput = 0b000001, kPlainOutput = 0b011001, kDrives = 0b111100;

std::string block_pin(const PinPlace& place, const char* name) {
  return fmt::format("io_{}/{}", place.block, name);
}

std::uint32_t type_of(Fabric& fabric, const PinPlace& place) {
  std::uint32_t type = 0;
  for (int bit = 0; bit < 6; ++bit)
    type |= fabric.value(place.x, place.y, fmt::format("IOB_{}.PINTYPE_{}", place.block, bit))
            << bit;
  return type;
}

}  // namespace

Pins::Pins(Fabric& fabric, netlist::Netlist& netlist, const std::vector<PinConstraint>& constraints,
           std::string_view file)
    : fabric_(fabric), netlist_(netlist), file_(file) {
  for (const PinConstraint& constraint : constraints) {
    const auto pin = fabric.db().pins.find(constraint.pin);
    if (pin == fabric.db().pins.end())
      user_error("constraints '{}': the package has no pin '{}'", printable(file),
                 printable(constraint.pin));
    if (pin_at(pin->second) != nullptr)
      user_error("constraints '{}': pin '{}' is a pad that has a port under another name",
                 printable(file), printable(constraint.pin));
    pins_.push_back({&constraint, pin->second});
  }
}

Pins::Pin* Pins::pin_at(const PinPlace& place) {
  const auto at =
      std::find_if(pins_.begin(), pins_.end(), [&](const Pin& pin) { return pin.place == place; });
  return at == pins_.end() ? nullptr : &*at;
}

/// Whether what is at the pad reaches the device. The bit is inverted in a 1k, and may be another
/// block's.
bool Pins::is_enabled(const PinPlace& place) {
  const auto at = fabric_.db().input_enables.find(place);
  if (at == fabric_.db().input_enables.end()) return true;
  const PinPlace& bit = at->second;
  const bool set = fabric_.value(bit.x, bit.y, fmt::format("IoCtrl.IE_{}", bit.block)) != 0;
  return set != (fabric_.bits().layout().device == Device::k1k);
}

void Pins::drive() {
  for (Pin& pin : pins_) drive_pin(pin, type_of(fabric_, pin.place));
  for_each_tile(fabric_, TileKind::kIo, [&](int x, int y) { explain_tile(x, y); });
  check_used_pins();
}

void Pins::drive_pin(Pin& pin, std::uint32_t type) {
  const auto [x, y, block] = pin.place;
  pin.input = (type & kDrives) == 0;
  if (type != kPlainInput && type != kPlainOutput)
    fabric_.refuse(
        x, y,
        fmt::format("the pin of '{}' has type {:06b}, which has no model; plain inputs are "
                    "000001, plain outputs 011001",
                    printable(pin.constraint->port), type));
  if (!pin.input) return;
  pin.net = netlist_.new_net();
  // An input that nothing reads is off.
  if (is_enabled(pin.place)) pads_[pin.place] = pin.net;
}

/// Pull-ups and the edge of registers that no plain pin has do nothing to its value.
void Pins::explain_tile(int x, int y) {
  explain_column_buffers(fabric_, x, y);
  for (const char* name :
       {"NegClk", "IoCtrl.REN_0", "IoCtrl.REN_1", "IoCtrl.IE_0", "IoCtrl.IE_1", "IoCtrl.cf_bit_32",
        "IoCtrl.cf_bit_33", "IoCtrl.cf_bit_34", "IoCtrl.cf_bit_35", "IoCtrl.cf_bit_36",
        "IoCtrl.cf_bit_37", "IoCtrl.cf_bit_38", "IoCtrl.cf_bit_39", "IoCtrl.padeb_test_0",
        "IoCtrl.padeb_test_1"})
    if (fabric_.has(x, y, name)) fabric_.value(x, y, name);
}

void Pins::check_used_pins() {
  for_each_tile(fabric_, TileKind::kIo, [&](int x, int y) {
    for (int block = 0; block < 2; ++block)
      if ((type_of(fabric_, {x, y, block}) & kDrives) != 0 && pin_at({x, y, block}) == nullptr)
        fabric_.refuse(x, y,
                       fmt::format("block {} is an output, and '{}' names no port for it", block,
                                   printable(file_)));
  });
}

void Pins::drive_clocks() {
  const std::vector<PllSite> sites = find_plls();
  for (const auto& [place, net] : pads_) drive_pad(place);
  for (const PllSite& site : sites) drive_pll(site);
  drive_globals();
}

void Pins::drive_pad(const PinPlace& place) {
  fabric_.drive(place.x, place.y, block_pin(place, "D_IN_0"), pads_.at(place));
}

void Pins::drive_globals() {
  std::set<int> from_pads;
  for (const Bitfile::Extra& extra : fabric_.bits().extras) {
    const auto at = fabric_.db().pad_global_bits.find(extra);
    if (at == fabric_.db().pad_global_bits.end())
      user_error("bitstream: bit {}, {} of bank {} is set, belongs to no tile, and is not known",
                 extra.x, extra.y, extra.bank);
    from_pads.insert(at->second);
    drive_from_pad(at->second);
  }
  for (const ChipDb::Global& global : fabric_.db().fabric_globals) {
    fabric_outputs_.insert({global.x, global.y});
    if (!fabric_.is_led(global.x, global.y, "fabout")) continue;
    const Wire wire = fabric_.wire(1, 1, fmt::format("glb_netwk_{}", global.number));
    if (from_pads.count(global.number) != 0)
      fabric_.refuse(global.x, global.y,
                     fmt::format("a pad and the fabric drive global network {}", global.number));
    fabric_.connect(wire, fabric_.wire(global.x, global.y, "fabout"), global.x, global.y);
  }
}

void Pins::drive_from_pad(int number) {
  const auto place = fabric_.db().pad_globals.find(number);
  const auto pad =
      place == fabric_.db().pad_globals.end() ? pads_.end() : pads_.find(place->second);
  if (pad == pads_.end())
    user_error(
        "bitstream: global network {} comes from a pad that '{}' does not name or that is no "
        "input",
        number, printable(file_));
  const std::string wire = fmt::format("glb_netwk_{}", number);
  fabric_.drive(1, 1, wire, pad->second);
}

void Pins::read() {
  for (Pin& pin : pins_)
    if (!pin.input)
      pin.net =
          fabric_.read(pin.place.x, pin.place.y, block_pin(pin.place, "D_OUT_0"), netlist::kZero);
  for (const Pin& pin : pins_)
    if (netlist_.port(pin.constraint->port) == nullptr) add_port(pin.constraint->port);
  for_each_tile(fabric_, TileKind::kIo, [&](int x, int y) {
    if (fabric_.is_led(x, y, "fabout") && fabric_outputs_.count({x, y}) == 0)
      fabric_.refuse(x, y, "it drives a hard block (PLL, warm boot, latch), which has no model");
  });
}

void Pins::add_port(const std::string& name) {
  std::map<int, const Pin*> bits;
  for (const Pin& pin : pins_)
    if (pin.constraint->port == name) bits[pin.constraint->index] = &pin;
  netlist::Port port{name, bits.begin()->second->input, {}};
  const bool vector = bits.size() > 1 || bits.begin()->first >= 0;
  int expected = vector ? 0 : -1;
  for (const auto& [index, pin] : bits) {
    if (index != expected++)
      user_error("constraints '{}': port '{}' has no pin for bit {}", printable(file_),
                 printable(name), expected - 1);
    if (pin->input != port.input)
      user_error("constraints '{}': bits of port '{}' are inputs and outputs", printable(file_),
                 printable(name));
    port.bits.push_back(pin->net);
  }
  netlist_.ports.push_back(std::move(port));
}

}  // namespace assay::ice40
