// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/rtl.h"
#include "harness/report/stage.h"

namespace assay::report {

/// A level that a run was asked for behind its stages. INCONCLUSIVE until it has been done.
struct RunLevel {
  std::string level;                  ///< "rtl-top"; "netlist" or "bitstream" of a target
  std::optional<std::string> target;  ///< "ice40-hx8k"
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;

  std::string name() const;  ///< "rtl-top", "netlist of ice40-hx8k"
  /// Where its own report lies in the run's folder: "reports/netlist-ice40-hx8k.json".
  std::string report_file() const;
  void fields(Fields& f);
};

/// What the host computes behind the accelerator.
struct HostStep {
  std::string output;  ///< the network's, which this makes of what the accelerator puts out
  std::string node;    ///< "node 'prob' (Softmax)"
  void fields(Fields& f);
};

/// reports/run.json
struct Run {
  static constexpr std::string_view kSchema = "assay.run/2";
  Verdict verdict = Verdict::kInconclusive;
  std::string reason, model;
  std::optional<std::string> data, images;
  std::string preprocess;
  std::optional<std::string> until;
  Inputs inputs;
  std::vector<std::string> approximate;  ///< stages
  bool accuracy_means_nothing = false;
  std::optional<std::vector<HostStep>> host;  ///< where there is any
  std::vector<std::string> notes;
  std::vector<std::string> warnings;  ///< what the verdict does not say and a user must know
  std::vector<std::string> unseen;    ///< what the images cannot show
  std::optional<std::string> blind;   ///< why they show nothing
  std::optional<Recorded> recorded;
  std::vector<StageSummary> stages;
  std::vector<RunLevel> levels;  ///< that were asked for behind the stages, in their order
  /// SHA-256 of every file that the run speaks of, by its path in the folder.
  std::optional<Named<std::string>> files;
  std::optional<std::string> checksum;  ///< checksum.h
  std::optional<RtlTop> rtl_top;        ///< only of `assay run --json`

  /// The verdict over the stages alone: APPROXIMATE where one of them is, INCONCLUSIVE on images
  /// that show nothing.
  Verdict stages_verdict() const;
  /// The last stage's reason, and what approximate stages did: a run with one is no plain pass.
  std::string stages_reason() const;
  /// Sets verdict and reason: those of the stages, or of the first level that does not hold.
  void conclude();
  void fields(Fields& f);
};

/// `assay show DIR`
struct ShowRun {
  static constexpr std::string_view kSchema = "assay.show-run/1";
  /// A level that was simulated.
  struct Level {
    std::string level, stage;
    Verdict verdict = Verdict::kInconclusive;
    std::int64_t predicted = 0, compared = 0, differing = 0;
    std::optional<std::string> proof;  ///< of a bitstream: Proof::verdict
    void fields(Fields& f);
  };
  Verdict verdict = Verdict::kInconclusive;  ///< over run, faults and levels
  std::string reason;
  std::int64_t checked = 0;  ///< files whose hashes were looked at
  Run run;
  std::optional<Timing> timing;
  std::vector<std::string> faults;  ///< why the verdict no longer holds
  std::vector<std::string> absent;  ///< model and images that are no longer there
  std::vector<Level> levels;
  void fields(Fields& f);
};

}  // namespace assay::report
