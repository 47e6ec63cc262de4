// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/ip.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/backend/zynq/quote.h"
#include "compile/base/error.h"

namespace assay::zynq {
namespace {

/// Families whose parts are on boards that there are.
constexpr std::string_view kFamilies[] = {"zynq",        "zynquplus",      "zynquplusRFSOC",
                                          "virtexuplus", "virtexuplusHBM", "virtexuplus58g"};

constexpr std::string_view kViews[][2] = {
    {"xilinx_anylanguagesynthesis", ":vivado.xilinx.com:synthesis"},
    {"xilinx_anylanguagebehavioralsimulation", ":vivado.xilinx.com:simulation"}};
constexpr std::string_view kGuiView = "xilinx_xpgui";

class XmlWriter {
 public:
  /// `attributes` with a blank in front.
  void open(std::string_view tag, const std::string& attributes = "") {
    line("<" + std::string(tag) + attributes + ">");
    ++depth_;
  }
  void close(std::string_view tag) {
    --depth_;
    line("</" + std::string(tag) + ">");
  }
  void leaf(std::string_view tag, std::string_view text, const std::string& attributes = "") {
    line(fmt::format("<{0}{1}>{2}</{0}>", tag, attributes, xml_text(text)));
  }
  void empty(std::string_view tag, const std::string& attributes) {
    line(fmt::format("<{}{}/>", tag, attributes));
  }
  void number(std::string_view tag, std::string_view value) {
    leaf(tag, value, R"( spirit:format="long")");
  }
  void line(const std::string& text) {
    text_ += std::string(2 * static_cast<std::size_t>(depth_), ' ') + text + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  int depth_ = 0;
};

std::string gui_file(const Ip& ip) { return fmt::format("xgui/{}_v1_0.tcl", ip.name); }

std::string type_attributes(const BusType& type, std::string_view suffix) {
  return fmt::format(
      R"( spirit:vendor="xilinx.com" spirit:library="{}" spirit:name="{}{}" spirit:version="1.0")",
      type.library, type.name, suffix);
}

class ComponentWriter {
 public:
  explicit ComponentWriter(const Ip& ip) : ip_(ip) {}

  std::string text() {
    w_.open("spirit:component",
            R"( xmlns:xilinx="http://www.xilinx.com")"
            R"( xmlns:spirit="http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009")"
            R"( xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance")");
    w_.leaf("spirit:vendor", kIpVendor);
    w_.leaf("spirit:library", kIpLibrary);
    w_.leaf("spirit:name", ip_.name);
    w_.leaf("spirit:version", kIpVersion);
    buses();
    address_spaces();
    memory_maps();
    model();
    file_sets();
    w_.leaf("spirit:description", ip_.description);
    parameters();
    extensions();
    w_.close("spirit:component");
    return w_.text();
  }

 private:
  void buses() {
    w_.open("spirit:busInterfaces");
    for (const IpBus& bus : ip_.buses) one_bus(bus);
    w_.close("spirit:busInterfaces");
  }

  void one_bus(const IpBus& bus) {
    const BusType& type = bus_type(bus.kind);
    w_.open("spirit:busInterface");
    w_.leaf("spirit:name", bus.name);
    w_.empty("spirit:busType", type_attributes(type, ""));
    w_.empty("spirit:abstractionType", type_attributes(type, "_rtl"));
    bus_mode(bus);
    w_.open("spirit:portMaps");
    for (const auto& [logical, physical] : bus.pins) {
      w_.open("spirit:portMap");
      named("spirit:logicalPort", logical);
      named("spirit:physicalPort", physical);
      w_.close("spirit:portMap");
    }
    w_.close("spirit:portMaps");
    bus_parameters(bus);
    w_.close("spirit:busInterface");
  }

  void bus_mode(const IpBus& bus) {
    const std::string mode = bus.master ? "spirit:master" : "spirit:slave";
    if (bus.kind != BusKind::kMemory && bus.kind != BusKind::kControl) {
      w_.empty(mode, "");
      return;
    }
    const std::string of = bus.master ? "addressSpaceRef" : "memoryMapRef";
    w_.open(mode);
    w_.empty("spirit:" + of, fmt::format(" spirit:{}=\"{}\"", of, bus.name));
    w_.close(mode);
  }

