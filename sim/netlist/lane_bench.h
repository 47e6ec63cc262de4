// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/bench/bench.h"
#include "sim/netlist/simulator.h"

namespace assay::sim {

/// The wires of a stream in a netlist. Data above TLAST: `last`, kZero where there is none.
struct LaneStream {
  std::string name;  ///< for people
  netlist::Net valid = 0, ready = 0;
  std::vector<netlist::Net> data;  ///< bits[0] is the least significant
};

/// What all lanes do.
struct LaneJob {
  netlist::Net reset_n = 0;                           ///< an input, active low
  std::vector<LaneStream> inputs, outputs, monitors;  ///< monitors are only watched
  /// The beats of a stream, frame after frame, as in a simulation of RTL; outputs and monitors: what
  /// is expected.
  std::vector<Tokens> input_beats, output_beats, monitor_beats;
  std::int64_t frames = 1;  ///< in all, spread over the lanes in stretches, each frame in one lane
  /// Per lane how source and sink behave, drawn from `seed` and the lane's number.
  std::function<Profile(int lane)> profile;
  /// Lanes for which it holds are reset at a random time once more and start again.
  std::function<bool(int lane)> resets;
  std::uint64_t seed = 1;
  std::int64_t patience = 100000;  ///< cycles without a beat anywhere until the run is stuck
};

struct LaneMismatch {
  std::string stream;
  bool monitor = false;
  std::int64_t frame = 0, beat = 0, cycle = 0;  ///< the frame of all, the beat within it
  int lane = 0;
  std::vector<std::uint8_t> expected, got;
};

struct LaneStreamCounts {
  std::int64_t predicted = 0, compared = 0, differing = 0;  ///< beats
  std::uint64_t digest = 0;  ///< over lanes of digest_beat() of every compared beat
};

struct LaneResult {
  std::vector<LaneStreamCounts> outputs, monitors;
  std::optional<LaneMismatch> first;  ///< the earliest cycle, then the lowest stream and lane
  std::vector<Violation> violations;  ///< the first of each rule and stream, as in bench.h
  std::string stuck;                  ///< who waits for what; empty: every lane ended
  std::int64_t cycles = 0;            ///< clock edges simulated, resets included
  std::int64_t lane_cycles = 0;       ///< over all lanes until each was done
};

/// Streams frames through a netlist in all lanes of a simulator and compares every beat of every
/// output and monitor as it moves. Frames are spread evenly; a lane is done when all beats it should
/// give have come, and some more cycles have shown no extra one.
LaneResult run_lanes(NetlistSimulator& simulator, const LaneJob& job);

}  // namespace assay::sim
