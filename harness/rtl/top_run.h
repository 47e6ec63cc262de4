// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compile/backend/verilog/stitch.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "harness/rtl/memory_check.h"
#include "harness/rtl/node_run.h"
#include "harness/rtl/rtl_folder.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/sim_run.h"
#include "sim/token/token_model.h"

namespace assay {

/// A dataflow partition as one design, ready for simulation. Monitor i is stream i of the design.
struct PreparedTop : SimSubject {
  std::int64_t partition = 0;
  StitchedRtl rtl;
  std::vector<MemoryCheck> memories;  ///< per node

  /// The node with the largest formula, the first of several.
  const StitchedNode& slowest() const;
};

/// The only accelerator of a run's last stage. UserError where there are several, or none; `what` holds one: "a
/// board".
DataflowPartition only_accelerator(const Graph& graph, std::string_view what);

/// Stitches a partition. `module`: an identifier.
PreparedTop prepare_top(const DataflowPartition& partition, const std::string& module);

/// Every partition of a session's graph with its RTL and memories in rtl/top, or rtl/top_INDEX where
/// there are several, and golden's beats of the session's images. UserError when there is none.
std::vector<PreparedTop> prepare_tops(const RtlSession& session, RtlFolder& rtl,
                                      const Console& console);

/// What the streams of a design carry in one frame; nothing where it is the same in every frame and the
/// design has it.
struct TopFrame {
  std::vector<sim::Tokens> inputs, outputs, monitors;
};
/// `values` gives golden's integers of a tensor.
TopFrame top_frame(const PreparedTop& top,
                   const std::function<std::vector<std::int64_t>(const Tensor*)>& values);
/// Adds a frame to what the streams carry.
void add_frame(PreparedTop& top, const TopFrame& frame);

/// What a run says about time; only under profile "always", and only when it ended.
struct TopTiming {
  std::int64_t first_frame = 0;  ///< cycles from the release of the reset to its last beat
  std::int64_t interval = 0;     ///< between the last beats of the last two frames
  bool steady = false;           ///< as between the two before
};
std::optional<TopTiming> timing(const SimRun& run);

/// DIFFERENT for a wrong beat on any stream, a broken rule, a deadlock, or frames that follow each
/// other faster than the slowest layer's formula allows; EQUIVALENT only when every predicted beat
/// of every stream was compared; else INCONCLUSIVE.
Judgement judge_run(const PreparedTop& top, const SimRun& run);

/// The design for the token model: nodes and streams keep their places.
sim::TokenNetwork token_network(const StitchedRtl& rtl);

/// The streams whose cycles in a run were held against the token model's. `first`: what differs
/// first, as far as it is known.
using TokenCheck = report::Tally;
/// Whether every beat of every stream was offered and taken in the cycle that the token model says.
/// For a complete run under profile "always"; `first` is the first stream in the order of the flow.
TokenCheck check_tokens(const PreparedTop& top, const SimRun& run);
/// Of such a run's stamps the earliest that is another than the token model's: "stream 'x' from 'a'
/// to 'b', frame 0, beat 5: offered in cycle 9 and taken in 11; the token model: in 9 and 10".
/// Empty when all are the same.
std::string first_other_cycle(const PreparedTop& top, const sim::Result& stamped);

/// "stream 'x' from 'Conv_0' to 'Pool_1', image 3, beat 17, lane 2, cycle 4711: expected 5, got 4".
std::string mismatch_text(const PreparedTop& top, const sim::Mismatch& mismatch,
                          std::int64_t first_image, std::int64_t images);

/// For a run that got stuck: "DEADLOCK: 'a' waits for 'b' to take 'x'; ...; enlarge FIFO 'f'".
std::string standstill_text(const PreparedTop& top, const sim::Result& result);

/// "'Conv_0'", or "the edge".
std::string end_text(const StitchedRtl& rtl, const std::optional<std::size_t>& node);
bool is_fifo(const StitchedNode& node);

}  // namespace assay
