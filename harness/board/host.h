// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "harness/board/board_design.h"
#include "harness/board/simulated_board.h"
#include "harness/report/console.h"
#include "harness/report/host.h"
#include "harness/rtl/rtl_session.h"
#include "harness/run/images.h"

namespace assay {

/// Puts a board's design into a simulator.
using BoardSimulator =
    std::function<std::unique_ptr<board::SimulatedBoard>(const board::BoardDesign& design)>;

struct HostOptions {
  std::filesystem::path dir;  ///< of a finished run
  ImageChoice images;         ///< by default all of the run's; kVerifiedImages for a simulation
  std::string port;           ///< of a board
  int baud = 115200;
  double patience = 2;  ///< seconds without a word from the board until something got lost
  // Instead of a port:
  std::string simulated;  ///< "rtl", "netlist", "bitstream": what `simulator` simulates
  BoardSimulator simulator;
  std::filesystem::path cache;  ///< of built models; empty: the user's own
};

struct HostResult {
  report::Host report;
  std::string table;  ///< for people
};

/// Streams images through a board, or a simulated one, and compares every result with golden, bit by
/// bit. DIFFERENT for a wrong one, and for a simulated board that talks without end; EQUIVALENT only when
/// every image's came and is right; INCONCLUSIVE when the board is silent, talks without end, is built from
/// other RTL than the run's, or falls out on the way. UserError as of RtlSession and BoardDesign, and for a
/// port that is none; NotEquivalentError as of RtlSession; ToolError when a simulation fails.
HostResult host(const HostOptions& options, const Console& console);
/// The same in a session that is open already, whose run and images are taken.
HostResult host(const RtlSession& session, const HostOptions& options, const Console& console);

/// The simulator "rtl": the shell with the accelerator, in Verilator.
std::unique_ptr<board::SimulatedBoard> simulate_rtl(const board::BoardDesign& design);

}  // namespace assay
