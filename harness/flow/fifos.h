// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_report.h"
#include "harness/report/hardware.h"

namespace assay {

struct FifoOptions {
  /// Cycles per frame that FIFOs must allow; 0: those of the slowest layer.
  std::int64_t interval = 0;
};

/// Sizes FIFOs on the token model and inserts them: the smallest depths that keep the interval. The
/// nodes' own inFIFODepths and outFIFODepths count where they are not 0 (1: no FIFO). UserError
/// naming who waits for whom when given depths stop the accelerator. Contract: exact.
bool insert_sized_fifos(Graph& graph, const FifoOptions& options, PassReport& report);

/// "assay.fifos/1" of a graph with its FIFOs: the schedule of every partition and the proof that it
/// repeats, the depth and fill of every FIFO, and what if it were one beat smaller.
report::Fifos fifo_report(const Graph& graph);

}  // namespace assay
