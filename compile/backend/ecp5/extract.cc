// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/extract.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "compile/backend/ecp5/extractor.h"
#include "compile/backend/ecp5/fabric.h"
#include "compile/backend/ecp5/multipliers.h"
#include "compile/backend/ecp5/pads.h"
#include "compile/backend/ecp5/plls.h"
#include "compile/backend/ecp5/trellis_db.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::ecp5 {
namespace {

/// "data[3]" is bit 3 of the port "data".
struct PortBit {
  std::string port;
  std::size_t bit = 0;
};

PortBit port_bit(const std::string& name, std::string_view file) {
  const std::size_t open = name.rfind('[');
  if (open == std::string::npos) return {name, 0};
  PortBit result{name.substr(0, open), 0};
  const char* first = name.data() + open + 1;
  const auto [end, error] = std::from_chars(first, name.data() + name.size(), result.bit);
  if (error != std::errc{} || *end != ']' || end + 1 != name.data() + name.size() ||
      result.bit > 65535)
    user_error("{}: '{}' is no bit of a port", file, printable(name));
  return result;
}

/// Ports with their bits in order, the pad of each.
struct PortPads {
  std::string name;
  std::vector<Pad> pads;
};

std::vector<PortPads> ports_of(const Extraction& extraction, const Database& database) {
  const std::map<std::string, Pad> known = database.pads(extraction.package);
  std::map<std::string, std::map<std::size_t, Pad>> ports;
  std::set<std::string> used;
  for (const PortPad& entry : extraction.pads) {
    const auto pad = known.find(entry.pad);
    if (pad == known.end())
      user_error("{}: port '{}' is to be on pad '{}', which {} has not", extraction.file,
                 printable(entry.port), printable(entry.pad), extraction.package);
    if (!used.insert(entry.pad).second)
      user_error("{}: two ports are to be on pad '{}'", extraction.file, entry.pad);
    const PortBit bit = port_bit(entry.port, extraction.file);
    if (!ports[bit.port].emplace(bit.bit, pad->second).second)
      user_error("{}: port '{}' is to be on two pads", extraction.file, printable(entry.port));
  }
  std::vector<PortPads> result;
  for (const auto& [name, bits] : ports) {
    if (bits.rbegin()->first + 1 != bits.size())
      user_error("{}: port '{}' has bits that are on no pad", extraction.file, printable(name));
    result.push_back({name, {}});
    for (const auto& [bit, pad] : bits) result.back().pads.push_back(pad);
  }
  return result;
}

/// Makes ports of pads; inputs first, PLLs and multipliers behind them, so that outputs can be looked for from
/// there.
void add_ports(const std::vector<PortPads>& ports, Fabric& fabric, Extractor& extractor,
               netlist::Netlist& netlist) {
  for (const PortPads& entry : ports) {
    netlist::Port port;
    port.name = entry.name;
    port.input = direction(fabric, entry.pads[0]) == Direction::kInput;
    for (const Pad& pad : entry.pads) {
      if ((direction(fabric, pad) == Direction::kInput) != port.input)
        user_error("{}: port '{}' is partly an input and partly an output", fabric.file(),
                   printable(entry.name));
      port.bits.push_back(port.input ? netlist.new_net() : netlist::kZero);
      if (port.input) extractor.input(pad.row, pad.column, pad.letter, port.bits.back());
    }
    netlist.ports.push_back(std::move(port));
  }
  make_plls(extractor, fabric, netlist);
  make_multipliers(extractor, fabric, netlist);
  for (std::size_t p = 0; p < ports.size(); ++p) {
    if (netlist.ports[p].input) continue;
    for (std::size_t i = 0; i < ports[p].pads.size(); ++i) {
      const Pad& pad = ports[p].pads[i];
      if (extractor.net(pad.row, pad.column, fmt::format("PADDT{}_PIO", pad.letter)) !=
          netlist::kZero)
        user_error("{}: port '{}' is not always driven, for which there is no rule", fabric.file(),
                   printable(ports[p].name));
      netlist.ports[p].bits[i] =
          extractor.net(pad.row, pad.column, fmt::format("PADDO{}_PIO", pad.letter));
    }
  }
}

}  // namespace

netlist::Netlist extract(const Bitfile& bits, const Extraction& extraction) {
  Database database(extraction.database, *bits.device);
  Fabric fabric(bits, database, extraction.file);
  netlist::Netlist netlist;
  netlist.name = extraction.top;
  Extractor extractor(fabric, netlist, bits);
  add_ports(ports_of(extraction, database), fabric, extractor, netlist);
  extractor.finish();
  netlist::require_made_clock(netlist);
  netlist::simplify(netlist);
  extractor.check_constants();
  extractor.check_unknown();
  netlist::verify(netlist);
  return netlist;
}

}  // namespace assay::ecp5