  void named(const std::string& tag, std::string_view name) {
    w_.open(tag);
    w_.leaf("spirit:name", name);
    w_.close(tag);
  }

  void bus_parameters(const IpBus& bus) {
    if (bus.parameters.empty()) return;
    w_.open("spirit:parameters");
    for (const auto& [name, value] : bus.parameters) {
      w_.open("spirit:parameter");
      w_.leaf("spirit:name", name);
      w_.leaf("spirit:value", value,
              fmt::format(R"( spirit:id="BUSIFPARAM_VALUE.{}.{}")", upper(bus.name), name));
      w_.close("spirit:parameter");
    }
    w_.close("spirit:parameters");
  }

  static std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
  }

  void address_spaces() {
    if (std::ranges::count(ip_.buses, BusKind::kMemory, &IpBus::kind) == 0) return;
    w_.open("spirit:addressSpaces");
    for (const IpBus& bus : ip_.buses) {
      if (bus.kind != BusKind::kMemory) continue;
      w_.open("spirit:addressSpace");
      w_.leaf("spirit:name", bus.name);
      w_.number("spirit:range", "18446744073709551616");  // of 64 bits of address
      w_.number("spirit:width", "64");
      w_.close("spirit:addressSpace");
    }
    w_.close("spirit:addressSpaces");
  }

  void memory_maps() {
    if (ip_.registers.empty()) return;
    const auto bus = std::ranges::find(ip_.buses, BusKind::kControl, &IpBus::kind);
    ASSAY_INVARIANT(bus != ip_.buses.end(), "registers without a bus that leads to them");
    w_.open("spirit:memoryMaps");
    w_.open("spirit:memoryMap");
    w_.leaf("spirit:name", bus->name);
    w_.open("spirit:addressBlock");
    w_.leaf("spirit:name", "reg0");
    w_.number("spirit:baseAddress", "0");
    w_.number("spirit:range", std::to_string(ip_.range));
    w_.number("spirit:width", "32");
    w_.leaf("spirit:usage", "register");
    w_.leaf("spirit:access", "read-write");
    for (const IpRegister& one : ip_.registers) one_register(one);
    w_.close("spirit:addressBlock");
    w_.close("spirit:memoryMap");
    w_.close("spirit:memoryMaps");
  }

  void one_register(const IpRegister& one) {
    const std::string access = one.writable ? "read-write" : "read-only";
    w_.open("spirit:register");
    w_.leaf("spirit:name", one.name);
    w_.leaf("spirit:description", one.description);
    w_.leaf("spirit:addressOffset", fmt::format("0x{:02x}", one.offset));
    w_.number("spirit:size", "32");
    w_.leaf("spirit:access", access);
    for (const IpField& field : one.fields) {
      w_.open("spirit:field");
      w_.leaf("spirit:name", field.name);
      w_.number("spirit:bitOffset", std::to_string(field.bit));
      w_.number("spirit:bitWidth", std::to_string(field.bits));
      w_.leaf("spirit:access", access);
      w_.close("spirit:field");
    }
    w_.close("spirit:register");
  }

  void model() {
    w_.open("spirit:model");
    w_.open("spirit:views");
    for (const auto& [view, environment] : kViews) one_view(view, environment, ip_.module);
    one_view(kGuiView, ":vivado.xilinx.com:xgui.ui", "");
    w_.close("spirit:views");
    w_.open("spirit:ports");
    for (const IpPort& port : ip_.ports) one_port(port);
    w_.close("spirit:ports");
    w_.close("spirit:model");
  }

