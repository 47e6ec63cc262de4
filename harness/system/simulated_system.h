// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/fpga/parts.h"
#include "compile/backend/verilog/movers.h"
#include "harness/report/console.h"
#include "harness/report/system.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/top_run.h"
#include "sim/model/axi_session.h"

namespace assay {

/// A run's accelerator behind its data movers, simulated with a memory: its RTL, or a netlist of it.
class SimulatedSystem {
 public:
  /// UserError unless the run has one accelerator whose RTL lies in its folder as it was verified at level
  /// rtl-top (board::content_hash()), and as with_movers(). The session must outlive it.
  SimulatedSystem(const RtlSession& session, MoverChoice choice, std::uint64_t seed);
  /// As cells of a part. Errors as above and of system_netlist().
  SimulatedSystem(const RtlSession& session, MoverChoice choice, std::uint64_t seed,
                  const fpga::Target& part, const Console& console);

  const PreparedTop& top() const { return top_; }
  /// Of the accelerator's inputs, then of its outputs, in the order of their ports.
  const std::vector<DataMover>& movers() const { return rtl_.movers; }
  sim::AxiSession& host() { return *host_; }
  /// What is simulated; none: the RTL.
  const std::optional<report::System::Netlist>& netlist() const { return netlist_; }

  /// What a port carries in one frame, as tdata, beat after beat, without TLAST.
  std::string beats(const TopFrame& frame, std::size_t mover) const;

 private:
  SimulatedSystem(const RtlSession& session, MoverChoice choice);

  PreparedTop top_;
  MoversRtl rtl_;
  std::optional<report::System::Netlist> netlist_;
  std::unique_ptr<sim::AxiSession> host_;
};

}  // namespace assay
