// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "compile/netlist/netlist.h"

namespace assay::ice40 {

struct ExtractJob {
  std::string_view bitstream, bitstream_file;      ///< bytes of the `.bin`; how messages call it
  std::string_view chipdb, chipdb_file;            ///< text of the device's database (chipdb.h)
  std::string_view constraints, constraints_file;  ///< text of the `.pcf`: names of ports
  std::string_view package;                        ///< "ct256", "tq144:4k"
};

struct Extraction {
  netlist::Netlist netlist;
  std::int64_t switches = 0;  ///< that are on
};

/// What a bitstream makes of a device: tables (carries and products are some), flip-flops, block RAMs with
/// contents, ports named by the constraints, simplified and verified. It shares no code with what wrote the
/// bits. UserError, naming tile, column and row: a wire with two drivers or, where something depends on it,
/// none; a bit that is set and that no rule knows; what has no rule: asynchronous set and reset, also of
/// DSPs, DSPs in a cascade, pins other than plain inputs and outputs, SPRAMs and other hard blocks, warm
/// boot; a clock that goes past a PLL that is on; a pin in use that the constraints do not name; and as
/// read_bitfile, read_chipdb, read_constraints.
Extraction extract_ice40(const ExtractJob& job);

}  // namespace assay::ice40
