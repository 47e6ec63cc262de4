// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/ecp5_ram.h"

#include <algorithm>

#include "compile/netlist/gates.h"

namespace assay::netlist {
namespace {

using Ecp5Port = Ecp5Ram::Port;

/// How many of the lowest address pins are not part of the address.
int skipped(int width) {
  for (const auto& [w, bits] : {std::pair{1, 0}, {2, 1}, {4, 2}, {9, 3}, {18, 4}, {36, 5}})
    if (w == width) return bits;
  return -1;
}

std::string ecp5_trouble_of(const Ecp5Ram& ram) {
  if (skipped(ram.a.width) < 0 || skipped(ram.b.width) < 0) return "there is no model of its width";
  const bool wide = ram.a.width == 36 || ram.b.width == 36;
  if (wide && (ram.a.width != 36 || ram.b.write != kZero))
    return "at 36 bits port A writes and port B reads; there is no model of anything else";
  if ((ram.a.width < 9) != (ram.b.width < 9))
    return "there is no model of one port below 9 bits beside one of 9 or more";
  for (const Ecp5Port* port : {&ram.a, &ram.b})
    if (port->mode == Ecp5Ram::WriteMode::kWriteThrough && port->write != kZero)
      return "there is no model of WRITETHROUGH";
  return "";
}

std::vector<std::uint64_t> ecp5_units_of(const Ecp5Ram& ram, int unit_bits) {
  std::vector<std::uint64_t> units;
  const int seen = unit_bits == 9 ? 9 : 8;
  for (const std::uint32_t word : ram.words)
    for (const std::uint32_t unit : {word & 511U, word >> 9})
      for (int at = 0; at < seen; at += unit_bits)
        units.push_back(unit >> at & ((1U << unit_bits) - 1));
  return units;
}

void ecp5_drive(Netlist& netlist, Net out) {
  netlist.lut(0, {});
  netlist.luts.back().out = out;
}

std::vector<Net> ecp5_address_of(const Ecp5Port& port) {
  return {port.address.begin() + skipped(port.width), port.address.end()};
}

/// Data below `out`'s pins from `first` on; the other pins are 0.
Memory::ReadPort ecp5_read_port(Netlist& netlist, const Ecp5Port& port, const std::vector<Net>& out,
                                std::size_t first) {
  Memory::ReadPort read;
  read.address = ecp5_address_of(port);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (i >= first && i < first + static_cast<std::size_t>(port.width))
      read.data.push_back(out[i]);
    else
      ecp5_drive(netlist, out[i]);
  read.clock = port.clock, read.falling = port.falling;
  // Writing in mode NORMAL leaves the data as they are.
  const bool keeps = port.mode == Ecp5Ram::WriteMode::kNormal;
  read.enable = keeps ? and_of(netlist, port.enable, not_of(netlist, port.write)) : port.enable;
  return read;
}

void ecp5_add_write(Netlist& netlist, const Ecp5Port& port, const std::vector<Net>& in,
                    Memory& memory) {
  const Net enable = and_of(netlist, port.enable, port.write);
  if (enable == kZero) return;
  Memory::WritePort write;
  write.address = ecp5_address_of(port);
  write.data.assign(in.begin(), in.begin() + port.width);
  for (std::size_t i = 0; i < write.data.size(); ++i)
    write.enables.push_back(port.width < 18 ? enable
                            : i % 9 == 0    ? and_of(netlist, enable, port.address[i / 9])
                                            : write.enables.back());
  write.clock = port.clock, write.falling = port.falling;
  memory.writes.push_back(std::move(write));
}

std::vector<Net> ecp5_joined(const std::vector<Net>& low, const std::vector<Net>& high) {
  std::vector<Net> all = low;
  all.insert(all.end(), high.begin(), high.end());
  return all;
}

}  // namespace

std::string add_ecp5_ram(Netlist& netlist, const Ecp5Ram& ram) {
  const std::string trouble = ecp5_trouble_of(ram);
  if (!trouble.empty()) return trouble;
  Memory memory;
  memory.name = ram.name;
  memory.unit_bits = std::min({ram.a.width, ram.b.width, 9});
  memory.units = ecp5_units_of(ram, memory.unit_bits);
  if (ram.a.width == 36) {
    const std::vector<Net> out = ecp5_joined(ram.a.out, ram.b.out);
    memory.reads.push_back(ecp5_read_port(netlist, ram.b, out, ram.b.width == 36 ? 0 : 18));
    ecp5_add_write(netlist, ram.a, ecp5_joined(ram.a.in, ram.b.in), memory);
  } else {
    memory.reads.push_back(ecp5_read_port(netlist, ram.a, ram.a.out, 0));
    memory.reads.push_back(ecp5_read_port(netlist, ram.b, ram.b.out, 0));
    ecp5_add_write(netlist, ram.a, ram.a.in, memory);
    ecp5_add_write(netlist, ram.b, ram.b.in, memory);
  }
  netlist.memories.push_back(std::move(memory));
  return "";
}

}  // namespace assay::netlist
