// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "compile/netlist/netlist.h"
#include "harness/bits/built_design.h"
#include "harness/board/host.h"
#include "sim/bench/serial.h"

namespace assay {

/// A host's time for an answer of such a board in seconds: a slow line is simulated slower still.
inline constexpr double kBuiltPatience = 3600;

/// Where a board's design hears and speaks.
struct BoardPads {
  netlist::Net receive, send;
};
/// Its pads are kShellClock, kShellReceive and kShellSend. UserError where one is missing, or there is
/// another.
BoardPads board_pads(const netlist::Netlist& netlist);

/// Cycles of a bit on the line of a board's build. UserError for a part's build, which has none.
int board_clocks_per_bit(const report::Build& build);

/// A board's design, from a netlist. It is simulated in several lanes, which wake up with other values in
/// what has no initial one: step() throws std::runtime_error when they do not say the same. UserError as
/// board_pads().
std::unique_ptr<sim::SerialDevice> serial_netlist(netlist::Netlist netlist, std::uint64_t seed);

/// Whether a build is a board's: the accelerator in its shell.
bool is_in_shell(const report::Build& build);

/// A board's build behind a serial line at the rate that it was built for. UserError for a part's build,
/// which has none.
std::unique_ptr<board::SimulatedBoard> simulated_board(const BuiltDesign& built,
                                                       std::uint64_t seed);

/// For HostOptions::simulator: what was built for a target. UserError as of read_built() and simulated_board().
BoardSimulator simulate_built(const std::string& target, BitsLevel level, std::uint64_t seed);

}  // namespace assay
