// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "backend/equal_netlists.h"
#include "base/temp_dir.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/ice40/chipdb.h"
#include "compile/backend/ice40/extract.h"
#include "compile/backend/ice40/place_route.h"
#include "compile/base/file.h"
#include "compile/netlist/yosys_json.h"

/// From Verilog to a bitstream and back, with the tools that are installed.
namespace assay::ice40::test {

using netlist::test::differences, netlist::test::expect_equal;

/// What is missing to run the flow; empty when nothing is.
inline std::string missing_tool() {
  for (const char* name : {"yosys", "nextpnr-ice40", "icepack"})
    if (!fpga::has_tool(name)) return std::string(name) + " is not installed";
  try {
    fpga::icestorm_chipdb();
  } catch (const ToolError& error) {
    return error.what();
  }
  return "";
}

#define NEEDS_ICE40_TOOLS() \
  if (const std::string missing = missing_tool(); !missing.empty()) GTEST_SKIP() << missing

inline const fpga::Part& part_of(Device device) {
  static const fpga::Part kParts[] = {
      {"hx1k", netlist::Family::kIce40, "hx1k", "tq144", 1280, 1280, 16, 0},
      {"hx8k", netlist::Family::kIce40, "hx8k", "ct256", 7680, 7680, 32, 0},
      {"up5k", netlist::Family::kIce40, "up5k", "sg48", 5280, 5280, 30, 8},
  };
  return kParts[static_cast<int>(device)];
}

inline const std::string& chipdb_of(Device device) {
  static std::map<Device, std::string> texts;
  std::string& text = texts[device];
  if (text.empty()) text = read_file(fpga::icestorm_chipdb() / chipdb_file_name(device));
  return text;
}

/// Pins of the package in their order in the database: for the ports of the module that the JSON has;
/// a port called clk on a pad that drives a global network.
inline std::string pins_for(const netlist::Netlist& design, Device device) {
  std::vector<std::uint8_t> explained;
  const Bitfile none(geometry(device));
  const ChipDb db = read_chipdb(chipdb_of(device), "db", part_of(device).package, none, explained);
  std::vector<std::string> clocks, others;
  for (const auto& [name, place] : db.pins) {
    const bool global =
        std::any_of(db.pad_globals.begin(), db.pad_globals.end(),
                    [&, &place = place](const auto& entry) { return entry.second == place; });
    // Those of the 5k's LED drivers are no plain outputs.
    if (device != Device::k5k || (name != "39" && name != "40" && name != "41"))
      (global ? clocks : others).push_back(name);
  }
  std::string text;
  const auto take = [](std::vector<std::string>& from) {
    std::string pin = from.back();
    from.pop_back();
    return pin;
  };
  for (const netlist::Port& port : design.ports)
    for (std::size_t i = 0; i < port.bits.size(); ++i) {
      const std::string bit = port.bits.size() == 1 ? "" : "[" + std::to_string(i) + "]";
      text += "set_io " + port.name + bit + " " +
              take(port.name == "clk" || others.empty() ? clocks : others) + "\n";
    }
  return text;
}

/// A design, as it was synthesised and as bits.
struct Built {
  Device device = Device::k1k;
  netlist::Netlist synthesised;
  std::string json, constraints;
  fpga::PlaceRouteResult routed;

  Extraction extract(const std::string& bin) const {
    return extract_ice40({bin, "design.bin", chipdb_of(device), "chipdb", constraints, "design.pcf",
                          part_of(device).package});
  }
  Extraction extract() const { return extract(routed.bitstream); }
};

inline std::string synthesise(const std::string& verilog, const TempDir& folder,
                              const std::string& option = "") {
  folder.write("top.v", verilog);
  run_tool(fpga::find_tool("yosys"),
           {"-q", "-p",
            "read_verilog -sv top.v; synth_ice40 " + option + " -top top; write_json top.json"},
           folder.path(), std::chrono::seconds(120));
  return read_file(folder.path() / "top.json");
}

/// Synthesised, then placed and routed with these constraints; without any, with pins of our choice.
inline Built route(const std::string& json, Device device, std::uint64_t seed,
                   const std::string& constraints = "") {
  const TempDir folder;
  Built built;
  built.device = device;
  built.json = json;
  built.constraints = constraints;
  if (constraints.empty()) {
    built.synthesised = netlist::read_yosys_json(json, "top", netlist::Family::kIce40, "top.json");
    built.constraints = pins_for(built.synthesised, device);
  }
  const fpga::PlaceRouteJob job{&part_of(device), "top", json, built.constraints, 20, seed};
  built.routed = place_route_ice40(
      job, folder.path(),
      {fpga::find_tool("nextpnr-ice40"), fpga::find_tool("icepack"), std::chrono::seconds(120)});
  return built;
}

/// Module `top` of the text.
inline Built build(const std::string& verilog, Device device, std::uint64_t seed = 1,
                   const std::string& constraints = "") {
  return route(synthesise(verilog, TempDir()), device, seed, constraints);
}

}  // namespace assay::ice40::test
