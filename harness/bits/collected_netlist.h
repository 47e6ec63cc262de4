// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/hw/boards.h"
#include "harness/bits/built_design.h"
#include "harness/build/saved_build.h"

namespace assay {

/// Of a board whose bitstreams Vivado makes the file that its netlist was collected as. UserError as of
/// read_vivado_report(), when none was collected, and when it was edited since.
BuiltFile collected_netlist_file(const std::filesystem::path& dir, const hw::Board& board);

/// The accelerator's netlist after implementation, Verilog that Yosys reads, with the ports of the stitched design. It has
/// no origin. UserError, naming the cell where there is one, for a netlist that the models do not cover, or that is
/// another design's; ToolError where there is no Yosys.
BuiltDesign read_collected(const RtlSession& session, const hw::Board& board);

/// What nothing was made of: the design without cells, to report on.
BuiltDesign unread_design(const hw::Board& board, report::File file);

}  // namespace assay
