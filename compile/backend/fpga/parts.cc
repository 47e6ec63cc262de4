// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/base/similar.h"
#include "compile/hw/boards.h"
#include "compile/hw/devices.h"

namespace assay::fpga {

using netlist::Family;

namespace {

/// Those that the open tools place and route.
std::vector<Part> routed_parts() {
  // LUTs, flip-flops, block RAMs, DSP blocks: Lattice's DS1040 (iCE40 LP/HX), FPGA-DS-02008 (iCE40
  // UltraPlus) and FPGA-DS-02012 (ECP5).
  return {{"ice40-hx1k", Family::kIce40, "hx1k", "tq144", 1280, 1280, 16, 0},
          {"ice40-up5k", Family::kIce40, "up5k", "sg48", 5280, 5280, 30, 8},
          {"ice40-hx8k", Family::kIce40, "hx8k", "ct256", 7680, 7680, 32, 0},
          {"ice40-hx8k-cb132", Family::kIce40, "hx8k", "cb132", 7680, 7680, 32, 0},
          {"ecp5-25", Family::kEcp5, "25k", "CABGA381", 24288, 24288, 56, 28},
          {"ecp5-25-csfbga285", Family::kEcp5, "25k", "CSFBGA285", 24288, 24288, 56, 28},
          {"ecp5-45", Family::kEcp5, "45k", "CABGA381", 43848, 43848, 108, 72},
          {"ecp5-85", Family::kEcp5, "85k", "CABGA381", 83640, 83640, 208, 156},
          {"ecp5-um5g-85", Family::kEcp5, "um5g-85k", "CABGA554", 83640, 83640, 208, 156}};
}

std::vector<Part> all_parts() {
  std::vector<Part> parts = routed_parts();
  for (const hw::Device& d : hw::devices())
    if (d.family == hw::Family::kXilinx)
      parts.push_back({std::string(d.name), Family::kXilinx, "", "", d.has.lut, d.has.ff,
                       d.has.bram, d.has.dsp});
  return parts;
}

}  // namespace

const std::vector<Part>& parts() {
  static const std::vector<Part> table = all_parts();
  return table;
}

std::string_view xilinx_generation(const Part& part) {
  return part.name.starts_with("xc7") ? "xc7" : "xcup";
}

const std::vector<Board>& boards() {
  // From the makers' schematics and pin lists: Lattice (iCEstick), 1BitSquared (iCEBreaker), Alchitry
  // (Cu), Olimex (iCE40HX8K-EVB: UART on the extension header), Radiona (ULX3S), OrangeCrab r0.2 (UART
  // on its pins 0 and 1), Colorlight i5 v7.0 on its extension board, LambdaConcept (ECPIX-5 85F).
  static const std::vector<Board> table = {
      {"icestick", "ice40-hx1k", "21", 12, "9", "8", "99", false, "", false},
      {"icebreaker", "ice40-up5k", "35", 12, "6", "9", "37", true, "10", true, true},
      {"alchitry-cu", "ice40-hx8k-cb132", "P7", 100, "P14", "M9", "J11", false, "P8", true},
      {"hx8k-evb", "ice40-hx8k", "J3", 100, "E4", "B2", "M12", false, "K11", true},
      {"ulx3s-25", "ecp5-25", "G2", 25, "M1", "L4", "B2", false, "R1", false},
      {"ulx3s-45", "ecp5-45", "G2", 25, "M1", "L4", "B2", false, "R1", false},
      {"ulx3s-85", "ecp5-85", "G2", 25, "M1", "L4", "B2", false, "R1", false},
      {"orangecrab", "ecp5-25-csfbga285", "A9", 48, "N17", "M18", "K4", true, "J17", true},
      {"colorlight-i5", "ecp5-25", "P3", 25, "H18", "J17", "U16", true, "K18", true},
      {"ecpix-5", "ecp5-um5g-85", "K23", 100, "R26", "R24", "R21", true, "AB1", true}};
  return table;
}

namespace {

const Part* part_called(std::string_view name) {
  const auto it = std::ranges::find(parts(), name, &Part::name);
  return it == parts().end() ? nullptr : &*it;
}

template <typename T>
std::string names_text(const std::vector<T>& table) {
  std::string text;
  for (const T& entry : table) text += fmt::format("{}{}", text.empty() ? "" : ", ", entry.name);
  return text;
}

}  // namespace

Target find_target(std::string_view name) {
  if (const Part* part = part_called(name)) return {part->name, part, nullptr};
  const auto board = std::ranges::find(boards(), name, &Board::name);
  if (board != boards().end()) return {board->name, part_called(board->part), &*board};
  if (const hw::Board* board = hw::find_board(name))
    user_error(
        "'{}' is a board whose bitstreams Vivado makes: 'assay build DIR --target {}' writes the "
        "project "
        "behind a finished run, and 'assay verify DIR --level netlist' or 'system' take it",
        printable(name), board->name);
  std::vector<std::string> known;
  for (const Part& part : parts()) known.push_back(part.name);
  for (const Board& other : boards()) known.push_back(other.name);
  for (const hw::Board& other : hw::boards()) known.emplace_back(other.name);
  user_error(
      "no target is called '{}'; the nearest are {}; there are the parts {} and the boards {}; "
      "and, for Vivado, the boards {}",
      printable(name), similar_names(name, known), names_text(parts()), names_text(boards()),
      names_text(hw::boards()));
}

const Part* larger_part(const Part& part) {
  const Part* found = nullptr;
  for (const Part& other : parts())
    if (other.family == part.family && xilinx_generation(other) == xilinx_generation(part) &&
        other.luts > part.luts && (!found || other.luts < found->luts))
      found = &other;
  return found;
}

}  // namespace assay::fpga
