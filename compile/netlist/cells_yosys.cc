// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/cells.h"
#include "compile/netlist/gates.h"

namespace assay::netlist {
namespace {

struct Gate {
  std::string_view type;
  std::uint64_t table;
  std::string_view inputs;
};

/// Rows are numbered with the first input as the lowest bit.
constexpr Gate kGates[] = {
    {"$_BUF_", 0x2, "A"},        {"$_NOT_", 0x1, "A"},     {"$_AND_", 0x8, "AB"},
    {"$_NAND_", 0x7, "AB"},      {"$_OR_", 0xe, "AB"},     {"$_NOR_", 0x1, "AB"},
    {"$_XOR_", 0x6, "AB"},       {"$_XNOR_", 0x9, "AB"},   {"$_ANDNOT_", 0x2, "AB"},
    {"$_ORNOT_", 0xb, "AB"},     {"$_MUX_", 0xca, "ABS"},  {"$_NMUX_", 0x35, "ABS"},
    {"$_AOI3_", 0x07, "ABC"},    {"$_OAI3_", 0x1f, "ABC"}, {"$_AOI4_", 0x0777, "ABCD"},
    {"$_OAI4_", 0x111f, "ABCD"},
};

void build_gate(const Cell& cell) {
  for (const Gate& gate : kGates) {
    if (gate.type != cell.type) continue;
    cell.drive(cell.net("Y"), gate.table, {});
    Lut& lut = cell.netlist.luts.back();
    for (const char input : gate.inputs)
      lut.inputs[static_cast<std::size_t>(lut.size++)] = cell.net(std::string(1, input));
  }
}

/// A word's last letters: P or N for the level or edge, 0 or 1 for a value.
Net level(const Cell& cell, std::string_view pin, char polarity) {
  return polarity == 'P' ? cell.net(pin) : not_of(cell.netlist, cell.net(pin));
}

/// $_DFF_C_, $_DFFE_CE_, $_SDFF_CRv_, $_SDFFE_CRvE_ and $_SDFFCE_CRvE_, where the reset of the last waits
/// for its enable.
void build_yosys_flip_flop(const Cell& cell) {
  const std::size_t at = cell.type.find('_', 2) + 1;
  const std::string kind = cell.type.substr(2, at - 3);
  const std::string_view letters = std::string_view(cell.type).substr(at);
  FlipFlop flip_flop{.name = cell.name, .q = cell.net("Q"), .d = cell.net("D")};
  flip_flop.clock = cell.net("C");
  flip_flop.falling = letters[0] == 'N';
  const bool resets = kind[0] == 'S', enables = kind.ends_with('E');
  if (enables) flip_flop.enable = level(cell, "E", letters[resets ? 3 : 1]);
  if (resets) {
    flip_flop.reset = level(cell, "R", letters[1]);
    flip_flop.reset_value = letters[2] == '1';
  }
  if (kind == "SDFFCE") flip_flop.reset = and_of(cell.netlist, flip_flop.reset, flip_flop.enable);
  cell.netlist.flip_flops.push_back(std::move(flip_flop));
}

/// Its pin A is as wide as its parameter says.
void build_yosys_lut(const Cell& cell) {
  const std::vector<Net>& inputs = cell.nets("A");
  if (inputs.size() > 6) cell.refuse("a table of {} inputs has no model; at most 6", inputs.size());
  if (cell.number("WIDTH", 32) != inputs.size()) cell.refuse("its WIDTH is not that of its pin A");
  cell.drive(cell.net("Y"), cell.number("LUT", 1 << inputs.size()), {});
  Lut& lut = cell.netlist.luts.back();
  for (const Net net : inputs) lut.inputs[static_cast<std::size_t>(lut.size++)] = net;
}

#define DFF(type, pins) \
  { type, pins, "", build_yosys_flip_flop }
#define SDFF(c)                                                           \
  DFF("$_SDFF_" c "P0_", "C D R Q>"), DFF("$_SDFF_" c "P1_", "C D R Q>"), \
      DFF("$_SDFF_" c "N0_", "C D R Q>"), DFF("$_SDFF_" c "N1_", "C D R Q>")
#define SDFFE(kind, c, e)                                                                       \
  DFF("$_" kind "_" c "P0" e "_", "C D R E Q>"), DFF("$_" kind "_" c "P1" e "_", "C D R E Q>"), \
      DFF("$_" kind "_" c "N0" e "_", "C D R E Q>"), DFF("$_" kind "_" c "N1" e "_", "C D R E Q>")

constexpr CellModel kYosysCells[] = {
    {"$_BUF_", "A Y>", "", build_gate},
    {"$_NOT_", "A Y>", "", build_gate},
    {"$_AND_", "A B Y>", "", build_gate},
    {"$_NAND_", "A B Y>", "", build_gate},
    {"$_OR_", "A B Y>", "", build_gate},
    {"$_NOR_", "A B Y>", "", build_gate},
    {"$_XOR_", "A B Y>", "", build_gate},
    {"$_XNOR_", "A B Y>", "", build_gate},
    {"$_ANDNOT_", "A B Y>", "", build_gate},
    {"$_ORNOT_", "A B Y>", "", build_gate},
    {"$_MUX_", "A B S Y>", "", build_gate},
    {"$_NMUX_", "A B S Y>", "", build_gate},
    {"$_AOI3_", "A B C Y>", "", build_gate},
    {"$_OAI3_", "A B C Y>", "", build_gate},
    {"$_AOI4_", "A B C D Y>", "", build_gate},
    {"$_OAI4_", "A B C D Y>", "", build_gate},
    {"$lut", "A:* Y>", "LUT=0 WIDTH=0", build_yosys_lut},
    {"$scopeinfo", "", "TYPE=", nullptr},
    DFF("$_DFF_P_", "C D Q>"),
    DFF("$_DFF_N_", "C D Q>"),
    DFF("$_DFFE_PP_", "C D E Q>"),
    DFF("$_DFFE_PN_", "C D E Q>"),
    DFF("$_DFFE_NP_", "C D E Q>"),
    DFF("$_DFFE_NN_", "C D E Q>"),
    SDFF("P"),
    SDFF("N"),
    SDFFE("SDFFE", "P", "P"),
    SDFFE("SDFFE", "P", "N"),
    SDFFE("SDFFE", "N", "P"),
    SDFFE("SDFFE", "N", "N"),
    SDFFE("SDFFCE", "P", "P"),
    SDFFE("SDFFCE", "P", "N"),
    SDFFE("SDFFCE", "N", "P"),
    SDFFE("SDFFCE", "N", "N"),
};

}  // namespace

std::span<const CellModel> yosys_cells() { return kYosysCells; }

}  // namespace assay::netlist