  void one_view(std::string_view name, std::string_view environment, std::string_view module) {
    w_.open("spirit:view");
    w_.leaf("spirit:name", name);
    w_.leaf("spirit:envIdentifier", environment);
    if (!module.empty()) {
      w_.leaf("spirit:language", "Verilog");
      w_.leaf("spirit:modelName", module);
    }
    w_.open("spirit:fileSetRef");
    w_.leaf("spirit:localName", fmt::format("{}_view_fileset", name));
    w_.close("spirit:fileSetRef");
    w_.close("spirit:view");
  }

  void one_port(const IpPort& port) {
    w_.open("spirit:port");
    w_.leaf("spirit:name", port.name);
    w_.open("spirit:wire");
    w_.leaf("spirit:direction", port.output ? "out" : "in");
    if (port.bits > 0) {
      w_.open("spirit:vector");
      w_.number("spirit:left", std::to_string(port.bits - 1));
      w_.number("spirit:right", "0");
      w_.close("spirit:vector");
    }
    w_.open("spirit:wireTypeDefs");
    w_.open("spirit:wireTypeDef");
    w_.leaf("spirit:typeName", "wire");
    for (const auto& [view, environment] : kViews) w_.leaf("spirit:viewNameRef", view);
    w_.close("spirit:wireTypeDef");
    w_.close("spirit:wireTypeDefs");
    w_.close("spirit:wire");
    w_.close("spirit:port");
  }

  void file_sets() {
    w_.open("spirit:fileSets");
    for (const auto& [view, environment] : kViews) {
      w_.open("spirit:fileSet");
      w_.leaf("spirit:name", fmt::format("{}_view_fileset", view));
      for (const IpFile& file : ip_.files) one_file(file.name);
      one_file(ip_.top_file());
      w_.close("spirit:fileSet");
    }
    w_.open("spirit:fileSet");
    w_.leaf("spirit:name", fmt::format("{}_view_fileset", kGuiView));
    one_file(gui_file(ip_));
    w_.close("spirit:fileSet");
    w_.close("spirit:fileSets");
  }

  void one_file(const std::string& name) {
    w_.open("spirit:file");
    w_.leaf("spirit:name", name);
    if (name.ends_with(".sv"))
      w_.leaf("spirit:fileType", "systemVerilogSource");
    else if (name.ends_with(".v"))
      w_.leaf("spirit:fileType", "verilogSource");
    else if (name.ends_with(".tcl"))
      w_.leaf("spirit:fileType", "tclSource");
    else
      w_.leaf("spirit:userFileType", "mem");  // what $readmemh reads
    w_.close("spirit:file");
  }

  void parameters() {
    w_.open("spirit:parameters");
    w_.open("spirit:parameter");
    w_.leaf("spirit:name", "Component_Name");
    w_.leaf("spirit:value", ip_.name + "_v1_0",
            R"( spirit:resolve="user" spirit:id="PARAM_VALUE.Component_Name" spirit:order="1")");
    w_.close("spirit:parameter");
    w_.close("spirit:parameters");
  }

  void extensions() {
    w_.open("spirit:vendorExtensions");
    w_.open("xilinx:coreExtensions");
    w_.open("xilinx:supportedFamilies");
    for (const std::string_view family : kFamilies)
      w_.leaf("xilinx:family", family, R"( xilinx:lifeCycle="Production")");
    w_.close("xilinx:supportedFamilies");
    w_.open("xilinx:taxonomies");
    w_.leaf("xilinx:taxonomy", "/UserIP");
    w_.close("xilinx:taxonomies");
    w_.leaf("xilinx:displayName", ip_.display);
    w_.leaf("xilinx:coreRevision", "1");
    w_.close("xilinx:coreExtensions");
    w_.close("spirit:vendorExtensions");
  }

