// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "backend/equal_netlists.h"
#include "base/temp_dir.h"
#include "compile/backend/ecp5/extract.h"
#include "compile/backend/ecp5/place_route.h"
#include "compile/backend/ecp5/trellis_db.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/netlist/yosys_json.h"

/// From Verilog to a bitstream of an ECP5 and back, with the tools that are installed.
namespace assay::ecp5::test {

using netlist::test::differences, netlist::test::expect_equal;

/// What is missing to run the flow; empty when nothing is.
inline std::string missing_tool() {
  for (const char* name : {"yosys", "nextpnr-ecp5", "ecppack"})
    if (!fpga::has_tool(name)) return std::string(name) + " is not installed";
  try {
    fpga::trellis_database();
  } catch (const ToolError& error) {
    return error.what();
  }
  return "";
}

#define NEEDS_ECP5_TOOLS() \
  if (const std::string missing = missing_tool(); !missing.empty()) GTEST_SKIP() << missing

inline const fpga::Part& part_of(std::uint32_t idcode) {
  static const std::map<std::uint32_t, fpga::Part> kParts = {
      {0x41111043, {"ecp5-25", netlist::Family::kEcp5, "25k", "CABGA256", 24288, 24288, 56, 28}},
      {0x41112043, {"ecp5-45", netlist::Family::kEcp5, "45k", "CABGA381", 43848, 43848, 108, 72}},
      {0x41113043, {"ecp5-85", netlist::Family::kEcp5, "85k", "CABGA381", 83640, 83640, 208, 156}}};
  return kParts.at(idcode);
}

/// The ports of a design on pads of the package in a random order.
inline std::string constraints_for(const netlist::Netlist& design, std::uint32_t idcode,
                                   std::uint64_t seed) {
  const Database database(fpga::trellis_database(), *find_device(idcode));
  std::vector<std::string> pads;
  for (const auto& [name, pad] : database.pads(part_of(idcode).package)) pads.push_back(name);
  std::shuffle(pads.begin(), pads.end(), std::mt19937_64(seed));
  std::string text = "BLOCK RESETPATHS;  # as boards have it\n";
  for (const netlist::Port& port : design.ports)
    for (std::size_t i = 0; i < port.bits.size(); ++i) {
      const std::string bit = port.bits.size() == 1 ? "" : "[" + std::to_string(i) + "]";
      text += "LOCATE COMP \"" + port.name + bit + "\" SITE \"" + pads.back() + "\";\n";
      text += "IOBUF PORT \"" + port.name + bit + "\" IO_TYPE=LVCMOS33;\n";
      pads.pop_back();
    }
  return text;
}

/// A design, as it was synthesised and as bits.
struct Built {
  std::uint32_t idcode = 0;
  netlist::Netlist synthesised;
  std::string constraints;
  fpga::PlaceRouteResult routed;

  Extraction extraction() const {
    return {"design.bit", fpga::trellis_database(), part_of(idcode).package, "top",
            read_lpf(constraints, "design.lpf")};
  }
  Bitfile bits() const { return read_bitfile(routed.bitstream, "design.bit"); }
};

/// Why bits of the design are refused; "taken": they are not.
inline std::string refusal(const Built& built, const Bitfile& bits) {
  try {
    extract(bits, built.extraction());
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

inline std::string synthesise(const std::string& verilog, const TempDir& folder,
                              const std::string& options) {
  folder.write("top.v", verilog);
  run_tool(fpga::find_tool("yosys"),
           {"-q", "-p",
            "read_verilog -sv top.v; synth_ecp5 " + options +
                " -top top; blackbox =A:whitebox; write_json top.json"},
           folder.path(), std::chrono::seconds(1200));
  return read_file(folder.path() / "top.json");
}

/// Module `top` of the text. With constraints of its own it need not have models.
inline Built build(const std::string& verilog, std::uint32_t idcode, std::uint64_t seed = 1,
                   const std::string& constraints = "", const std::string& options = "-nodsp") {
  const TempDir folder;
  Built built;
  built.idcode = idcode;
  const std::string json = synthesise(verilog, folder, options);
  if (constraints.empty()) {
    built.synthesised = netlist::read_yosys_json(json, "top", netlist::Family::kEcp5, "top.json");
    netlist::simplify(built.synthesised);
  }
  built.constraints =
      constraints.empty() ? constraints_for(built.synthesised, idcode, seed) : constraints;
  const fpga::PlaceRouteJob job{&part_of(idcode), "top", json, built.constraints, 20, seed};
  built.routed = place_route_ecp5(
      job, folder.path(),
      {fpga::find_tool("nextpnr-ecp5"), fpga::find_tool("ecppack"), std::chrono::seconds(1800)});
  return built;
}

}  // namespace assay::ecp5::test
