// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/run/run_dir.h"
#include "sim/model/model.h"

namespace assay {

/// A design ready for simulation, with what golden says of its streams.
struct SimSubject {
  std::string folder;  ///< of its memory files, in the run's folder: "rtl/mvau_0"
  sim::ModelSpec spec;
  std::vector<sim::Tokens> inputs, outputs, monitors;  ///< the images' frames
  std::vector<sim::Gauge> gauges;
  std::int64_t patience = 0;  ///< see sim::Job
  std::string content;        ///< hash of memories and beats, see hash_content
};

/// Without a beat on any stream for so long a run is stuck: longer than any stall of a profile and
/// any gap of a layer. `cycles`: of the slowest layer.
std::int64_t patience_with(std::int64_t cycles);

/// Hashes the beats behind what `content` holds of the memories.
void hash_content(SimSubject& subject);

/// A bit of a beat that is changed in what a stream is expected to carry.
struct PlantedFault {
  bool monitor = false;    ///< `stream` counts monitors, not outputs
  std::size_t stream = 0;  ///< which one
  std::int64_t beat = 0;   ///< counted over all frames
  int bit = 0;
};

/// A fault in the first frames of a stream, drawn from a seed.
PlantedFault draw_fault(const SimSubject& subject, std::uint64_t seed, std::int64_t frames,
                        bool monitor, std::size_t stream);

/// One simulation.
struct SimRun {
  sim::Profile profile = sim::Profile::kAlways;
  std::uint64_t seed = 1;
  std::int64_t frames = 1;
  std::int64_t predicted = 0;  ///< beats of the outputs, from the tensors' shapes
  // A canary has one of these, which must be noticed:
  std::vector<PlantedFault> planted;
  bool breaks_rules = false;  ///< every rule of the handshake once on every stream
  sim::Result result;
  bool kept = false;      ///< an earlier run with equal contents
  std::string discarded;  ///< why a kept result was not taken; empty: it was, or there was none
  /// Why the result cannot be (see result_fault); nothing of it is left then. Empty: it can.
  std::string impossible;
};

/// The seed of one run, from the user's, so that no two of them share one.
std::uint64_t run_seed(std::uint64_t seed, const std::string& subject, std::string_view what);

/// The waveforms that a file's name asks for; UserError for other endings than .vcd and .fst.
sim::Trace trace_of(const std::filesystem::path& wave);

/// What a stream is expected to carry in a run, with the fault planted there.
sim::Tokens expected_tokens(const SimSubject& subject, const SimRun& run, bool monitor,
                            std::size_t stream);

/// Runs simulations in a run's folder and keeps their results by content, under a checksum that only
/// this user can make.
class SimRunner {
 public:
  /// All must outlive it.
  SimRunner(const RunDir& dir, sim::ModelCache& cache) : dir_(dir), cache_(cache) {}
  /// Fills run.result. Thread-safe for different runs.
  void run(const SimSubject& subject, const sim::Model& model, SimRun& run) const;
  /// The same run again, with the stamps of every beat.
  sim::Result stamped(const SimSubject& subject, const sim::Model& model, const SimRun& run) const;
  /// The same run again with a waveform.
  void trace(const SimSubject& subject, const SimRun& run, const std::filesystem::path& wave,
             sim::WaveWindow window) const;

 private:
  static std::string key(const SimSubject& subject, const sim::Model& model, const SimRun& run);
  bool take_kept(const SimSubject& subject, const std::string& name, SimRun& run) const;
  sim::Result simulate(const SimSubject& subject, const sim::Model& model, const SimRun& run,
                       const std::string& name, const sim::JobFile& base) const;
  const RunDir& dir_;
  sim::ModelCache& cache_;
};

/// Cycles between the ends of the last two frames; nothing for other profiles than "always".
std::optional<std::int64_t> measured_cycles(const SimRun& run);
/// "under profile bursts (seed 7)".
std::string under_text(const SimRun& run);

}  // namespace assay
