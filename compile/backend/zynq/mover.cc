// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/mover.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/backend/verilog/rtl_library.h"

namespace assay::zynq {
namespace {

/// What Vivado and Vitis call a clock, a reset and an interrupt.
constexpr std::pair<std::string_view, std::string_view> kOuterNames[] = {
    {"clk_i", "ap_clk"}, {"rst_ni", "ap_rst_n"}, {"interrupt_o", "interrupt"}};

std::string outer_name(const std::string& inner) {
  for (const auto& [from, to] : kOuterNames)
    if (inner == from) return std::string(to);
  return inner;
}

std::vector<IpPort> mover_ports(const Mover& mover) {
  std::vector<IpPort> ports;
  const auto add = [&](const std::string& inner, bool output, int bits) {
    ports.push_back({outer_name(inner), output, bits, inner});
  };
  add("clk_i", false, 0);
  add("rst_ni", false, 0);
  for (const MoverSignal& signal : mover_signals(mover))
    add(signal.name, !signal.input, signal.is_scalar() ? 0 : signal.bits);
  return ports;
}

int bits_of(const std::vector<IpPort>& ports, std::string_view name) {
  return std::ranges::find(ports, name, &IpPort::name)->bits;
}

std::vector<Named> memory_parameters(const Mover& mover, int address_bits) {
  return {{"DATA_WIDTH", std::to_string(mover.choice.memory_bits)},
          {"ADDR_WIDTH", std::to_string(address_bits)},
          {"ID_WIDTH", "0"},
          {"PROTOCOL", "AXI4"},
          {"READ_WRITE_MODE", mover.reads ? "READ_ONLY" : "WRITE_ONLY"},
          {"SUPPORTS_NARROW_BURST", "0"},
          {"MAX_BURST_LENGTH", std::to_string(mover.choice.max_burst)},
          {mover.reads ? "NUM_READ_OUTSTANDING" : "NUM_WRITE_OUTSTANDING",
           std::to_string(mover.choice.outstanding)}};
}

}  // namespace

const std::vector<IpRegister>& mover_registers() {
  static const std::vector<IpRegister> table = [] {
    std::vector<IpRegister> registers;
    for (const MoverRegister& one : kMoverRegisters) {
      registers.push_back({one.name, one.meaning, static_cast<int>(one.offset),
                           one.access != MoverRegister::Access::kRead});
      for (const MoverBit& bit : kMoverBits)
        if (bit.reg == one.name)
          registers.back().fields.push_back({bit.name, static_cast<int>(bit.bit)});
    }
    return registers;
  }();
  return table;
}

Ip mover_ip(const Mover& mover) {
  Ip ip;
  ip.name = mover.name;
  ip.module = "assay_" + mover.name;
  ip.inner = mover.module();
  ip.display = "Assay data mover " + mover.name;
  ip.description = fmt::format("moves frames of {} {} {}", mover.tensor,
                               mover.reads ? "from memory to" : "to memory from", mover.stream);
  ip.inner_parameters = mover_parameters(mover);
  ip.ports = mover_ports(mover);
  const std::string stream = mover.reads ? "m_axis" : "s_axis";
  const int address = bits_of(ip.ports, mover.reads ? "m_axi_gmem_araddr" : "m_axi_gmem_awaddr");
  const int control = bits_of(ip.ports, "s_axi_control_awaddr");
  ip.buses = {
      clock_bus("s_axi_control:m_axi_gmem:" + stream),
      reset_bus(),
      {"interrupt",
       BusKind::kInterrupt,
       true,
       {{"INTERRUPT", "interrupt"}},
       {{"SENSITIVITY", "LEVEL_HIGH"}, {"PortWidth", "1"}}},
      bus_of(ip.ports, "s_axi_control", BusKind::kControl, false, control_parameters(control)),
      bus_of(ip.ports, "m_axi_gmem", BusKind::kMemory, true, memory_parameters(mover, address)),
      bus_of(ip.ports, stream, BusKind::kStream, mover.reads,
             stream_parameters(static_cast<int>(mover.beat_bytes)))};
  ip.registers = mover_registers();
  for (const RtlFile& file : rtl_sources(mover.module()))
    ip.files.push_back({fmt::format("hdl/{}", file.name), std::string(file.text)});
  return ip;
}

}  // namespace assay::zynq
