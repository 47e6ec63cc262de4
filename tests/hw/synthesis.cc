// SPDX-License-Identifier: Apache-2.0
#include "hw/synthesis.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "hw/netlist.h"

namespace assay::hw::test {
namespace {

/// What cells count for: all whose names begin so.
using Cells = std::map<std::string, Resources>;

const Cells& cells_of(Family family) {
  // Carry chains lie beside the LUTs, wide multiplexers behind them.
  static const Cells xilinx = {{"LUT", {.lut = 1}},
                               {"INV", {.lut = 1}},
                               {"CARRY4", {}},
                               {"MUXF", {}},
                               {"FD", {.ff = 1}},
                               {"SRL", {.lut = 1}},
                               {"RAM32M", {.lut = 4}},
                               {"RAM64M", {.lut = 4}},
                               {"RAM32X1D", {.lut = 2}},
                               {"RAM64X1D", {.lut = 2}},
                               {"RAM128X1D", {.lut = 4}},
                               {"RAMB18E1", {.bram = 1}},
                               {"RAMB36E1", {.bram = 2}},
                               {"DSP48E1", {.dsp = 1}}};
  static const Cells ice40 = {{"SB_LUT4", {.lut = 1}},
                              {"SB_CARRY", {}},
                              {"SB_DFF", {.ff = 1}},
                              {"SB_RAM40_4K", {.bram = 1}},
                              {"SB_MAC16", {.dsp = 1}}};
  // A word of 16 x 4 bits takes four LUTs and the two that write it.
  static const Cells ecp5 = {
      {"LUT4", {.lut = 1}},    {"CCU2C", {.lut = 2}},     {"PFUMX", {}},
      {"L6MUX21", {}},         {"TRELLIS_FF", {.ff = 1}}, {"TRELLIS_DPR16X4", {.lut = 6}},
      {"DP16KD", {.bram = 1}}, {"PDPW16KD", {.bram = 1}}, {"MULT18X18D", {.dsp = 1}}};
  return family == Family::kXilinx ? xilinx : family == Family::kIce40 ? ice40 : ecp5;
}

/// What Yosys does not make of its own accord: iCE40 has no memories of LUTs, and constants are
/// logic where the layer wants no block RAM.
std::string synthesis(Family family, const std::string& top, bool dsp) {
  const std::string constants =
      "setattr -set rom_style \"logic\" m:* a:lut_rom %i\n"
      "setattr -set ram_style \"distributed\" m:* a:lut_ram %i\n";
  switch (family) {
    case Family::kXilinx:
      return constants + fmt::format("synth_xilinx -flatten -noiopad -noclkbuf {} -top {}\n",
                                     dsp ? "" : "-nodsp", top);
    case Family::kIce40:
      return fmt::format(
          "setattr -set ram_style \"registers\" m:* a:lut_rom a:lut_ram %u %i\n"
          "synth_ice40 {} -top {}\n",
          dsp ? "-dsp" : "", top);
    case Family::kEcp5:
      return constants + fmt::format("synth_ecp5 {} -top {}\n", dsp ? "" : "-nodsp", top);
  }
  return "";
}

}  // namespace

Resources synthesised(const Prepared& p, Family family) {
  bool dsp = false;
  for (const Parameter& parameter : p.rtl.layer.parameters)
    dsp |= parameter.name == "MultiplierBits" ||
           (parameter.name == "Dsp" && std::get<std::int64_t>(parameter.value) != 0);
  run_yosys(p, read_rtl(p) + synthesis(family, p.rtl.module, dsp) + "tee -o stat.txt stat\n");
  Resources sum;
  const Cells& cells = cells_of(family);
  std::istringstream lines(read_file(p.data / "stat.txt"));
  bool counting = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::int64_t count = 0;
    if (line.find("Number of cells:") != std::string::npos) {
      counting = true;
    } else if (counting && words >> name >> count) {
      const auto cell = std::ranges::find_if(
          cells, [&](const auto& known) { return name.starts_with(known.first); });
      if (cell == cells.end()) tool_error("Yosys left a cell of the unknown kind '{}'", name);
      const Resources& r = cell->second;
      sum += {count * r.lut, count * r.ff, count * r.bram, count * r.dsp};
    }
  }
  if (!counting) tool_error("Yosys counted no cells");
  return sum;
}

}  // namespace assay::hw::test
