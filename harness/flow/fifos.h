// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"
#include "harness/report/hardware.h"

namespace assay {

/// Sizes FIFOs on the token model and inserts them: the smallest depths that keep
/// PassOptions::fifo_interval. The nodes' own inFIFODepths and outFIFODepths count where they are not 0 (1: no FIFO). UserError
/// naming who waits for whom when given depths stop the accelerator. Contract: exact.
bool insert_sized_fifos(Graph& graph, PassContext& context);

/// "assay.fifos/1" of a graph with its FIFOs: the schedule of every partition and the proof that it
/// repeats, the depth and fill of every FIFO, and what if it were one beat smaller.
report::Fifos fifo_report(const Graph& graph);

}  // namespace assay
