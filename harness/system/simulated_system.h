// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compile/backend/verilog/movers.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/top_run.h"
#include "sim/model/axi_session.h"

namespace assay {

/// A run's accelerator behind its data movers, simulated with a memory.
class SimulatedSystem {
 public:
  /// UserError unless the run has one accelerator whose RTL lies in its folder as it was verified at level
  /// rtl-top (board::content_hash()), and as with_movers(). The session must outlive it.
  SimulatedSystem(const RtlSession& session, MoverChoice choice, std::uint64_t seed);

  const PreparedTop& top() const { return top_; }
  /// Of the accelerator's inputs, then of its outputs, in the order of their ports.
  const std::vector<DataMover>& movers() const { return rtl_.movers; }
  sim::AxiSession& host() { return *host_; }

  /// What a port carries in one frame, as tdata, beat after beat, without TLAST.
  std::string beats(const TopFrame& frame, std::size_t mover) const;

 private:
  PreparedTop top_;
  MoversRtl rtl_;
  std::unique_ptr<sim::AxiSession> host_;
};

}  // namespace assay
