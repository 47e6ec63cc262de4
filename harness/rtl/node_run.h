// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/graph/graph.h"
#include "harness/report/verdict.h"
#include "harness/rtl/memory_check.h"
#include "harness/rtl/node_model.h"
#include "harness/rtl/sim_run.h"

namespace assay {

/// A hardware node ready for simulation.
struct PreparedNode : SimSubject {
  const Node* node = nullptr;
  NodeRtl rtl;
  MemoryCheck memories;
  std::int64_t directed = 0;  ///< frames behind the images', see directed.h
};

/// DIFFERENT for a wrong beat, a broken rule, a stuck run, cycles other than the formula's or a
/// wrong memory; EQUIVALENT only when all predicted beats were compared, more than none; else
/// INCONCLUSIVE.
Judgement judge_run(const PreparedNode& node, const SimRun& run);

/// "beat 17, lane 2, cycle 4711: expected 5, got 4 (wrong value)".
std::string beat_text(const sim::Packing& packing, const sim::Mismatch& mismatch);
/// "image 3, " or "directed frame 3, " and the beat.
std::string mismatch_text(const PreparedNode& node, const sim::Mismatch& mismatch,
                          std::int64_t first_image, std::int64_t images);

}  // namespace assay
