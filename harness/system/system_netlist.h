// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/backend/fpga/parts.h"
#include "compile/backend/verilog/movers.h"
#include "compile/netlist/netlist.h"
#include "harness/report/console.h"
#include "harness/report/system.h"
#include "harness/rtl/rtl_session.h"

namespace assay {

/// A run's accelerator behind its data movers as cells of a part.
struct SystemNetlist {
  netlist::Netlist design;
  report::System::Netlist report;
};

/// The part of that name, or of a board for which Vivado makes bitstreams. UserError as fpga::find_target(), for a
/// board whose design is in a shell, and for one whose part's cells have no models.
fpga::Target system_target(const std::string& name);

/// Synthesises module `view`, simulated_text() of `rtl`, in the run's folder, of which nothing stays there.
/// Layers are those of `assay build`, kept from earlier ones where they are the same. UserError and
/// NotEquivalentError as BuildSource; ToolError for tools that are missing or fail, and where every Yosys
/// there is makes a fault that is known.
SystemNetlist system_netlist(const RtlSession& session, const MoversRtl& rtl,
                             const std::string& view, const fpga::Target& target,
                             const Console& console);

}  // namespace assay
