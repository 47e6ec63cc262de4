// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "compile/backend/ice40/tiles.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/netlist/gates.h"

namespace assay::ice40 {
namespace {

int block_number(const std::string& word) {
  int value = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < 0 || value > 255)
    user_error("chip database: '{}' is no place of a block", word);
  return value;
}

/// The parameters by name, bits "DIVF_0" to "DIVF_5" as one number.
std::map<std::string, int> parameters_of(Fabric& fabric, const BlockFields& fields) {
  std::map<std::string, int> result;
  for (const auto& [key, values] : fields) {
    if (values.size() != 3 || !values[2].starts_with("PLLCONFIG_")) continue;
    const BlockField field = block_field(fields, key);
    const int bit = static_cast<int>(fabric.value(field.x, field.y, "PLL." + field.what));
    const std::size_t last = key.rfind('_');
    const bool numbered = last != std::string::npos && last + 2 == key.size() &&
                          key.back() >= '0' && key.back() <= '9';
    result[numbered ? key.substr(0, last) : key] |= numbered ? bit << (key.back() - '0') : bit;
  }
  return result;
}

}  // namespace

BlockField block_field(const BlockFields& fields, std::string_view key) {
  const auto at = fields.find(key);
  if (at == fields.end() || at->second.size() != 3)
    user_error("chip database: a block has no '{}'", key);
  return {block_number(at->second[0]), block_number(at->second[1]), at->second[2]};
}

std::vector<Pins::PllSite> Pins::find_plls() {
  std::vector<PllSite> sites;
  for (const BlockFields& fields : fabric_.db().plls) {
    const BlockField out = block_field(fields, "PLLOUT_A");
    std::map<std::string, int> parameters = parameters_of(fabric_, fields);
    PllSite site{&fields, {out.x, out.y, block_number(out.what)}, parameters["PLLTYPE"]};
    if (site.type == 0) continue;
    if (site.type != kPllFromPad && site.type != kPllFromFabric)
      fabric_.refuse(out.x, out.y, "a PLL with two outputs has no model");
    if ((pads_.find(site.place) != pads_.end()) != (site.type == kPllFromPad))
      fabric_.refuse(out.x, out.y,
                     "the pad of a PLL's output is its reference or no input, by the PLL's type");
    if (site.type == kPllFromPad) site.pad = pads_.extract(site.place).mapped();
    site.clock = netlist_.new_net();
    netlist_.clock_makers.push_back(clock_maker(site, std::move(parameters)));
    sites.push_back(site);
  }
  return sites;
}

/// Of the simple kind: the oscillator over DIVF feeds back, and over DIVQ is the output.
netlist::ClockMaker Pins::clock_maker(const PllSite& site, std::map<std::string, int> parameters) {
  const PinPlace& place = site.place;
  netlist::ClockMaker maker;
  maker.type = site.type == kPllFromPad ? "SB_PLL40_PAD" : "SB_PLL40_CORE";
  maker.clock = site.clock;
  parameters.erase("PLLTYPE");
  for (const char* name : {"DIVR", "DIVF", "DIVQ", "FILTER_RANGE"})
    maker.settings[name] = std::exchange(parameters[name], 0);
  constexpr int kSimple = 1;
  if (std::exchange(parameters["FEEDBACK_PATH"], 0) != kSimple)
    fabric_.refuse(place.x, place.y, "a PLL with another feedback than SIMPLE has no model");
  for (const auto& [name, value] : parameters)
    if (value != 0)
      fabric_.refuse(place.x, place.y,
                     fmt::format("a PLL with {} = {} has no model", printable(name), value));
  return maker;
}

void Pins::read_plls() {
  for (const BlockFields* fields : plls_)
    for (const auto& [pin, level] :
         {std::pair("RESETB", netlist::kOne), {"BYPASS", netlist::kZero}}) {
      const BlockField field = block_field(*fields, pin);
      running_.push_back({pin, field.x, field.y, level});
      netlist_.ports.push_back(
          {pin, false, {fabric_.read(field.x, field.y, field.what, netlist::kZero)}});
    }
}

void Pins::check_plls() {
  const std::size_t first = netlist_.ports.size() - running_.size();
  for (std::size_t i = 0; i < running_.size(); ++i)
    if (netlist_.ports[first + i].bits[0] != running_[i].level)
      fabric_.refuse(running_[i].x, running_[i].y,
                     fmt::format("a PLL whose {} is not {} has no model", running_[i].pin,
                                 running_[i].level == netlist::kOne ? 1 : 0));
  netlist_.ports.resize(first);
}

/// The output takes the place of a pad's input, and is a net of its own also where that pad is the
/// reference: so require_made_clock() sees what has the reference as its clock.
void Pins::drive_pll(const PllSite& site) {
  const BlockFields& fields = *site.fields;
  for (const auto& [key, values] : fields)
    if (values.size() == 3 && values[2] == "fabout") {
      const BlockField in = block_field(fields, key);
      fabric_outputs_.insert({in.x, in.y});
    }
  plls_.push_back(&fields);
  const BlockField lock = block_field(fields, "LOCK");
  fabric_.drive(lock.x, lock.y, lock.what, netlist::kOne);
  netlist_.luts.push_back({site.clock, 1, {reference_of(site)}, netlist::kBuffer});
  pads_[site.place] = site.clock;
  drive_pad(site.place);
}

netlist::Net Pins::reference_of(const PllSite& site) {
  if (site.type == kPllFromPad) return site.pad;
  const BlockField in = block_field(*site.fields, "REFERENCECLK");
  if (!fabric_.is_led(in.x, in.y, in.what)) fabric_.refuse(in.x, in.y, "a PLL has no reference");
  return fabric_.read(in.x, in.y, in.what, netlist::kZero);
}

}  // namespace assay::ice40
