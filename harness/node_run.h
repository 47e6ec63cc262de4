// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "harness/json.h"
#include "harness/memory_check.h"
#include "harness/node_model.h"
#include "harness/run_dir.h"
#include "harness/verdict.h"

namespace assay {

/// A hardware node ready for simulation.
struct PreparedNode {
  const Node* node = nullptr;
  std::string folder;  ///< in the run's folder: "rtl/mvau_0"
  NodeRtl rtl;
  sim::ModelSpec spec;
  std::vector<sim::Tokens> inputs, outputs;  ///< the images' frames
  std::string content;                       ///< hash of memories and beats
  MemoryCheck memories;
};

/// One simulation of a node.
struct NodeRun {
  sim::Profile profile = sim::Profile::kAlways;
  std::uint64_t seed = 1;
  std::int64_t frames = 1;
  std::int64_t predicted = 0;  ///< beats, from the tensors' shapes
  bool canary = false;         ///< a bit of an expected beat is changed
  sim::Result result;
  bool kept = false;  ///< an earlier run with equal contents
};

/// Where a planted fault lies: a bit of a beat of output 0.
struct PlantedFault {
  std::int64_t beat = 0;
  int bit = 0;
};

/// Runs of a node in a folder, kept by content.
class NodeRunner {
 public:
  /// All must outlive it.
  NodeRunner(const RunDir& dir, sim::ModelCache& cache) : dir_(dir), cache_(cache) {}
  /// Fills run.result. Thread-safe for different runs.
  void run(const PreparedNode& node, const sim::Model& model, NodeRun& run) const;
  /// The same run again with a waveform.
  void trace(const PreparedNode& node, const NodeRun& run, const std::filesystem::path& wave,
             sim::WaveWindow window) const;
  /// What a canary changes.
  static PlantedFault fault(const PreparedNode& node, const NodeRun& run);

 private:
  std::string key(const PreparedNode& node, const sim::Model& model, const NodeRun& run) const;
  sim::Result simulate(const PreparedNode& node, const sim::Model& model, const NodeRun& run,
                       const std::string& name, const sim::JobFile& base) const;
  const RunDir& dir_;
  sim::ModelCache& cache_;
};

struct NodeJudgement {
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;  ///< one sentence, also for EQUIVALENT
};

/// DIFFERENT for a wrong beat, a broken rule, a stuck run, cycles other than the formula's or a
/// wrong memory; EQUIVALENT only when all predicted beats were compared, more than none; else
/// INCONCLUSIVE.
NodeJudgement judge_run(const PreparedNode& node, const NodeRun& run);
/// Whether a canary's run reports exactly what was planted.
bool caught(const PreparedNode& node, const NodeRun& run);
/// Cycles between the ends of the last two frames; nothing for other profiles than "always".
std::optional<std::int64_t> measured_cycles(const NodeRun& run);
/// "image 3, beat 17, lane 2, cycle 4711: expected 5, got 4 (value)".
std::string mismatch_text(const PreparedNode& node, const sim::Mismatch& mismatch,
                          std::int64_t first_image, std::int64_t images);

}  // namespace assay