  const Ip& ip_;
  XmlWriter w_;
};

std::string port_text(const IpPort& port) {
  const std::string range = port.bits > 0 ? fmt::format("[{}:0] ", port.bits - 1) : "";
  return fmt::format("  {} wire {}{}", port.output ? "output" : "input ", range, port.name);
}

std::string pin_text(const IpPort& port) {
  if (port.inner_bits <= port.bits) return port.name;
  return fmt::format("{{{}'b0, {}}}", port.inner_bits - port.bits, port.name);
}

}  // namespace

std::string Ip::vlnv() const {
  return fmt::format("{}:{}:{}:{}", kIpVendor, kIpLibrary, name, kIpVersion);
}

std::span<const BusType> bus_types() {
  static constexpr BusType table[] = {
      {BusKind::kClock, "signal", "clock"},         {BusKind::kReset, "signal", "reset"},
      {BusKind::kInterrupt, "signal", "interrupt"}, {BusKind::kStream, "interface", "axis"},
      {BusKind::kMemory, "interface", "aximm"},     {BusKind::kControl, "interface", "aximm"}};
  return table;
}

const BusType& bus_type(BusKind kind) {
  return *std::ranges::find(bus_types(), kind, &BusType::kind);
}

IpBus clock_bus(const std::string& buses) {
  return {"ap_clk",
          BusKind::kClock,
          false,
          {{"CLK", "ap_clk"}},
          {{"ASSOCIATED_BUSIF", buses}, {"ASSOCIATED_RESET", "ap_rst_n"}}};
}

IpBus reset_bus() {
  return {"ap_rst_n", BusKind::kReset, false, {{"RST", "ap_rst_n"}}, {{"POLARITY", "ACTIVE_LOW"}}};
}

IpBus bus_of(const std::vector<IpPort>& ports, const std::string& name, BusKind kind, bool master,
             std::vector<Named> parameters) {
  IpBus bus = {name, kind, master, {}, std::move(parameters)};
  for (const IpPort& port : ports) {
    if (!port.name.starts_with(name + "_")) continue;
    std::string logical = port.name.substr(name.size() + 1);
    std::ranges::transform(logical, logical.begin(),
                           [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    bus.pins.emplace_back(std::move(logical), port.name);
  }
  return bus;
}

std::vector<Named> control_parameters(int address_bits) {
  return {
      {"DATA_WIDTH", "32"}, {"ADDR_WIDTH", std::to_string(address_bits)}, {"PROTOCOL", "AXI4LITE"}};
}

std::vector<Named> stream_parameters(int bytes) {
  return {{"TDATA_NUM_BYTES", std::to_string(bytes)},
          {"TDEST_WIDTH", "0"},
          {"TID_WIDTH", "0"},
          {"TUSER_WIDTH", "0"},
          {"HAS_TREADY", "1"},
          {"HAS_TSTRB", "0"},
          {"HAS_TKEEP", "0"},
          {"HAS_TLAST", "1"}};
}

std::string top_text(const Ip& ip) {
  std::string ports, pins, parameters;
  for (const IpPort& port : ip.ports) {
    ports += (ports.empty() ? "" : ",\n") + port_text(port);
    pins += fmt::format("{}    .{}({})", pins.empty() ? "" : ",\n", port.inner, pin_text(port));
  }
  for (const auto& [name, value] : ip.inner_parameters)
    parameters += fmt::format("{}    .{}({})", parameters.empty() ? "" : ",\n", name, value);
  if (!parameters.empty()) parameters = " #(\n" + parameters + "\n  )";
  return fmt::format("{}module {} (\n{}\n);\n  {}{} u_{} (\n{}\n  );\nendmodule\n",
                     ip.keeps_ports ? "(* keep_hierarchy = \"yes\" *)\n" : "", ip.module, ports,
                     ip.inner, parameters, ip.inner, pins);
}

std::string component_xml(const Ip& ip) { return ComponentWriter(ip).text(); }

std::vector<IpFile> ip_files(const Ip& ip) {
  std::vector<IpFile> files = {{"component.xml", component_xml(ip)}};
  files.insert(files.end(), ip.files.begin(), ip.files.end());
  files.push_back({ip.top_file(), top_text(ip)});
  files.push_back({gui_file(ip),
                   "proc init_gui { IPINST } {\n  ipgui::add_param $IPINST -name "
                   "\"Component_Name\"\n}\n"});
  return files;
}

}  // namespace assay::zynq
