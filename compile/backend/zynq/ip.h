// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::zynq {

struct IpPort {
  std::string name;
  bool output = false;
  int bits = 0;  ///< 0: no vector
  /// Of the module inside that it leads to.
  std::string inner;
  int inner_bits = 0;  ///< of an input that is wider inside: its bits above are 0
};

enum class BusKind : std::uint8_t { kClock, kReset, kInterrupt, kStream, kMemory, kControl };

using Named = std::pair<std::string, std::string>;

/// Ports that belong together.
struct IpBus {
  std::string name;
  BusKind kind = BusKind::kClock;
  bool master = false;
  std::vector<Named> pins;  ///< of the bus, and the port: {"TDATA", "m_axis_tdata"}
  std::vector<Named> parameters;
};

struct IpField {
  std::string_view name;
  int bit = 0, bits = 1;
};

/// A register behind the bus of kind kControl.
struct IpRegister {
  std::string_view name, description;
  int offset = 0;
  bool writable = false;
  std::vector<IpField> fields = {};
};

struct IpFile {
  std::string name;  ///< below the IP's folder: "hdl/accelerator.sv"
  std::string text;
};

/// What a register file takes of the address space.
inline constexpr std::int64_t kControlRange = 0x10000;

/// An IP as Vivado packages one: a folder with component.xml, its top a module of plain Verilog around
/// a module of SystemVerilog, as block designs take no other.
struct Ip {
  std::string name;         ///< of the folder, of the IP, and the head of its instances': "idma0"
  std::string module;       ///< the top's
  std::string inner;        ///< the module inside
  std::string display;      ///< for people
  std::string description;  ///< may hold names of a model
  std::vector<Named> inner_parameters;  ///< Verilog expressions
  std::vector<IpPort> ports;
  std::vector<IpBus> buses;
  std::vector<IpRegister> registers;
  std::int64_t range = kControlRange;  ///< of addresses in front of the registers and what follows
  std::int64_t used = 0;               ///< of it by more than registers: memories
  std::vector<IpFile> files;           ///< all but the top and component.xml
  bool keeps_ports = false;  ///< synthesis moves nothing across them, and they are in its netlist

  std::string top_file() const { return "hdl/" + module + ".v"; }
  std::string vlnv() const;
};

inline constexpr std::string_view kIpVendor = "assay", kIpLibrary = "dataflow", kIpVersion = "1.0";

/// The vendor, library and name of a bus, and of its form in RTL.
struct BusType {
  BusKind kind;
  std::string_view library, name;
};
std::span<const BusType> bus_types();
const BusType& bus_type(BusKind kind);

/// ap_clk and ap_rst_n (active low), of all buses named in `buses`, with colons between them.
IpBus clock_bus(const std::string& buses);
IpBus reset_bus();
/// The bus of the ports whose names begin with its own.
IpBus bus_of(const std::vector<IpPort>& ports, const std::string& name, BusKind kind, bool master,
             std::vector<Named> parameters);
/// Of an AXI4-Lite bus of 32 bits.
std::vector<Named> control_parameters(int address_bits);
/// Of an AXI4-Stream of so many bytes, with TLAST and back-pressure alone.
std::vector<Named> stream_parameters(int bytes);

/// The top: passes every port on to the module inside.
std::string top_text(const Ip& ip);
/// Its description in IP-XACT (1685-2009).
std::string component_xml(const Ip& ip);
/// All files of the folder, component.xml first.
std::vector<IpFile> ip_files(const Ip& ip);

}  // namespace assay::zynq
