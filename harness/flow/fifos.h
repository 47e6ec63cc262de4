// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "compile/passes/rewrite/pass_context.h"
#include "harness/report/console.h"
#include "harness/report/hardware.h"

namespace assay {

/// Sizes FIFOs on the token model and inserts them: the smallest depths that keep
/// PassOptions::fifo_interval. The nodes' own inFIFODepths and outFIFODepths count where they are not 0 (1: no FIFO). UserError
/// naming who waits for whom when given depths stop the accelerator. Contract: exact.
bool insert_sized_fifos(Graph& graph, PassContext& context);

/// The name of the step that fifo_report() is.
inline constexpr const char* kWhatIfs = "what-ifs of FIFOs";

/// "assay.fifos/1" of a graph with its FIFOs: the schedule of every partition and the proof that it
/// repeats, the depth and fill of every FIFO, and what if it were one beat smaller. `head`: the
/// program and the stage. The what-ifs, a simulation each, are taken from `earlier` where that is
/// sealed and of the same head, says of everything else what is found again, and two of its what-ifs
/// come out the same again; `kept` tells.
struct FifoReport {
  report::Fifos report;
  bool kept = false;
};
FifoReport fifo_report(const Graph& graph, report::Fifos head,
                       const std::optional<report::Fifos>& earlier, const Console& console);

}  // namespace assay
