// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/netlist/lane_bench.h"

namespace assay::sim {

/// What one simulator of several does: its first lane among all, and its frames.
struct LaneStretch {
  int lane = 0;
  std::int64_t first = 0, frames = 0;
};

/// UserError as run_lanes() says.
void check_job(const NetlistSimulator& simulator, const LaneJob& job);
/// A checked job.
LaneResult run_stretch(NetlistSimulator& simulator, const LaneJob& job, const LaneStretch& stretch,
                       const LaneProgress& progress);

}  // namespace assay::sim
