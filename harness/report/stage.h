// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"
#include "harness/report/recorded.h"
#include "harness/report/stimuli.h"
#include "harness/report/streamline.h"

/// The flow's reports.
namespace assay::report {

/// All that a run's results depend on; with the last four, all that a stage's depend on.
struct Inputs {
  Program assay;
  Model model;
  Data data;
  Preprocess preprocess;
  std::int64_t topk = 1;
  std::optional<std::vector<File>> recorded;
  std::optional<Named<OptionValue>> options;
  std::optional<std::string> previous_sha256, reference_sha256;
  void fields(Fields& f);
  friend bool operator==(const Inputs&, const Inputs&) = default;
};

/// What came of a comparison; in a stage's report and in that of `assay compare`.
struct Comparison {
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t images = 0, predicted = 0, compared = 0, differing = 0;
  Canaries canaries;
  std::vector<Checkpoint> checkpoints;
  std::vector<std::string> unexpected;
  std::optional<Difference> first_difference;
  void fields(Fields& f);
};

/// What an approximate stage did to the results.
struct Effect {
  std::int64_t activations = 0, changed = 0, labels = 0, labels_changed = 0;
  std::optional<Accuracy> accuracy_before, accuracy_after;
  void fields(Fields& f);
};

/// reports/NN_name.json
struct Stage {
  static constexpr std::string_view kSchema = "assay.stage/1";
  std::string stage, file, sha256, contract;
  std::vector<std::string> passes;
  Inputs inputs;
  std::string reference;
  Comparison check;
  std::optional<Effect> effect;
  std::optional<StageStreamline> streamline;
  Accuracies accuracy;
  std::optional<FloatReference> float_reference;
  std::optional<Recorded> recorded;
  std::optional<Stimuli> stimuli;       ///< at the import stage
  std::optional<std::string> checksum;  ///< checksum.h
  void fields(Fields& f);
};

/// A stage in the report of its run.
struct StageSummary {
  std::string stage, file, sha256, contract;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t images = 0, predicted = 0, compared = 0, differing = 0;
  Canaries canaries;
  std::optional<Difference> first_difference;
  Accuracies accuracy;
  std::string reference;
  std::optional<Effect> effect;
  std::int64_t checkpoints = 0;
  void fields(Fields& f);
};
StageSummary summary_of(const Stage& stage);

/// reports/timing.json
struct Timing {
  static constexpr std::string_view kSchema = "assay.timing/1";
  struct Stage {
    std::string stage;
    bool resumed = false;
    double seconds = 0;
    void fields(Fields& f);
  };
  std::vector<Stage> stages;
  std::optional<std::vector<Stage>> steps;  ///< what else was done, by name
  void fields(Fields& f);
};

}  // namespace assay::report
