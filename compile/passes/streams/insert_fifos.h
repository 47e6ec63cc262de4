// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

/// Depths by the name of the tensor that a stream's reader sees.
using FifoDepths = std::map<std::string, std::int64_t, std::less<>>;

/// Puts a StreamingFIFO of the depth wanted on streams between two layers of a partition; those
/// without a depth get none. Every layer ends in a queue of two beats of its own. UserError for a
/// tensor that is no such stream and a depth that cannot be built. Contract: exact.
bool insert_fifos(Graph& graph, const FifoDepths& depths, PassReport& report);

/// Writes at every layer, except FIFOs and width converters, what FIFOs are at its streams: their
/// depths, or 1 for none.
void record_fifo_depths(Graph& graph);

}  // namespace assay
