// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/xilinx_ram.h"

#include <algorithm>
#include <array>

#include "compile/netlist/gates.h"

namespace assay::netlist {
namespace {

using XilinxPort = XilinxRam::Port;

/// How many of the lowest address pins are not part of the address.
int skipped_bits(int width) {
  constexpr std::array kWidths{1, 2, 4, 9, 18, 36, 72};
  const auto* at = std::find(kWidths.begin(), kWidths.end(), width);
  return at == kWidths.end() ? -1 : static_cast<int>(at - kWidths.begin());
}

/// How many enables a port of a width has.
std::size_t lanes_of(int width) { return width < 9 ? 1 : static_cast<std::size_t>(width / 9); }

std::vector<int> widths_of(const XilinxRam& ram) {
  std::vector<int> widths{ram.a.read_width, ram.b.write_width};
  if (!ram.simple) widths.insert(widths.end(), {ram.a.write_width, ram.b.read_width});
  std::erase(widths, 0);
  return widths;
}

std::string port_trouble(const XilinxPort& port, int widest) {
  for (const int width : {port.read_width, port.write_width})
    if (width != 0 && (skipped_bits(width) < 0 || width > widest))
      return "there is no model of its width";
  return "";
}

/// Data of a port that writes too: as they were, or as what is written.
std::string shared_trouble(const XilinxPort& port) {
  const bool writes =
      std::any_of(port.writes.begin(), port.writes.end(), [](Net net) { return net != kZero; });
  if (port.read_width == 0 || port.write_width == 0 || !writes) return "";
  if (port.mode == XilinxRam::WriteMode::kWriteFirst && port.read_width != port.write_width)
    return "there is no model of WRITE_FIRST with two widths";
  return "";
}

/// Enables beside the data repeat the others, or are 0: it does not matter whether the device sees them.
std::string lane_trouble(const XilinxPort& port) {
  if (port.write_width == 0) return "";
  const std::size_t lanes = lanes_of(port.write_width);
  for (std::size_t i = lanes; i < port.writes.size(); ++i)
    if (port.writes[i] != port.writes[i % lanes] && port.writes[i] != kZero)
      return "write enables beside its data have no model";
  return "";
}

std::string xilinx_trouble_of(const XilinxRam& ram) {
  const int widest = (ram.large ? 36 : 18) * (ram.simple ? 2 : 1);
  for (const XilinxPort* port : {&ram.a, &ram.b})
    for (const std::string& trouble :
         {port_trouble(*port, widest), ram.simple ? "" : shared_trouble(*port),
          lane_trouble(*port)})
      if (!trouble.empty()) return trouble;
  if (ram.simple && (ram.a.write_width != 0 || ram.b.read_width != 0))
    return "in mode SDP port A reads and port B writes; there is no model of anything else";
  const std::vector<int> widths = widths_of(ram);
  if (widths.empty()) return "none of its ports is in use";
  const bool narrow = *std::min_element(widths.begin(), widths.end()) < 9;
  if (narrow && *std::max_element(widths.begin(), widths.end()) >= 9)
    return "there is no model of one port below 9 bits beside one of 9 or more";
  return "";
}

std::vector<std::uint64_t> contents_of(const XilinxRam& ram, int unit_bits) {
  std::vector<std::uint64_t> units;
  for (std::size_t byte = 0; byte < ram.parity.size(); ++byte) {
    std::uint64_t value = std::uint64_t{ram.parity[byte]} << 8;
    for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{ram.data[8 * byte + i]} << i;
    for (int at = 0; at < (unit_bits == 9 ? 9 : 8); at += unit_bits)
      units.push_back(value >> at & ((std::uint64_t{1} << unit_bits) - 1));
  }
  return units;
}

void drive_zero(Netlist& netlist, Net out) {
  netlist.lut(0, {});
  netlist.luts.back().out = out;
}

std::vector<Net> address_nets(const XilinxPort& port, int width) {
  return {port.address.begin() + skipped_bits(width), port.address.end()};
}

/// The enable of lane i of what a port writes.
Net lane_enable(Netlist& netlist, const XilinxPort& port, std::size_t lane) {
  return and_of(netlist, port.enable, port.writes[lane]);
}

/// What was written last instead of what was read, as long as the port is not enabled again.
Net written_first(Netlist& netlist, const XilinxPort& port, Net read, Net in, Net write) {
  const auto hold = [&](Net d) {
    FlipFlop cell;
    cell.q = netlist.new_net(), cell.d = d;
    cell.clock = port.clock, cell.falling = port.falling;
    cell.enable = port.enable;
    cell.initial = Initial::kZero;
    netlist.flip_flops.push_back(cell);
    return cell.q;
  };
  return mux_of(netlist, hold(write), read, hold(in));
}

void xilinx_add_read(Netlist& netlist, const XilinxPort& port, const std::vector<Net>& out,
                     bool writes, Memory& memory) {
  const auto width = static_cast<std::size_t>(port.read_width);
  for (std::size_t i = width; i < out.size(); ++i) drive_zero(netlist, out[i]);
  if (width == 0) return;
  Memory::ReadPort read;
  read.address = address_nets(port, port.read_width);
  read.clock = port.clock, read.falling = port.falling, read.enable = port.enable;
  const bool first = writes && port.mode == XilinxRam::WriteMode::kWriteFirst;
  if (writes && port.mode == XilinxRam::WriteMode::kNoChange) {
    Net any = kZero;
    for (std::size_t lane = 0; lane < lanes_of(port.write_width); ++lane)
      any = or_of(netlist, any, port.writes[lane]);
    read.enable = and_of(netlist, port.enable, not_of(netlist, any));
  }
  for (std::size_t i = 0; i < width; ++i) {
    read.data.push_back(first ? netlist.new_net() : out[i]);
    if (!first) continue;
    netlist.lut(kBuffer,
                {written_first(netlist, port, read.data[i], port.in[i], port.writes[i / 9])});
    netlist.luts.back().out = out[i];
  }
  memory.reads.push_back(std::move(read));
}

void xilinx_add_write(Netlist& netlist, const XilinxPort& port, const std::vector<Net>& in,
                      Memory& memory) {
  Memory::WritePort write;
  if (port.write_width == 0) return;
  write.address = address_nets(port, port.write_width);
  write.data.assign(in.begin(), in.begin() + port.write_width);
  for (std::size_t i = 0; i < write.data.size(); ++i)
    write.enables.push_back(i % 9 == 0 ? lane_enable(netlist, port, i / 9) : write.enables.back());
  write.clock = port.clock, write.falling = port.falling;
  memory.writes.push_back(std::move(write));
}

std::vector<Net> both(const std::vector<Net>& low, const std::vector<Net>& high) {
  std::vector<Net> all = low;
  all.insert(all.end(), high.begin(), high.end());
  return all;
}

}  // namespace

std::string add_xilinx_ram(Netlist& netlist, const XilinxRam& ram) {
  const std::string trouble = xilinx_trouble_of(ram);
  if (!trouble.empty()) return trouble;
  const std::vector<int> widths = widths_of(ram);
  Memory memory;
  memory.name = ram.name;
  memory.unit_bits = std::min(9, *std::min_element(widths.begin(), widths.end()));
  memory.units = contents_of(ram, memory.unit_bits);
  if (ram.simple) {
    const bool full = ram.b.write_width == (ram.large ? 72 : 36);
    xilinx_add_read(netlist, ram.a, both(ram.a.out, ram.b.out), false, memory);
    xilinx_add_write(netlist, ram.b, full ? both(ram.a.in, ram.b.in) : ram.b.in, memory);
  } else {
    for (const XilinxPort* port : {&ram.a, &ram.b}) {
      xilinx_add_read(netlist, *port, port->out, port->write_width != 0, memory);
      xilinx_add_write(netlist, *port, port->in, memory);
    }
  }
  netlist.memories.push_back(std::move(memory));
  return "";
}

}  // namespace assay::netlist
