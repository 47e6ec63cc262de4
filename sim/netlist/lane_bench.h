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

/// The wires of a stream in a netlist, as a simulator of it has them (its netlist() is simplified).
/// TLAST, where there is one, is the topmost of the data, as in Tokens.
struct LaneStream {
  std::string name;  ///< for people, and in results
  netlist::Net valid = 0, ready = 0;
  std::vector<netlist::Net> data;  ///< data[0] is the least significant
};

/// Names of a stream's wires, as ports or names of a netlist have them.
struct LaneStreamNames {
  std::string valid, ready, data;
  std::string last;  ///< empty: there is none
};
/// Nothing where one of them is gone.
std::optional<LaneStream> find_stream(const netlist::Netlist& netlist, const std::string& name,
                                      const LaneStreamNames& wires);

/// What all lanes do.
struct LaneJob {
  netlist::Net reset_n = 0;                           ///< an input, active low
  std::vector<LaneStream> inputs, outputs, monitors;  ///< monitors are only watched
  /// The beats of a stream, frame after frame, as in a simulation of RTL; outputs and monitors:
  /// what is expected.
  std::vector<Tokens> input_beats, output_beats, monitor_beats;
  std::int64_t frames = 1;  ///< in all; each runs in one lane
  /// Where frames are few, the first lanes have so many, one behind the other, and the others one: what
  /// a frame leaves behind shows in the next ones.
  std::int64_t in_a_row = 1;
  /// Per lane how source and sink behave, drawn from `seed` and the lane's number.
  std::function<Profile(int lane)> profile = [](int) { return Profile::kAlways; };
  /// Lanes for which it holds are reset at a random time once more and start again.
  std::function<bool(int lane)> resets = [](int) { return false; };
  std::uint64_t seed = 1;
  /// Cycles in which no beat of a lane moves until it, and so the run, is stuck; it may take twice
  /// as many.
  std::int64_t patience = 100000;
};

struct LaneMismatch {
  std::string stream;
  bool monitor = false;
  std::int64_t frame = 0, beat = 0, cycle = 0;  ///< the frame of all, the beat within it
  int lane = 0;
  std::vector<std::uint8_t> expected, got;
};

struct LaneStreamCounts {
  std::int64_t predicted = 0;  ///< beats: frames times beats of a frame, before anything ran
  std::int64_t compared = 0;   ///< each behind the last reset of its lane
  std::int64_t differing = 0;  ///< also before resets
  /// Sums, so that the order of beats does not matter, over what was compared: digest_beat() of
  /// every beat as it came, and of the places that differ. The index is frame * beats + beat.
  std::uint64_t digest = 0, differing_digest = 0;
  friend bool operator==(const LaneStreamCounts&, const LaneStreamCounts&) = default;
};

struct LaneResult {
  std::vector<LaneStreamCounts> outputs, monitors;
  /// The earliest cycle; in one cycle monitors before outputs, then the lowest lane.
  std::optional<LaneMismatch> first;
  std::vector<Violation> violations;  ///< the first of each rule and stream, as in bench.h
  std::string stuck;                  ///< who waits for what; empty: every lane ended
  std::int64_t resets = 0;            ///< in the middle of frames
  std::int64_t cycles = 0;            ///< clock edges simulated, resets included
  std::int64_t lane_cycles = 0;       ///< over all lanes until each was done
};

/// What LaneStreamCounts::digest is where every beat comes as expected, formed from the expectation
/// alone.
std::uint64_t expected_digest(const Tokens& tokens, std::int64_t frames);

/// Told now and then how many frames came out, of all lanes and parts.
using LaneProgress = std::function<void(std::int64_t frames)>;

/// Streams frames through a netlist in all lanes of a simulator and compares every beat of every
/// output and monitor as it moves, and the rules of the handshake per lane. A lane that has taken a
/// frame takes the next one that is left for it; it is done when all its beats have come, and some
/// more cycles have to show no extra one. The run ends at once when a lane is stuck. UserError where a
/// stream's nets are not simulated, not inputs where they have to be, or not as wide as its beats.
LaneResult run_lanes(NetlistSimulator& simulator, const LaneJob& job,
                     const LaneProgress& progress = {});

/// How a job is spread over simulators. Lane l of part p is lane `lanes * p + l`.
struct LaneSplit {
  int lanes = 256;  ///< of a simulator
  int parts = 2;    ///< simulators, each of which has a stretch of the frames
  int threads = 2;  ///< that run at a time; the result does not depend on it
};

/// run_lanes() in several simulators at a time, counts and digests added up. The streams' nets are
/// those of the simplified netlist.
LaneResult run_lanes_parallel(const netlist::Netlist& netlist, const LaneJob& job,
                              const LaneSplit& split, const LaneProgress& progress = {});

}  // namespace assay::sim
