// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/console.h"
#include "harness/report/rtl.h"
#include "harness/rtl/node_run.h"
#include "harness/rtl/rtl_folder.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/sim_run.h"
#include "harness/rtl/simulation_options.h"

/// What the levels that simulate, rtl-node and rtl-top, do alike.
namespace assay {

/// The simulations of a design, and what they amount to.
struct Simulations {
  sim::Model model;
  std::vector<SimRun> runs;  ///< one per profile
  std::vector<SimRun> canaries;
  Judgement judgement;
};

/// A call of a level.
class RtlLevel {
 public:
  /// `name`: "rtl-node". All must outlive it.
  RtlLevel(std::string_view name, const SimulationOptions& options, const Console& console);

  /// Takes the report of an earlier call away: until the end there is no verdict. `whole`: not only
  /// some nodes of many, which leave no report.
  void begin(bool whole);

  /// A run under each profile, one with faults in what every stream should carry and one in which
  /// every stream breaks the rules. `name`: the design's; `frames`: that its streams carry.
  void plan_runs(const SimSubject& design, Simulations& simulations, const std::string& name,
                 std::int64_t frames) const;

  struct Design {
    const SimSubject* subject;
    Simulations* simulations;
  };
  /// Builds the models and does the runs, the first designs first.
  void simulate(const std::vector<Design>& designs);

  /// Does a run again with a waveform around its first mismatch, or else of `otherwise`. `what`:
  /// "node 'conv'".
  void write_wave(const SimSubject& subject, const SimRun& run, const std::string& what,
                  const sim::WaveWindow& otherwise) const;

  /// The command that repeats a run. `choice`: " --nodes conv", or nothing; `wave`: the waveform's
  /// name.
  std::string replay_command(const SimRun& run, const std::string& choice,
                             const std::string& wave) const;

  /// What came of a run of a PreparedNode or PreparedTop.
  template <typename Prepared>
  report::RtlOutcome outcome(const Prepared& design, const SimRun& run,
                             const std::string& replay) const {
    report::RtlOutcome outcome = outcome_report(design, run, judge_run(design, run));
    if (run.result.first)
      outcome.first_mismatch = report::Mismatch{
          mismatch_text(design, *run.result.first, session.images.first, session.image_count),
          replay};
    return outcome;
  }

  /// The report's last line for people. `what`: "5 nodes, ", or nothing.
  std::string totals_text(const report::RtlHead& head, const std::string& what) const;

  /// What a report of the level begins with; verdict and counts are left to the caller.
  report::RtlHead report_head() const;

  /// Writes the verdict into the RTL's manifest, and the report, and says that the level is done.
  void finish(const report::RtlHead& head, const AnyRecord& report) const;

 private:
  sim::Model model_of(const SimSubject& subject) const;
  void show_remarks(const std::vector<Design>& designs) const;
  static report::RtlOutcome outcome_report(const SimSubject& design, const SimRun& run,
                                           const Judgement& judgement);
  std::string report_file() const { return "reports/" + name_ + ".json"; }

  const std::string name_;
  bool whole_ = true;
  std::int64_t runs_ = 0, kept_ = 0;

 public:
  const SimulationOptions& options;
  const Console& console;
  const RtlSession session;
  RtlFolder rtl;
};

/// Cycles that a waveform shows beside what it is made for.
inline constexpr std::int64_t kWaveCycles = 1000;

/// What was read from memories other than the graph has it makes a design DIFFERENT. `where`: "its
/// memories".
void note_wrong_values(Judgement& judgement, const MemoryCheck& memories, const std::string& where);
/// What was not read from memories makes it INCONCLUSIVE.
void note_missing_values(Judgement& judgement, const MemoryCheck& memories,
                         const std::string& where);

/// A planted fault that was not noticed makes it INCONCLUSIVE.
void note_canaries(Judgement& judgement, const SimSubject& design, const std::vector<SimRun>& runs);

/// Fills in the verdict and the counts over a report's nodes or partitions.
template <typename Part>
void sum_up(report::RtlHead& head, const std::vector<Part>& parts) {
  head.verdict = Verdict::kEquivalent;
  for (const Part& part : parts) {
    head.verdict = worse(head.verdict, part.verdict);
    for (const auto& run : part.runs) {
      head.predicted += run.outcome.predicted;
      head.compared += run.outcome.compared;
      head.differing += run.outcome.differing;
    }
  }
}

/// Lines of "first: " and "replay: ".
std::string mismatch_lines(const report::Mismatch& mismatch);

/// Why a node or partition is not EQUIVALENT, and how to see it; empty where it is. `name`: "node
/// 'conv'".
template <typename Part>
std::string faults_text(const std::string& name, const Part& part) {
  if (part.verdict == Verdict::kEquivalent) return "";
  const std::string text = "\n" + name + ": " + part.reason + "\n";
  for (const auto& run : part.runs)
    if (run.outcome.first_mismatch) return text + mismatch_lines(*run.outcome.first_mismatch);
  return text;
}

}  // namespace assay
