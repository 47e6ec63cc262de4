// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Drives a design over AXI4-Stream and watches it. This file and bench.cc use nothing but the
/// standard library: they are compiled into every simulation program.
namespace assay::sim {

/// A port of a design under test. Data are little-endian bytes, ceil(bits / 8) of them, the bits
/// above `bits` zero.
struct PortPins {
  std::uint8_t* valid = nullptr;
  std::uint8_t* ready = nullptr;
  std::uint8_t* data = nullptr;
  int bits = 1;
  std::size_t bytes() const { return static_cast<std::size_t>(bits + 7) / 8; }
};

/// A design with one clock. Inputs are written through the pins, eval() settles the outputs.
class Dut {
 public:
  virtual ~Dut() = default;
  virtual void eval() = 0;
  /// Writes the present values to the waveform, if one is open.
  virtual void dump(std::uint64_t /*time*/) {}
  std::uint8_t *clk = nullptr, *rst_n = nullptr;
  std::vector<PortPins> inputs, outputs;
  std::vector<PortPins> monitors;  ///< streams inside, which are only watched
};

/// How source and sink behave.
enum class Profile : std::uint8_t {
  kAlways,           ///< valid and ready in every cycle
  kBernoulli,        ///< each with a chance of one half per cycle
  kBursts,           ///< each on and off for random stretches of up to 63 cycles
  kReadyAfterValid,  ///< ready only where valid was seen before
  kReadyPulse,       ///< ready for single cycles, whatever valid does
  kStarved,          ///< the source offers a beat in one of 16 cycles
};
inline constexpr int kProfiles = 6;
std::string_view profile_name(Profile profile);  ///< "always", "ready-after-valid", ...
std::optional<Profile> parse_profile(std::string_view name);

/// The beats of a stream, frame after frame.
struct Tokens {
  int bits = 1;
  std::int64_t beats = 1;           ///< per frame
  std::vector<std::uint8_t> bytes;  ///< ceil(bits / 8) per beat; where they end they start again
  bool last = false;                ///< the topmost bit is TLAST
  std::size_t stride() const { return static_cast<std::size_t>(bits + 7) / 8; }
  const std::uint8_t* beat(std::int64_t index) const;
};

/// When a beat was first offered (valid) and when it was taken (valid and ready): cycles from the
/// release of the reset on; -1: never.
struct Stamp {
  std::int64_t offered = -1, taken = -1;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// Takes one more stamp into a hash of stamps.
inline std::uint64_t hash_stamp(std::uint64_t hash, const Stamp& stamp) {
  for (const std::int64_t cycle : {stamp.offered, stamp.taken})
    hash = (hash ^ static_cast<std::uint64_t>(cycle)) * 0x100000001b3U + 0x9e3779b97f4a7c15U;
  return hash;
}

/// Takes a beat, or with no bytes its place alone, into a digest: FNV-1a of 64 bits over the index,
/// least significant byte first, and the bytes, beginning with kNoBeats.
inline constexpr std::uint64_t kNoBeats = 0xcbf29ce484222325U;
inline std::uint64_t digest_beat(std::uint64_t digest, std::int64_t index, const std::uint8_t* data,
                                 std::size_t bytes) {
  constexpr std::uint64_t kPrime = 0x100000001b3U;
  for (int shift = 0; shift < 64; shift += 8)
    digest = (digest ^ (static_cast<std::uint64_t>(index) >> shift & 0xffU)) * kPrime;
  for (std::size_t i = 0; i < bytes; ++i) digest = (digest ^ data[i]) * kPrime;
  return digest;
}

/// Two monitored streams, in front of and behind a queue.
struct Gauge {
  std::size_t in = 0, out = 0;
};

struct Job {
  std::int64_t frames = 1;
  std::vector<Tokens> inputs, outputs;  ///< outputs: what is expected
  std::vector<Tokens> monitors;         ///< what is expected inside
  std::vector<Gauge> gauges;
  Profile profile = Profile::kAlways;
  std::uint64_t seed = 1;
  int resets = 0;  ///< in the middle of frames; everything starts again after each
  /// Without a beat on any stream for so many cycles the run is stuck.
  std::int64_t patience = 10000;
  bool collect = false;  ///< keep what the outputs gave behind the last reset
  bool stamps = false;   ///< keep when every beat moved behind the last reset
};

/// What a run broke besides values.
struct Violation {
  std::string rule;    ///< "valid-withdrawn", "data-changed", "valid-waits-for-ready", "extra-beat"
  std::string stream;  ///< "out0", "mon7"
  std::int64_t cycle = 0;
};

struct Mismatch {
  int output = 0;
  bool monitor = false;                         ///< `output` counts monitors
  std::int64_t frame = 0, beat = 0, cycle = 0;  ///< beat: within the frame
  std::vector<std::uint8_t> expected, got;
  /// What the next beats say: "value", "dropped", "duplicated", "swapped", "early-last".
  std::string fault = "value";
};

/// What was seen of an output or a stream inside, behind the last reset unless it says otherwise.
struct StreamCounts {
  std::int64_t predicted = 0, compared = 0;
  std::int64_t differing = 0;  ///< also before resets
  /// Cycles up to the last beat of all outputs in which a beat waited (valid and not ready), and in
  /// which one was waited for (ready and not valid) that was still to come.
  std::int64_t stalls = 0, starves = 0;
  std::int64_t first = -1, last = -1;         ///< the cycles of the first and the last beat
  bool valid = false, ready = false;          ///< in the last cycle
  std::uint64_t stamp_hash = 0;               ///< of the beats that were taken, see hash_stamp
  std::uint64_t digest = kNoBeats;            ///< of what was compared: every beat as it came
  std::uint64_t differing_digest = kNoBeats;  ///< of the places that differ
  friend bool operator==(const StreamCounts&, const StreamCounts&) = default;
};

struct Result {
  std::int64_t predicted = 0;              ///< beats of all outputs
  std::int64_t compared = 0;               ///< behind the last reset
  std::int64_t compared_before_reset = 0;  ///< in frames that a reset cut off
  std::int64_t differing = 0;              ///< of both
  /// The earliest, also of what came before a reset; in one cycle a monitor's before an output's.
  std::optional<Mismatch> first;
  std::vector<Violation> violations;     ///< the first of each rule and stream
  std::string stuck;                     ///< who waits for what; empty: the run ended
  std::int64_t cycles = 0;               ///< behind the last reset, up to the last beat
  std::int64_t first_beat = -1;          ///< the cycle of the first output beat
  std::vector<std::int64_t> frame_ends;  ///< the cycle of the last output beat of every frame
  std::int64_t total_cycles = 0;         ///< simulated in all
  std::vector<std::vector<std::uint8_t>> collected;  ///< per output, on request
  /// Per input, output and monitor on request; a beat that was offered and not taken is the last.
  std::vector<std::vector<Stamp>> input_stamps, output_stamps, monitor_stamps;
  std::vector<StreamCounts> outputs, monitors;
  std::vector<std::int64_t> high_water;  ///< per gauge: the most beats that were inside
};

/// Which cycles a waveform shows, counted from the start of the simulation.
struct WaveWindow {
  std::int64_t from = 0, cycles = 0;
};

/// Runs a job. The design starts in any state; the bench resets it.
Result run_bench(Dut& dut, const Job& job, WaveWindow wave = {});

}  // namespace assay::sim
