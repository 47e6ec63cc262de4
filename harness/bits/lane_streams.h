// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"
#include "harness/rtl/top_run.h"
#include "sim/netlist/lane_bench.h"

namespace assay {

/// Where the streams of a stitched design are in a netlist made of it.
struct LaneStreams {
  std::vector<sim::LaneStream> inputs, outputs;
  /// Per stream of the design; nothing where its wires did not keep their names.
  std::vector<std::optional<sim::LaneStream>> inside;
  netlist::Net reset_n = netlist::kZero;
};

/// By the names of ports and wires. UserError naming the port when one is missing, too narrow, of the
/// other direction, or one that the design does not have: then the netlist is of another design.
LaneStreams lane_streams(const StitchedRtl& rtl, const netlist::Netlist& netlist);

/// The job of a netlist that streams `frames` frames of what `top` holds. Streams inside that
/// kept no names are left out.
sim::LaneJob lane_job(const PreparedTop& top, const LaneStreams& streams, std::int64_t frames);

/// The streams of the design that a job's monitors are, in their order.
std::vector<std::size_t> watched(const LaneStreams& streams);

}  // namespace assay
