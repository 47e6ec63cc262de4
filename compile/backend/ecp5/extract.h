// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/ecp5/bitfile.h"
#include "compile/netlist/netlist.h"

namespace assay::ecp5 {

/// A port of the design and the pad it is on: "data[3]" and "A4".
struct PortPad {
  std::string port;
  std::string pad;
};

/// The LOCATE statements of an .lpf file. UserError naming the line of a statement that is none of
/// that language.
std::vector<PortPad> read_lpf(std::string_view text, std::string_view file);

/// What the bits do: the tables, flip-flops and memories that outputs depend on, down to the pads of
/// `pads`. Cells are called by their place ("R12C5/SLICEA.REG0"). UserError naming file, tile and bit or
/// wire where a bit is not known, a wire has two drivers, or something is used that there is no rule for:
/// other I/O than plain inputs and outputs, asynchronous resets, PLLs that are not as add_ecp5_pll() has them,
/// DSP blocks that do more than multiply.
struct Extraction {
  std::string_view file;           ///< for messages
  std::filesystem::path database;  ///< of Project Trellis: the folder with devices.json
  std::string package;             ///< "CABGA381"
  std::string top;                 ///< the design's name
  std::vector<PortPad> pads;
};
netlist::Netlist extract(const Bitfile& bits, const Extraction& extraction);

}  // namespace assay::ecp5
